"""A picture that a prompt is drawn upon, seen with the network's help: of the ways to read the prompt, the one whose
drawing is nearest to the picture. Remembers the last ones, because the rows of a grid start from one picture."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from engine.starter.choices import with_style
from engine.starter.matching import Cover, rank
from engine.starter.model import StarterModel
from engine.starter.reading import Reading
from engine.starter.words import PICTURE, STYLES

REMEMBERED = 16  # pictures, 50 kB each
TRIED = 3  # places of each size; a thing of its background's colour may look like a smaller one elsewhere


class Sight:
    def __init__(self, model: StarterModel) -> None:
        self._model = model
        self._remembered = lru_cache(maxsize=REMEMBERED)(self._look)

    def see(self, ways: Sequence[Reading], picture: Tensor, mask: Cover | None) -> Reading:
        """`picture` [1, 3, 64, 64] in [-1, 1]; `mask`: where something is to be drawn. What a reading leaves open is
        filled in as the picture has it.
        """
        return self._remembered(tuple(ways), picture.numpy().tobytes(), None if mask is None else mask.tobytes())

    def _look(self, ways: tuple[Reading, ...], colours: bytes, marks: bytes | None) -> Reading:
        picture = np.frombuffer(colours, np.float32).reshape(3, PICTURE, PICTURE)
        mask = None if marks is None else np.frombuffer(marks, np.bool_).reshape(PICTURE, PICTURE)
        levels = (picture.transpose(1, 2, 0) + 1) * 127.5
        most = max(1, TRIED // len(ways))
        return self._nearest([reading for way in ways for reading in rank(way, levels, mask, most)], picture)

    def _nearest(self, ways: Sequence[Reading], picture: np.ndarray[tuple[int, ...], np.dtype[np.float32]]) -> Reading:
        """From pure noise one step shows what the network would draw."""
        readings = [with_style(way, style) for way in ways for style in STYLES if "style" in way.open] or list(ways)
        if len(readings) == 1:
            return readings[0]
        noise = torch.randn(1, 3, PICTURE, PICTURE, generator=torch.Generator().manual_seed(0))
        conditioning = self._model.encode_readings(readings)
        noises = noise.to(conditioning.embeds).expand(len(readings), -1, -1, -1)
        times = torch.ones(len(readings), device=noises.device)
        drawn = self._model.predict_clean(noises, times, conditioning).float().cpu().numpy()
        return readings[int(np.square(drawn - picture).mean(axis=(1, 2, 3)).argmin())]
