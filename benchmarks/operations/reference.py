"""True pictures to measure against: scenes of the starter's art at 256 pixels, four times the size that it learns from.

The art is fetched with npm on the first run, as training does.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.protocol import Pixels
from engine.starter.backgrounds import background_set
from engine.starter.scenes import place
from engine.starter.sprites import ArtFolder, fetch_art
from engine.starter.vocabulary import Vocabulary
from engine.starter.words import BACKGROUNDS, BOX_PATCHES, PATCH, PICTURE, SPRITE_PIXELS, STYLES

TIMES = 4
Levels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Scene:
    """`large` is [256, 256, 3]."""

    prompt: str
    large: Levels

    @property
    def small(self) -> Levels:
        """[64, 64, 3]: the mean of each 4x4 pixels."""
        blocks = self.large.reshape(PICTURE, TIMES, PICTURE, TIMES, 3).astype(np.float32)
        return blocks.mean(axis=(1, 3)).round().astype(np.uint8)


def scenes(prompts: Sequence[str], folder: Path) -> list[Scene]:
    vocabulary, art = Vocabulary.from_file(), ArtFolder(fetch_art(folder / "npm"))
    return [Scene(prompt, compose(prompt, vocabulary, art)) for prompt in prompts]


def compose(prompt: str, vocabulary: Vocabulary, art: ArtFolder) -> Levels:
    reading = vocabulary.read(prompt)
    backdrop = background_set()[reading.background or "sky"][0]
    size = (PICTURE * TIMES, PICTURE * TIMES)
    canvas = Image.fromarray(backdrop).resize(size, Image.Resampling.BICUBIC).convert("RGBA")
    slots = place(reading, np.random.default_rng(0), 0.0)
    for instance, (row, column) in zip(reading.instances, slots, strict=True):
        side = SPRITE_PIXELS[instance.size]
        margin = (BOX_PATCHES[instance.size] * PATCH - side) // 2
        sprite = art.picture(vocabulary.nouns[instance.noun].emoji, instance.style, side * TIMES).convert("RGBA")
        canvas.alpha_composite(sprite, ((column * PATCH + margin) * TIMES, (row * PATCH + margin) * TIMES))
    return np.asarray(canvas.convert("RGB"))


def varied_prompts(count: int) -> Iterator[str]:
    """Every so many-th noun, each with another style and background."""
    nouns = Vocabulary.from_file().nouns
    for number in range(count):
        noun = nouns[number * len(nouns) // count].head
        yield f"a {STYLES[number % len(STYLES)]} {noun} on {BACKGROUNDS[number * 7 % len(BACKGROUNDS)]}"


def as_pixels(levels: Levels) -> Pixels:
    height, width, _ = levels.shape
    return Pixels(width, height, levels.tobytes())


def as_levels(pixels: Pixels) -> Levels:
    return np.frombuffer(pixels.rgb, np.uint8).reshape(pixels.height, pixels.width, 3)
