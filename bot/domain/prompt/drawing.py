"""From a prompt's parameters to what an engine is told, given what the model declares that it can do.

What would make another picture than the one asked for (a start picture, a reference, a tile, a film) is refused when
the model lacks it. What only tunes a picture is drawn without, and a note under the picture says so. Nothing is
left out in silence. The table in docs/prompt-language.md follows this file.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.errors import CannotDraw
from bot.domain.prompt.parameters import GenerationParams, ImageLink, PromptPart, StyleReference
from bot.domain.prompt.table import NAMES
from bot.domain.prompt.versions import NIJI, name_version
from bot.domain.size import fit_size

MAX_STEPS = 500
MAX_GUIDANCE_SCALE = 30.0
USUAL_STYLIZE = 100

GUIDANCE_SPREAD = 0.6
"""How far the outer pictures of a grid move from the middle at `--chaos 100`, as a share of the guidance scale."""

RAW_GUIDANCE = 1.15
DRAFT_STEPS = 0.5
HD_SCALE = 2

ODD_WORDS = ("surreal", "uncanny", "eccentric", "dreamlike", "off-kilter", "otherworldly", "absurd", "grotesque")
STYLE_WORDS = {"cute": "cute", "expressive": "expressive", "scenic": "scenic"}
NIJI_WORDS = "anime style"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model can do. `width`, `height` in pixels, `steps` and `guidance_scale` are what it draws by itself.

    `guidance_scale` None: the model is not guided, or only by a fixed amount. `max_pixels` is the largest picture's
    area, `max_ratio` its longer side over the shorter. An empty `vocabulary` means that it reads any words.
    """

    model: str
    width: int
    height: int
    steps: int
    guidance_scale: float | None = None
    max_pixels: int = 0
    max_ratio: float = 4.0
    vocabulary: frozenset[str] = frozenset()
    supports_negative: bool = False
    supports_weights: bool = False
    supports_guidance_per_row: bool = False
    supports_stop: bool = False
    supports_tile: bool = False
    supports_image_prompt: bool = False
    supports_style_reference: bool = False
    supports_character_reference: bool = False
    supports_omni_reference: bool = False
    supports_personal_style: bool = False
    supports_video: bool = False


@dataclass(frozen=True, slots=True)
class DrawingPlan:
    """What the engine is told. `guidance_scales` has one value a picture, and is empty for the model's own.

    `parts` is empty unless the model weighs parts; `prompt` says the same in one line. `stop_step` None draws all
    `steps`. Weights of references are relative to 1. `notes` are sentences for the member.
    """

    prompt: str
    negative_prompt: str
    parts: tuple[PromptPart, ...]
    seeds: tuple[int, ...]
    width: int
    height: int
    steps: int
    stop_step: int | None
    guidance_scales: tuple[float, ...]
    tile: bool = False
    images: tuple[ImageLink, ...] = ()
    image_weight: float = 1.0
    style_references: tuple[StyleReference, ...] = ()
    style_weight: float = 1.0
    character_references: tuple[str, ...] = ()
    character_weight: float = 1.0
    omni_reference: str = ""
    omni_weight: float = 1.0
    profiles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def plan_drawing(params: GenerationParams, capabilities: Capabilities, picture_count: int = 4) -> DrawingPlan:
    """Raises `CannotDraw`."""
    _check_abilities(params, capabilities)
    width, height = plan_size(params, capabilities)
    steps = plan_steps(params, capabilities)
    words = [word for word in _added_words(params) if _reads(word, capabilities)]
    return DrawingPlan(
        prompt=", ".join((params.text, *words)) if params.text else ", ".join(words),
        negative_prompt=params.negative if capabilities.supports_negative else "",
        parts=_parts(params, words) if capabilities.supports_weights else (),
        seeds=tuple((params.seed + index) % 2**32 for index in range(picture_count)),
        width=width,
        height=height,
        steps=steps,
        stop_step=max(1, round(steps * params.stop / 100))
        if params.stop < 100 and capabilities.supports_stop
        else None,
        guidance_scales=plan_guidance(params, capabilities, picture_count),
        tile=params.tile,
        images=params.images,
        image_weight=params.image_weight,
        style_references=params.style_references,
        style_weight=params.style_weight / 100,
        character_references=params.character_references,
        character_weight=params.character_weight / 100,
        omni_reference=params.omni_reference,
        omni_weight=params.omni_weight / 100,
        profiles=params.profiles if capabilities.supports_personal_style else (),
        notes=tuple(_notes(params, capabilities)),
    )


def plan_size(params: GenerationParams, capabilities: Capabilities) -> tuple[int, int]:
    """Pixels: about the model's own area, in the asked shape or the nearest that it can draw."""
    scale = HD_SCALE if params.hd and _can_draw_hd(capabilities) else 1
    ratio = params.aspect[0] / params.aspect[1]
    aspect = params.aspect
    if max(ratio, 1 / ratio) > capabilities.max_ratio:
        widest = round(capabilities.max_ratio * 100)
        aspect = (widest, 100) if ratio > 1 else (100, widest)
    return fit_size(aspect, capabilities.width * scale, capabilities.height * scale)


def plan_steps(params: GenerationParams, capabilities: Capabilities) -> int:
    share = params.quality * (DRAFT_STEPS if params.draft else 1)
    return min(MAX_STEPS, max(1, round(capabilities.steps * share)))


def plan_guidance(params: GenerationParams, capabilities: Capabilities, picture_count: int) -> tuple[float, ...]:
    """The more stylize, the freer from the words; `--raw` and `--exp` hold to them; chaos spreads over the grid."""
    usual = capabilities.guidance_scale
    factor = guidance_factor(params)
    spread = GUIDANCE_SPREAD * params.chaos / 100 if capabilities.supports_guidance_per_row else 0.0
    if usual is None or (factor == 1 and not spread):
        return ()
    middle = (picture_count - 1) / 2
    offsets = [(index - middle) / middle if middle else 0.0 for index in range(picture_count)]
    scales = (usual * factor * (1 + spread * offset) for offset in offsets)
    return tuple(round(min(MAX_GUIDANCE_SCALE, max(1.0, scale)), 3) for scale in scales)


def guidance_factor(params: GenerationParams) -> float:
    """Relative to the model's own scale: 1.3 at `--stylize 0`, 1 at 100, .5 at 1000; times 1 to 1.5 for `--exp`.

    Above 25 `--exp` takes the place of stylize.
    """
    stylize = USUAL_STYLIZE if params.stylize is None or params.experimental > 25 else _stylize_of_today(params)
    factor = 1.3 - 0.3 * stylize / 100 if stylize <= 100 else 1 - 0.5 * (stylize - 100) / 900
    return factor * (1 + params.experimental / 200) * (RAW_GUIDANCE if params.raw else 1)


def _stylize_of_today(params: GenerationParams) -> float:
    """Old versions counted from their own least over 2,500 as the usual to their own most."""
    stylize = params.stylize or 0
    low, high = NAMES["stylize"].range_in(params.version)
    if (low, high) == (0, 1000):
        return stylize
    usual = 2500
    return 100 * (stylize - low) / (usual - low) if stylize <= usual else 100 + 900 * (stylize - usual) / (high - usual)


def _check_abilities(params: GenerationParams, capabilities: Capabilities) -> None:
    """Raises `CannotDraw` for the first thing without which the picture would be another one."""
    lacking = (
        (params.video, capabilities.supports_video, "make films", "--video"),
        (params.tile, capabilities.supports_tile, "draw tiles that repeat without a seam", "--tile"),
        (params.images, capabilities.supports_image_prompt, "start from pictures", "the links"),
        (params.style_references, capabilities.supports_style_reference, "take a style from a reference", "--sref"),
        (params.character_references, capabilities.supports_character_reference, "keep a character", "--cref"),
        (params.omni_reference, capabilities.supports_omni_reference, "keep a thing or a person", "--oref"),
    )
    for asked, is_able, deed, name in lacking:
        if asked and not is_able:
            written = f"`{name}`" if name.startswith("--") else name
            raise CannotDraw(f"{capabilities.model} cannot {deed}. Leave {written} out, or choose another model.")


def _notes(params: GenerationParams, capabilities: Capabilities) -> Iterator[str]:
    model = capabilities.model
    if params.version and not params.model:
        yield f"`{name_version(params.version)}` is drawn by {model} here."
    if params.negative and not capabilities.supports_negative:
        yield f"{model} cannot leave things out, so `--no` and negative weights have no effect."
    if params.parts and not capabilities.supports_weights:
        yield f"{model} does not weigh parts; `::` was read as a comma."
    if params.stop < 100 and not capabilities.supports_stop:
        yield f"{model} cannot stop early; `--stop` has no effect."
    if params.profiles and not capabilities.supports_personal_style:
        yield f"{model} has no personal styles; `--profile` has no effect."
    if params.hd and not _can_draw_hd(capabilities):
        yield f"{model} draws {capabilities.width}x{capabilities.height} at most; `--hd` has no effect."
    if max(params.aspect) / min(params.aspect) > capabilities.max_ratio:
        yield f"{model} draws shapes up to {capabilities.max_ratio:g}:1; the nearest was drawn."
    yield from _guidance_notes(params, capabilities)
    yield from _word_notes(params, capabilities)


def _guidance_notes(params: GenerationParams, capabilities: Capabilities) -> Iterator[str]:
    if capabilities.guidance_scale is None:
        asked = {
            "--stylize": params.stylize is not None,
            "--raw": params.raw,
            "--exp": bool(params.experimental),
            "--chaos": bool(params.chaos),
        }
        names = [f"`{name}`" for name, is_asked in asked.items() if is_asked]
        if names:
            yield f"{capabilities.model} is not guided by a scale, so it has no use for {', '.join(names)}."
    elif params.chaos and not capabilities.supports_guidance_per_row:
        yield f"{capabilities.model} guides all pictures of a grid alike; `--chaos` has no effect."
    if params.experimental > 25 and params.stylize is not None:
        yield "Above 25, `--exp` takes the place of `--stylize`."


def _word_notes(params: GenerationParams, capabilities: Capabilities) -> Iterator[str]:
    if params.style and params.style not in STYLE_WORDS:
        yield f"The style `{params.style}` is not known here and has no effect."
    for word in _added_words(params):
        if not _reads(word, capabilities):
            yield f"{capabilities.model} does not know the word “{word}”, which {_reason(word)} would add."


def _reason(word: str) -> str:
    if word in ODD_WORDS:
        return "`--weird`"
    return "`--niji`" if word == NIJI_WORDS else "`--style`"


def _added_words(params: GenerationParams) -> list[str]:
    """Parameters that speak to the model in words: always the same ones for the same seed."""
    words = [STYLE_WORDS[params.style]] if params.style in STYLE_WORDS else []
    if params.version in NIJI and not params.model:
        words.append(NIJI_WORDS)
    odd_count = 1 + min(2, params.weird // 1000) if params.weird else 0
    return words + [ODD_WORDS[(params.seed + index) % len(ODD_WORDS)] for index in range(odd_count)]


def _reads(words: str, capabilities: Capabilities) -> bool:
    return not capabilities.vocabulary or all(word in capabilities.vocabulary for word in words.split())


def _parts(params: GenerationParams, words: list[str]) -> tuple[PromptPart, ...]:
    """The positive parts, and the odd words as one more that weighs the heavier the weirder."""
    parts = tuple(part for part in params.parts if part.weight > 0)
    odd = ", ".join(word for word in words if word in ODD_WORDS)
    plain = ", ".join(word for word in words if word not in ODD_WORDS)
    if not parts and not odd:
        return ()
    parts = parts or (PromptPart(params.text),)
    usual = sum(part.weight for part in parts) / len(parts)
    more = [PromptPart(plain, usual)] if plain else []
    return (*parts, *more, *([PromptPart(odd, usual * params.weird / 3000)] if odd else []))


def _can_draw_hd(capabilities: Capabilities) -> bool:
    return capabilities.max_pixels >= capabilities.width * capabilities.height * HD_SCALE**2
