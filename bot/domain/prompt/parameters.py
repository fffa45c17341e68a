"""What a prompt asks for, as one value: the job keeps it, and `drawing` makes an engine's settings of it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any

from bot.domain.prompt.table import MAX_SEED as MAX_SEED


class Speed(StrEnum):
    FAST = "fast"
    RELAX = "relax"
    TURBO = "turbo"


class Visibility(StrEnum):
    PUBLIC = "public"
    STEALTH = "stealth"


@dataclass(frozen=True, slots=True)
class PromptPart:
    """One part of a multi-prompt. Weights are relative to each other; a negative one pushes away."""

    text: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class ImageLink:
    """A picture by its address; `weight` is relative to the others beside it."""

    url: str
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class StyleReference:
    """A style by the address of a picture or by its number as text."""

    source: str
    weight: float = 1.0

    @property
    def is_link(self) -> bool:
        return "://" in self.source


@dataclass(frozen=True, slots=True)
class GenerationParams:
    """What one prompt asks for.

    `text` holds the positive words without links and parameters, `negative` those of `--no` and of parts with
    negative weight, separated by commas; `parts` is empty unless the prompt has `::`. `aspect` is width to height;
    `quality` scales the number of steps; `stop` is a percentage of them. `stylize` None is the model's usual amount.
    `style_words` are what saved numbers among the style references said, weighed as these are.
    `personal` holds the words of the styles in `profiles`, with weights relative to the prompt's own.
    `model` empty is the studio's first; `speed` and `visibility` None are the member's own settings.
    """

    text: str
    seed: int
    negative: str = ""
    aspect: tuple[int, int] = (1, 1)
    quality: float = 1.0
    model: str = ""
    version: str = ""
    parts: tuple[PromptPart, ...] = ()
    chaos: int = 0
    stylize: int | None = None
    weird: int = 0
    experimental: int = 0
    stop: int = 100
    style: str = ""
    raw: bool = False
    tile: bool = False
    draft: bool = False
    hd: bool = False
    images: tuple[ImageLink, ...] = ()
    image_weight: float = 1.0
    style_references: tuple[StyleReference, ...] = ()
    style_words: tuple[PromptPart, ...] = ()
    style_weight: int = 100
    style_version: int | None = None
    character_references: tuple[str, ...] = ()
    character_weight: int = 100
    omni_reference: str = ""
    omni_weight: int = 100
    profiles: tuple[str, ...] = ()
    personal: tuple[PromptPart, ...] = ()
    video: bool = False
    motion: str = "low"
    loop: bool = False
    end_frame: str = ""
    video_count: int | None = None
    zoom: float | None = None
    speed: Speed | None = None
    visibility: Visibility | None = None


def load_params(stored: Mapping[str, Any]) -> GenerationParams:
    """Back from `dataclasses.asdict` and JSON.

    What an older version did not store takes its default; what a newer one added is left out.
    """
    known = {field.name: stored[field.name] for field in fields(GenerationParams) if field.name in stored}
    for name, read in _FROM_JSON.items():
        if known.get(name) is not None:
            known[name] = read(known[name])
    return GenerationParams(**known)


_FROM_JSON: Mapping[str, Any] = {
    "aspect": tuple,
    "parts": lambda parts: tuple(PromptPart(part["text"], part["weight"]) for part in parts),
    "images": lambda links: tuple(ImageLink(link["url"], link["weight"]) for link in links),
    "style_references": lambda styles: tuple(StyleReference(style["source"], style["weight"]) for style in styles),
    "style_words": lambda parts: tuple(PromptPart(part["text"], part["weight"]) for part in parts),
    "character_references": tuple,
    "profiles": tuple,
    "personal": lambda parts: tuple(PromptPart(part["text"], part["weight"]) for part in parts),
    "speed": Speed,
    "visibility": Visibility,
}
