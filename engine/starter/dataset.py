"""Composes training pictures: the read prompt's objects, placed and blended onto a background. Endless, seeded by
a sample number, and free of the combinations kept for evaluation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from engine.starter.backgrounds import VARIANTS, background_set
from engine.starter.reading import Instance, Reading
from engine.starter.scenes import Slot, invent_prompt, place
from engine.starter.sprites import SpriteSet
from engine.starter.vocabulary import Vocabulary
from engine.starter.words import PATCH

NAMED = 0.62  # share of captions that name the background
WANDER = 0.12  # how often a single object whose place is not named stands off the middle
# What a prompt without a background may get: few and far apart, so that drawing settles on one early.
UNNAMED = ("night", "sky", "sunset", "grass", "pink", "teal")

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Sample:
    """One training pair and what went into it. picture: [64, 64, 3]."""

    prompt: str
    reading: Reading
    background: str
    slots: tuple[Slot, ...]
    picture: Picture


class Composer:
    """Turns readings into pictures."""

    def __init__(self, vocabulary: Vocabulary, sprites: SpriteSet) -> None:
        self.vocabulary = vocabulary
        self._sprites = sprites
        self._backgrounds = background_set()

    def sample(self, seed: int, every: int = 1, *, settled: bool = False) -> Sample:
        """Draws until none of the picture's objects is a held-out combination. `every`: only each so many-th noun.
        `settled`: the prompt leaves nothing open, so that it alone decides the picture."""
        rng = np.random.default_rng(seed)
        while True:
            prompt = invent_prompt(self.vocabulary.nouns[::every], rng, 1.0 if settled else NAMED)
            reading = self.vocabulary.read(prompt)
            background = reading.background or UNNAMED[rng.integers(len(UNNAMED))]
            if settled and reading.background is None:
                continue
            if not any(self._is_held_out(instance, background) for instance in reading.instances):
                slots = place(reading, rng, 0.0 if settled else WANDER)
                picture = self.compose(reading, background, slots, int(rng.integers(VARIANTS)))
                return Sample(prompt, reading, background, tuple(slots), picture)

    def compose(self, reading: Reading, background: str, slots: list[Slot], variant: int = 0) -> Picture:
        canvas = self._backgrounds[background][variant].astype(np.uint16)
        for instance, (row, column) in zip(reading.instances, slots, strict=True):
            box = self._sprites.box(instance.noun, instance.style, instance.size)
            side = len(box)
            top, left = row * PATCH, column * PATCH
            part = canvas[top : top + side, left : left + side]
            part[:] = box[..., :3] + (part * (255 - box[..., 3:].astype(np.uint16)) + 127) // 255
        return np.minimum(canvas, 255).astype(np.uint8)

    def _is_held_out(self, instance: Instance, background: str) -> bool:
        noun = self.vocabulary.nouns[instance.noun].head
        return held_out(noun, background, instance.style, instance.size)


def as_latents(pictures: list[Picture]) -> Tensor:
    """uint8 [64, 64, 3] each -> [B, 3, 64, 64] in [-1, 1]."""
    stacked = torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)
    return stacked.float() / 127.5 - 1


def as_picture(latents: Tensor) -> Picture:
    """[3, 64, 64] in [-1, 1] -> uint8 [64, 64, 3]."""
    scaled = ((latents.float().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return scaled.permute(1, 2, 0).numpy()


def held_out(noun: str, background: str, style: str, size: str) -> bool:
    """One in ten combinations never occurs in training; evaluation draws from those."""
    key = f"{noun}|{background}|{style}|{size}".encode()
    return hashlib.sha256(key).digest()[0] % 10 == 0
