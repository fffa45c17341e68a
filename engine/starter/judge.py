"""Says what a picture shows, from its pixels alone: which background, and which noun and style stand in a given
box, by the nearest of all true renders. Knows nothing of the network that drew it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from engine.starter.backgrounds import background_set
from engine.starter.dataset import Picture
from engine.starter.scenes import Slot
from engine.starter.sprites import SpriteSet
from engine.starter.words import BACKGROUNDS, PATCH, SIZES, STYLES

CLIP = 60 / 255  # a pixel this far off is covered by something; how far it is off no longer matters

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Sighting:
    """What was seen. `nouns`: the three nearest, best first; `styles`: for every noun its nearest style."""

    background: str
    nouns: tuple[int, ...]
    styles: tuple[str, ...]


class _Renders:
    """Every noun in every style at one size, ready to be compared with a box on any background. With colour c,
    alpha a and background b, a render differs from the background by c - a * b; its squared distance to a box that
    differs by t is a sum of products of c, a with t, b, so no render is ever composed."""

    def __init__(self, boxes: npt.NDArray[np.uint8]) -> None:
        scaled = boxes.reshape(-1, *boxes.shape[2:]).astype(np.float32) / 255
        self.side = boxes.shape[2]
        self._colour = scaled[..., :3].reshape(len(scaled), -1)
        self._alpha = scaled[..., 3].reshape(len(scaled), -1)
        self._both = (scaled[..., :3] * scaled[..., 3:]).reshape(len(scaled), -1)
        self._squared_colour = np.square(self._colour).sum(axis=1)
        self._squared_alpha = np.square(self._alpha)

    def distances(self, box: Floats, behind: Floats) -> Floats:
        """Mean squared distance of the box [side, side, 3] to each render on `behind`."""
        target = box - behind
        along = self._colour @ target.ravel() - self._alpha @ (target * behind).sum(axis=-1).ravel()
        length = self._squared_colour - 2 * self._both @ behind.ravel()
        length += self._squared_alpha @ np.square(behind).sum(axis=-1).ravel()
        squares: Floats = (np.square(target).sum() - 2 * along + length) / target.size
        return squares


class Judge:
    """Holds the true renders it compares with."""

    def __init__(self, sprites: SpriteSet) -> None:
        self._renders = {size: _Renders(sprites.boxes[size]) for size in SIZES}
        self._backgrounds: dict[str, Floats] = {
            name: (shades.mean(axis=0) / 255).astype(np.float32) for name, shades in background_set().items()
        }

    def look(self, picture: Picture, size: str, slot: Slot) -> Sighting:
        """`size` and `slot` say which box to look into; the background is judged first and assumed behind it."""
        pixels = (picture / 255).astype(np.float32)
        background = self._background(pixels)
        renders = self._renders[size]
        rows, columns = (slice(first * PATCH, first * PATCH + renders.side) for first in slot)
        flat = renders.distances(pixels[rows, columns], self._backgrounds[background][rows, columns])
        distances = flat.reshape(-1, len(STYLES))
        nearest = np.argsort(distances.min(axis=1))[:3]
        styles = tuple(STYLES[index] for index in distances.argmin(axis=1))
        return Sighting(background, tuple(int(noun) for noun in nearest), styles)

    def _background(self, pixels: Floats) -> str:
        off = [np.abs(pixels - self._backgrounds[name]).mean(axis=-1) for name in BACKGROUNDS]
        return BACKGROUNDS[int(np.argmin([np.minimum(far, CLIP).mean() for far in off]))]
