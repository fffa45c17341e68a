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
from engine.starter.vocabulary import BACKGROUNDS, PATCH, STYLES

CLIP = 60.0  # a pixel this far off is covered by something; how far it is off no longer matters


@dataclass(frozen=True)
class Sighting:
    """What was seen. `nouns`: the three nearest, best first; `styles`: for every noun its nearest style."""

    background: str
    nouns: tuple[int, ...]
    styles: tuple[str, ...]


class Judge:
    """Holds the true renders it compares with."""

    def __init__(self, sprites: SpriteSet) -> None:
        self._sprites = sprites
        self._backgrounds = {name: shades.mean(axis=0) for name, shades in background_set().items()}

    def look(self, picture: Picture, size: str, slot: Slot) -> Sighting:
        """`size` and `slot` say which box to look into; the background is judged first and assumed behind it."""
        pixels = picture.astype(np.float32)
        background = self._background(pixels)
        distances = self._distances(pixels, background, size, slot)
        nearest = np.argsort(distances.min(axis=1))[:3]
        styles = tuple(STYLES[index] for index in distances.argmin(axis=1))
        return Sighting(background, tuple(int(noun) for noun in nearest), styles)

    def _background(self, pixels: npt.NDArray[np.float32]) -> str:
        off = [np.abs(pixels - self._backgrounds[name]).mean(axis=-1) for name in BACKGROUNDS]
        return BACKGROUNDS[int(np.argmin([np.minimum(far, CLIP).mean() for far in off]))]

    def _distances(
        self, pixels: npt.NDArray[np.float32], background: str, size: str, slot: Slot
    ) -> npt.NDArray[np.float32]:
        """[nouns, styles] mean squared difference to each true render in the box."""
        boxes = self._sprites.boxes[size]
        side = boxes.shape[2]
        rows, columns = (slice(first * PATCH, first * PATCH + side) for first in slot)
        behind = self._backgrounds[background][rows, columns].astype(np.float32)
        target = pixels[rows, columns] - behind
        # pixels - (colour + (1 - alpha) * behind), without a copy of every render on every background
        alpha = boxes[..., 3:].astype(np.float32) / 255
        return np.square(target - boxes[..., :3] + alpha * behind).mean(axis=(2, 3, 4))
