"""What is guessed beyond the edges of a picture: they go on, ever simpler. A model then draws over the guess. Pure and
blocking.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bot.domain.canvas import Canvas, Rect, Size
from bot.pictures.arrays import Colours, grow, nearness, resize

GUESS_PIXELS = 512
"""The guess is made no larger: nobody sees more of it."""

SIMPLER = ((0.01, 0.05), (0.04, 0.15), (0.1, 0.6))
"""How far out, as a share of the shorter side, and how much of an edge is then looked at: what is narrower than half
of that has ended there. What parts the whole edge, such as a horizon, goes on sharply, for a model that is shown a
blurred one draws it ragged.
"""

CORNER = 1 / 12
ALIKE = 24
"""An edge whose two ends, so long as a share of it, differ by no more levels of 255 is of one scenery: far out nothing
of what stands before that goes on, however wide it is.
"""


def go_on(old: Colours, canvas: Canvas) -> Colours:
    """The picture in its place on the canvas, and the guess around it; exact beside the picture."""
    sharp = _padded(old, canvas.old, canvas.size)
    known = np.zeros(sharp.shape[:2], np.bool_)
    known[canvas.old.top : canvas.old.bottom, canvas.old.left : canvas.old.right] = True
    guess = resize(_guess(old, _shrunk(canvas)), canvas.size)
    return np.where(grow(known, 1)[..., None], sharp, guess)


def _shrunk(canvas: Canvas) -> Canvas:
    size, old = canvas.size, canvas.old
    scale = min(1.0, GUESS_PIXELS / max(size.width, size.height))
    left, top, right, bottom = (round(side * scale) for side in (old.left, old.top, old.right, old.bottom))
    place = Rect(left, top, max(1, right - left), max(1, bottom - top))
    return Canvas(
        Size(max(place.right, round(size.width * scale)), max(place.bottom, round(size.height * scale))), place
    )


def _guess(old: Colours, canvas: Canvas) -> Colours:
    inner = resize(old, canvas.old.size)
    guess = _padded(inner, canvas.old, canvas.size).astype(np.float32)
    known = np.zeros(guess.shape[:2], np.bool_)
    known[canvas.old.top : canvas.old.bottom, canvas.old.left : canvas.old.right] = True
    for distance, share in SIMPLER:
        inner = _with_simpler_edges(inner, share)
        near = nearness(known, round(distance * min(canvas.old.width, canvas.old.height)))[..., None]
        guess = guess * near + _padded(inner, canvas.old, canvas.size) * (1 - near)
    return guess.round().astype(np.uint8)


def _padded(old: Colours, place: Rect, size: Size) -> Colours:
    margins = (place.top, size.height - place.bottom), (place.left, size.width - place.right), (0, 0)
    return np.pad(old, margins, mode="edge")


def _with_simpler_edges(picture: Colours, share: float) -> Colours:
    simpler = picture.copy()
    for turns in range(4):
        turned = np.rot90(simpler, turns)  # a view: its first row is each edge in turn
        turned[0] = _simpler(turned[0], share)
    return simpler


def _simpler(line: Colours, share: float) -> Colours:
    count = max(1, round(len(line) * CORNER))
    first, last = (np.median(end, axis=0) for end in (line[:count], line[-count:]))
    if share > 1 / 2 and np.abs(first - last).max() <= ALIKE:
        return np.linspace(first, last, len(line)).astype(np.uint8)
    return _medians(line, share)


def _medians(line: Colours, share: float) -> Colours:
    """`line[n, 3]`: of each pixel the median of its surroundings, which keeps steps and drops what is narrow."""
    half = round(share * len(line) / 2)
    around = sliding_window_view(np.pad(line, ((half, half), (0, 0)), mode="edge"), 2 * half + 1, axis=0)
    medians: Colours = np.median(around, axis=-1).astype(np.uint8)
    return medians
