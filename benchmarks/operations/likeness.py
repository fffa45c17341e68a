"""How alike two pictures are, in two usual figures."""

import math

import numpy as np
import numpy.typing as npt

Levels = npt.NDArray[np.uint8]
Plane = npt.NDArray[np.float64]

WINDOW = np.exp(-0.5 * (np.arange(-5, 6) / 1.5) ** 2)
WINDOW /= WINDOW.sum()


def psnr(one: Levels, other: Levels) -> float:
    """Decibels."""
    error = float(np.square(one.astype(float) - other.astype(float)).mean())
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def ssim(one: Levels, other: Levels) -> float:
    """Structural similarity of the brightness: Wang et al. 2004, a Gaussian window of 11 pixels and 1.5 wide."""
    a, b = _brightness(one), _brightness(other)
    mean_a, mean_b = _smooth(a), _smooth(b)
    spread_a, spread_b = _smooth(a * a) - mean_a**2, _smooth(b * b) - mean_b**2
    shared = _smooth(a * b) - mean_a * mean_b
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    likeness = (2 * mean_a * mean_b + c1) * (2 * shared + c2)
    return float((likeness / ((mean_a**2 + mean_b**2 + c1) * (spread_a + spread_b + c2))).mean())


def _brightness(levels: Levels) -> Plane:
    plane: Plane = levels.astype(float) @ np.array([0.299, 0.587, 0.114])
    return plane


def _smooth(plane: Plane) -> Plane:
    """Only where the whole window fits."""
    rows = np.apply_along_axis(np.convolve, 0, plane, WINDOW, "valid")
    smooth: Plane = np.apply_along_axis(np.convolve, 1, rows, WINDOW, "valid")
    return smooth
