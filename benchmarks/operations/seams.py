"""How much a picture steps where something new was put beside something old, and how much it steps just beside that."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from benchmarks.operations.reference import Levels

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

FLAT = 2.0
"""Levels of 255 from pixel to pixel in the old picture along the seam; below that there is nothing to see."""
NEIGHBOURHOOD = 5


def seam_steps(picture: Levels, old: Flags) -> tuple[float, float]:
    """Sums over the seam pixels whose surroundings in the old picture are not flat: the steps across the seam, and the
    mean of the steps on both sides of it. `old[h, w]` is true for old pixels.
    """
    across, beside = zip(*steps_by_side(picture, old), strict=True)
    return sum(across), sum(beside)


def steps_by_side(picture: Levels, old: Flags) -> tuple[tuple[float, float], ...]:
    """The same where the new lies to the right, below, to the left and above."""
    return tuple(_steps_to_the_right(turned, flags) for turned, flags in _turns(picture.astype(np.float64), old))


def _steps_to_the_right(picture: Floats, old: Flags) -> tuple[float, float]:
    steps = np.abs(np.diff(picture, axis=1)).mean(axis=2)  # [h, w - 1]
    is_seam = old[:, 1:-2] & old[:, :-3] & ~old[:, 2:-1] & ~old[:, 3:]
    inner, seam, outer = steps[:, :-2], steps[:, 1:-1], steps[:, 2:]
    chosen = is_seam & (_local_mean(inner, is_seam) > FLAT)
    return float(seam[chosen].sum()), float((inner[chosen] + outer[chosen]).sum() / 2)


def _turns(picture: Floats, old: Flags) -> Iterator[tuple[Floats, Flags]]:
    """So that the seam always lies between an old pixel and the new one on its right."""
    for turns in range(4):
        yield np.rot90(picture, turns), np.rot90(old, turns)


def _local_mean(values: Floats, where: Flags) -> Floats:
    sums = _blurred(np.where(where, values, 0.0))
    counts = _blurred(where.astype(np.float64))
    return np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 1e-6)


def _blurred(values: Floats) -> Floats:
    """Sums over a square around each pixel."""
    size = 2 * NEIGHBOURHOOD + 1
    total = np.pad(np.pad(values, NEIGHBOURHOOD).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    return total[size:, size:] - total[:-size, size:] - total[size:, :-size] + total[:-size, :-size]
