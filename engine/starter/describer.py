"""Describes pictures with what the starter knows: its own things by name, everything else by its colours.

Knows where the album of its drawings is; nothing of requests or queues.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from engine.pictures import to_tensor
from engine.protocol import Pixels
from engine.slices import Slices
from engine.starter.album import Album, draw_album, open_album
from engine.starter.model import StarterModel
from engine.starter.palette import describe_colours, look_at_colours
from engine.starter.phrases import describe
from engine.starter.recogniser import Recogniser, Sighting
from engine.starter.vocabulary import Vocabulary
from engine.starter.words import PICTURE, STYLES

LONG = 1.25  # times as long as wide: more than a square is looked at


class StarterDescriber:
    """`folder` holds a starter's weights; they are loaded only when nobody has kept their drawings yet."""

    def __init__(self, folder: Path, cache_dir: Path, device: torch.device) -> None:
        self._folder = folder
        self._cache_dir = cache_dir
        self._device = device
        self._vocabulary: Vocabulary | None = None
        self._recogniser: Recogniser | None = None

    def describe(self, pixels: Pixels, count: int, seed: int) -> Slices[tuple[str, ...]]:
        """Up to `count` different sentences, the likeliest first."""
        if self._vocabulary is None:
            self._vocabulary = Vocabulary.load(self._folder / "vocabulary.json")
        if self._recogniser is None:
            album = yield from open_album(self._folder, self._cache_dir, self._drawings, self._draw_album)
            self._recogniser = yield from Recogniser.of(album)
        sighting = yield from self._look(self._recogniser, pixels)
        if sighting.is_sure:
            return describe(sighting, self._vocabulary, count, seed)
        return describe_colours(look_at_colours(_whole(pixels)), count, seed)

    def _look(self, recogniser: Recogniser, pixels: Pixels) -> Slices[Sighting]:
        """Into the middle; where nothing is there to be named, also at both ends of a long picture."""
        sightings = []
        for square in _squares(pixels):
            sighting = yield from recogniser.look(_as_seen(square))
            if sighting.is_sure and sighting.things:
                return sighting
            sightings.append(sighting)
        return max(sightings, key=lambda sighting: sighting.left)

    def _draw_album(self) -> Slices[Album]:
        return draw_album(StarterModel.load(self._folder, device=self._device))

    @property
    def _drawings(self) -> int:
        assert self._vocabulary is not None
        return len(self._vocabulary.nouns) * len(STYLES)


def _squares(pixels: Pixels) -> list[Pixels]:
    middle = _cut(pixels, 0.5)
    if max(pixels.width, pixels.height) < LONG * min(pixels.width, pixels.height):
        return [middle]
    return [middle, _cut(pixels, 0.0), _cut(pixels, 1.0)]


def _cut(pixels: Pixels, share: float) -> Pixels:
    """A square as large as fits, at that share of the way along the longer side."""
    side = min(pixels.width, pixels.height)
    left, top = round((pixels.width - side) * share), round((pixels.height - side) * share)
    levels = torch.frombuffer(bytearray(pixels.rgb), dtype=torch.uint8).view(pixels.height, pixels.width, 3)
    part = levels[top : top + side, left : left + side]
    return replace(pixels, width=side, height=side, rgb=part.contiguous().numpy().tobytes())


def _as_seen(square: Pixels) -> Tensor:
    """[3, 64, 64] in [0, 1]."""
    return (to_tensor(square, PICTURE, PICTURE)[0] + 1) / 2


def _whole(pixels: Pixels) -> Tensor:
    return _as_seen(_cut(pixels, 0.5)) if pixels.width == pixels.height else _squeezed(pixels)


def _squeezed(pixels: Pixels) -> Tensor:
    """All of it, without regard to its shape: colours do not mind."""
    levels = torch.frombuffer(bytearray(pixels.rgb), dtype=torch.uint8).view(pixels.height, pixels.width, 3)
    return torch.nn.functional.adaptive_avg_pool2d(levels.permute(2, 0, 1).float() / 255, PICTURE)
