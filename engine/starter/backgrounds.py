"""Draws the backgrounds objects stand on: plain colours with a soft fall of light, and a few simple sceneries.
Each name has a fixed set of variants, so that a shade varies a little but never into its neighbour."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from engine.starter.words import BACKGROUNDS, PICTURE

VARIANTS = 24
Colour = tuple[int, int, int]
Canvas = npt.NDArray[np.float64]

PLAIN: dict[str, Colour] = {
    "white": (244, 244, 244),
    "black": (18, 18, 20),
    "grey": (132, 134, 138),
    "red": (206, 38, 44),
    "orange": (240, 132, 30),
    "yellow": (248, 212, 56),
    "green": (52, 160, 72),
    "blue": (44, 92, 208),
    "purple": (128, 60, 178),
    "pink": (244, 148, 188),
    "brown": (126, 80, 46),
    "teal": (28, 158, 162),
}
# (share of the height, colour) from top to bottom; two stops at one height make an edge, the horizon.
SCENES: dict[str, tuple[tuple[float, Colour], ...]] = {
    "night": ((0.0, (8, 10, 38)), (1.0, (44, 42, 104))),
    "sunset": ((0.0, (86, 50, 120)), (0.5, (236, 104, 92)), (1.0, (255, 196, 96))),
    "sky": ((0.0, (96, 176, 240)), (1.0, (214, 238, 252))),
    "grass": ((0.0, (136, 202, 246)), (0.62, (206, 234, 250)), (0.62, (112, 186, 70)), (1.0, (66, 142, 48))),
    "sea": ((0.0, (150, 212, 244)), (0.5, (216, 238, 246)), (0.5, (38, 136, 190)), (1.0, (12, 76, 140))),
    "snow": ((0.0, (148, 178, 206)), (0.62, (206, 220, 234)), (0.62, (250, 252, 255)), (1.0, (224, 234, 246))),
    "desert": ((0.0, (118, 190, 232)), (0.62, (246, 226, 190)), (0.62, (236, 192, 116)), (1.0, (206, 150, 78))),
}


def draw_background(name: str, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """One variant, [64, 64, 3]."""
    draw: Callable[[], Canvas] = (lambda: _plain(PLAIN[name], rng)) if name in PLAIN else (lambda: _scene(name))
    canvas = draw() + rng.uniform(-7, 7) + rng.uniform(-4, 4, 3)
    return np.clip(canvas, 0, 255).round().astype(np.uint8)


def background_set() -> dict[str, npt.NDArray[np.uint8]]:
    """name -> [VARIANTS, 64, 64, 3]; always the same."""
    rng = np.random.default_rng(7)
    return {name: np.stack([draw_background(name, rng) for _ in range(VARIANTS)]) for name in BACKGROUNDS}


def _plain(colour: Colour, rng: np.random.Generator) -> Canvas:
    fall = np.linspace(1, -1, PICTURE)[:, None, None] * rng.uniform(0, 10)
    return np.broadcast_to(np.array(colour, float), (PICTURE, PICTURE, 3)) + fall


def _scene(name: str) -> Canvas:
    heights, colours = zip(*SCENES[name], strict=True)
    rows = (np.arange(PICTURE) + 0.5) / PICTURE
    column = np.stack([np.interp(rows, heights, channel) for channel in np.array(colours, float).T], axis=-1)
    canvas = np.repeat(column[:, None], PICTURE, axis=1)
    return _with_stars(canvas) if name == "night" else canvas


def _with_stars(canvas: Canvas) -> Canvas:
    """The same sky every night: a pattern a small network can learn."""
    rng = np.random.default_rng(3)
    for row, column in rng.integers(1, PICTURE - 1, (22, 2)):
        canvas[row, column] = (250, 246, 214)
        canvas[row, column - 1 : column + 2] = np.maximum(canvas[row, column - 1 : column + 2], 120)
        canvas[row - 1 : row + 2, column] = np.maximum(canvas[row - 1 : row + 2, column], 120)
    return canvas
