"""Pictures whose manner is worth borrowing, painted by program: strokes, a mosaic, a woodcut, waves."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

Levels = npt.NDArray[np.uint8]

SIDE = 256
DAWN = ((24, 42, 96), (58, 110, 170), (228, 170, 70), (244, 224, 160), (130, 60, 90))


def strokes() -> Levels:
    """Thick short lines that flow around a swirl, as a brush leaves them."""
    chance, picture = np.random.default_rng(1), Image.new("RGB", (SIDE, SIDE), DAWN[0])
    pen = ImageDraw.Draw(picture)
    for _ in range(5_000):
        x, y = chance.uniform(0, SIDE, 2)
        angle = np.arctan2(y - 110, x - 140) + np.pi / 2 + 0.3 * np.sin(x / 23)
        reach = np.array([np.cos(angle), np.sin(angle)]) * chance.uniform(4, 9)
        shade = DAWN[int(np.hypot(x - 140, y - 110) / 38 + chance.uniform(0, 1.5)) % len(DAWN)]
        colour = tuple(int(level) for level in np.clip(np.array(shade) + chance.normal(0, 14, 3), 0, 255))
        pen.line((x - reach[0], y - reach[1], x + reach[0], y + reach[1]), fill=colour, width=3)
    return np.asarray(picture)


def mosaic() -> Levels:
    """Small uneven tiles with dark joints."""
    chance = np.random.default_rng(2)
    places = chance.uniform(0, SIDE, (700, 2))
    rows, columns = np.mgrid[:SIDE, :SIDE]
    far = np.hypot(rows[..., None] - places[:, 0], columns[..., None] - places[:, 1])
    nearest = np.sort(far, axis=-1)[..., :2]
    palette = np.array([(196, 60, 40), (236, 196, 110), (40, 120, 120), (230, 226, 210), (30, 60, 90)])
    tiles = np.clip(palette[chance.integers(0, 5, len(places))] + chance.normal(0, 10, (len(places), 3)), 0, 255)
    shown = tiles[far.argmin(axis=-1)]
    shown[nearest[..., 1] - nearest[..., 0] < 1.6] = (40, 34, 30)
    return shown.astype(np.uint8)


def woodcut() -> Levels:
    """Black lines of changing thickness on paper."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(float)
    wave = np.sin((rows + 14 * np.sin(columns / 31) + 7 * np.sin(columns / 11)) / 2.4)
    is_black = wave > 0.9 * np.sin(columns / 47) * np.cos(rows / 39)
    return np.where(is_black[..., None], (28, 22, 26), (238, 226, 200)).astype(np.uint8)


def waves() -> Levels:
    """Soft bands of blue and white that curl."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(float)
    turned = np.sin(rows / 9 + 3 * np.sin(columns / 37) + np.sin(rows / 21) * 2)
    share = (turned[..., None] + 1) / 2
    return (np.array((22, 60, 130)) * (1 - share) + np.array((222, 238, 244)) * share).astype(np.uint8)


MANNERS: tuple[Callable[[], Levels], ...] = (strokes, mosaic, woodcut, waves)
