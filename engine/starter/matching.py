"""What a prompt leaves open, read off a picture that it is drawn upon: the background by its pixels, the size and place
of a thing by where the picture differs from that background. Of the four only the style needs the network."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from engine.starter.backgrounds import background_set
from engine.starter.choices import ALL_PLACES, CENTRE, with_background, with_place, with_size
from engine.starter.reading import Reading
from engine.starter.words import BOX_PATCHES, PATCH, PICTURE, SIZES, SPRITE_PIXELS

CLIP = 60.0  # levels; a pixel this far off is covered by something, and how far it is off no longer matters
COVERED = 30.0
MOST = 0.9  # of the canvas: a mask that spans so much repaints the surroundings, not a thing

Floats = npt.NDArray[np.float32]
Cover = npt.NDArray[np.bool_]
"""[64, 64]: where something stands, or is to stand."""


@dataclass(frozen=True)
class Box:
    """Edges in pixels."""

    top: float
    left: float
    bottom: float
    right: float

    @property
    def side(self) -> float:
        """The longer one."""
        return max(self.bottom - self.top, self.right - self.left)

    def difference(self, other: Box) -> float:
        """How far the middles are apart, and how much one is larger than the other."""
        down = abs(self.top + self.bottom - other.top - other.bottom) / 2
        across = abs(self.left + self.right - other.left - other.right) / 2
        return down + across + abs(self.side - other.side)


def match(reading: Reading, picture: Floats, mask: Cover | None = None) -> Reading:
    """`picture` [64, 64, 3] in levels. Within a mask a thing is drawn as large as it is, and where it is."""
    return rank(reading, picture, mask, 1)[0]


def rank(reading: Reading, picture: Floats, mask: Cover | None, most: int) -> list[Reading]:
    """The reading that fits the picture best, or with `most` above 1 for each size that many places where it fits best,
    since a thing of its background's colour looks smaller than it is. A mask leaves no doubt.
    """
    background, cover = look(picture)
    if mask is not None and mask.any() and _bounds(mask).side < MOST * PICTURE:
        cover, most = mask, 1
    if "background" in reading.open:
        reading = with_background(reading, background)
    if not reading.open.intersection(("size", "place")):
        return [reading]
    sizes = SIZES if "size" in reading.open else (reading.instances[0].size,)
    places = ALL_PLACES if "place" in reading.open else (None,)
    target = _bounds(cover) if cover.any() else _box("large", CENTRE)
    options = [(size, place) for size in sizes for place in places]
    options.sort(key=lambda option: _box(option[0], option[1] or reading.words).difference(target))
    if most == 1:
        return [_as_told(reading, *options[0])]
    by_size = [[option for option in options if option[0] == size][:most] for size in sizes]
    return [_as_told(reading, *option) for option in itertools.chain.from_iterable(by_size)]


def _as_told(reading: Reading, size: str, place: tuple[str, ...] | None) -> Reading:
    if "size" in reading.open:
        reading = with_size(reading, size)
    return reading if place is None else with_place(reading, place)


def look(picture: Floats) -> tuple[str, Cover]:
    """The background that most of the picture is near to, and where the picture is something else."""
    distances = {name: np.abs(picture - known).mean(axis=-1) for name, known in _backgrounds().items()}
    name = min(distances, key=lambda name: float(np.minimum(distances[name], CLIP).mean()))
    return name, _without_specks(distances[name] > COVERED)


@lru_cache(maxsize=1)
def _backgrounds() -> dict[str, Floats]:
    return {name: shades.mean(axis=0).astype(np.float32) for name, shades in background_set().items()}


def _without_specks(cover: Cover) -> Cover:
    """Only where all neighbours are covered too, so that stars are not taken for a thing; then a pixel wider again."""
    kept = np.pad(cover, 1, mode="edge")
    for axis in (0, 1):
        kept = kept & np.roll(kept, 1, axis) & np.roll(kept, -1, axis)
    for axis in (0, 1):
        kept = kept | np.roll(kept, 1, axis) | np.roll(kept, -1, axis)
    return kept[1:-1, 1:-1]


def _bounds(cover: Cover) -> Box:
    rows, columns = np.nonzero(cover.any(axis=1))[0], np.nonzero(cover.any(axis=0))[0]
    return Box(float(rows[0]), float(columns[0]), float(rows[-1] + 1), float(columns[-1] + 1))


def _box(size: str, place: tuple[str, ...]) -> Box:
    """Where a lone thing stands, without the margin that small ones have in their box."""
    last = PICTURE // PATCH - BOX_PATCHES[size]
    row = 0 if "top" in place else 2 if "bottom" in place else 1
    column = 0 if "left" in place else 2 if "right" in place else 1
    margin = (BOX_PATCHES[size] * PATCH - SPRITE_PIXELS[size]) / 2
    top, left = (place * last // 2 * PATCH + margin for place in (row, column))
    return Box(top, left, top + SPRITE_PIXELS[size], left + SPRITE_PIXELS[size])
