"""Pictures as numpy arrays, `[height, width, 3]` of bytes, and what is done to them pixel by pixel."""

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from bot.domain.canvas import Rect, Size
from engine.protocol import Pixels

Colours = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]

SMOOTHING_ROUNDS = 8
FEW_ROUNDS = 2
LARGE = 512 * 512
"""Pixels from which on a level is relaxed less: it starts from a good guess, and each round costs."""
CARRIED_PIXELS = 768
"""On larger pictures nobody sees whether the softness is exact."""


def to_array(pixels: Pixels) -> Colours:
    return np.frombuffer(pixels.rgb, np.uint8).reshape(pixels.height, pixels.width, 3)


def to_pixels(colours: Colours) -> Pixels:
    height, width, _ = colours.shape
    return Pixels(width, height, np.ascontiguousarray(colours).tobytes())


def to_bytes(values: npt.NDArray[np.floating]) -> Colours:
    return values.round().clip(0, 255).astype(np.uint8)


def resize(colours: Colours, size: Size) -> Colours:
    if colours.shape[:2] == (size.height, size.width):
        return colours
    return np.asarray(Image.fromarray(colours).resize((size.width, size.height), Image.Resampling.LANCZOS))


def cut(colours: Colours, rect: Rect) -> Colours:
    """What lies beyond the picture is its edge, gone on with."""
    height, width, _ = colours.shape
    rows = np.arange(rect.top, rect.bottom).clip(0, height - 1)
    columns = np.arange(rect.left, rect.right).clip(0, width - 1)
    found: Colours = colours[rows[:, None], columns]
    return found


def cut_flags(flags: Flags, rect: Rect, *, beyond: bool) -> Flags:
    """As `cut`; what lies outside counts as `beyond`."""
    found = np.full((rect.height, rect.width), beyond)
    height, width = flags.shape
    top, bottom = max(0, rect.top), min(height, rect.bottom)
    left, right = max(0, rect.left), min(width, rect.right)
    if top < bottom and left < right:
        inside = slice(top - rect.top, bottom - rect.top), slice(left - rect.left, right - rect.left)
        found[inside] = flags[top:bottom, left:right]
    return found


def grow(flags: Flags, pixels: int) -> Flags:
    """Also true within so many pixels of what is."""
    if pixels < 1:
        return flags
    return np.asarray(Image.fromarray(flags).convert("L").filter(ImageFilter.MaxFilter(2 * pixels + 1))) > 0


def nearness(flags: Flags, reach: int) -> Floats:
    """1 where the flags are and at their edge, falling smoothly to 0 over about `reach` pixels."""
    wide = Image.fromarray(flags).convert("L").filter(ImageFilter.BoxBlur(max(1, reach // 2)))
    grown = Image.fromarray(np.asarray(wide) > 0).convert("L")
    return np.asarray(grown.filter(ImageFilter.GaussianBlur(max(0.5, reach / 5))), np.float32) / np.float32(255)


def spread(values: Floats, known: Flags) -> Floats:
    """`values[h, w, c]` where they are known, and everywhere else the smoothest surface that meets them.

    Solves Laplace's equation roughly, from coarse to fine: each level starts from the half as large one and is
    relaxed a few times.
    """
    height, width, _ = values.shape
    if known.all():
        return values
    if min(height, width) <= 2 or not known.any():
        return _filled(values, known)
    coarse_values, coarse_known = _halve(values, known)
    surface = np.where(known[..., None], values, _double(spread(coarse_values, coarse_known), height, width))
    for _ in range(FEW_ROUNDS if known.size > LARGE else SMOOTHING_ROUNDS):
        padded = np.pad(surface, ((1, 1), (1, 1), (0, 0)), mode="edge")
        around = padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:]
        surface = np.where(known[..., None], values, around / 4)
    return surface


def carry_on(values: Floats, known: Flags) -> Floats:
    """A surface that goes on from what is known, the softer the farther away, and does not bend where it begins.

    Unlike `spread` it meets the known values only roughly. Each level of a pyramid counts about as far from the known
    as its cells are wide.
    """
    height, width, _ = values.shape
    if max(height, width) > CARRIED_PIXELS:
        return _double(carry_on(*_halve(values, known)), height, width)
    levels = [(values, known)]
    while min(levels[-1][1].shape) > 2 and not levels[-1][1].all():
        levels.append(_halve(*levels[-1]))
    filled = _filled(*levels[-1])
    surface = _stretch(filled, height, width)
    for level in range(len(levels) - 2, 0, -1):
        cells, are_known = levels[level]
        filled = np.where(are_known[..., None], cells, _double(filled, *are_known.shape))
        near = nearness(known, max(1, 2**level // 2))[..., None]
        surface = surface + (_stretch(filled, height, width) - surface) * near
    return surface


def _filled(values: Floats, known: Flags) -> Floats:
    mean = values[known].mean(axis=0) if known.any() else values.mean(axis=(0, 1))
    filled: Floats = np.where(known[..., None], values, mean)
    return filled


def _halve(values: Floats, known: Flags) -> tuple[Floats, Flags]:
    """Means of what is known in each square of four pixels."""
    height, width, count = values.shape
    more = ((0, height % 2), (0, width % 2))
    weights = np.pad(known, more).astype(np.float32)[..., None]
    sums = np.pad(values, (*more, (0, 0))) * weights
    shape = (weights.shape[0] // 2, 2, weights.shape[1] // 2, 2)
    weight = weights.reshape(*shape, 1).sum(axis=(1, 3))
    means: Floats = sums.reshape(*shape, count).sum(axis=(1, 3)) / np.maximum(weight, 1)
    return means, weight[..., 0] > 0


def _double(values: Floats, height: int, width: int) -> Floats:
    """Of half as many pixels, rounded up."""
    return _stretch(values, values.shape[0] * 2, values.shape[1] * 2)[:height, :width]


def _stretch(values: Floats, height: int, width: int) -> Floats:
    channels = [
        np.asarray(Image.fromarray(values[..., channel]).resize((width, height), Image.Resampling.BILINEAR))
        for channel in range(values.shape[2])
    ]
    return np.stack(channels, axis=-1)
