"""From the shape that a member asks for to the pixels that a model draws."""

import math

STEP = 8
"""Pixels. Latent models shrink by 8, so sides must be divisible by it."""


def fit_size(aspect: tuple[int, int], native_width: int, native_height: int) -> tuple[int, int]:
    """Width and height in pixels: about the model's native area in the asked shape, sides divisible by `STEP`."""
    area = native_width * native_height
    ratio = aspect[0] / aspect[1]
    width = math.sqrt(area * ratio)
    return _round(width), _round(width / ratio)


def _round(side: float) -> int:
    return max(STEP, round(side / STEP) * STEP)


def round_up(side: int) -> int:
    """The next length that a model can draw."""
    return -(-side // STEP) * STEP
