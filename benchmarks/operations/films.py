"""Animate: does the film begin with the picture and move, without a jump from frame to frame, and within a limit?"""

import io
from itertools import pairwise

import numpy as np
from PIL import Image, ImageSequence

from benchmarks.operations.reference import Levels
from benchmarks.operations.sheets import save_sheet
from benchmarks.operations.workshop import Workshop
from bot.domain.buttons import Action, Button

PROMPTS = ("a fox", "a sailboat on the sea", "a rocket at night", "a penguin in the snow")
SHOWN = 7


async def measure(workshop: Workshop, count: int) -> dict[str, float]:
    """In levels of 255: `film_start` is how far from its picture a film begins at most, `film_motion_low` and
    `film_motion_high` how far the frames go from the first at most, and `film_livelier` the one by the other;
    `film_step` the largest change from one frame to the next as a share of that (a cut would be 1), `film_mib` the
    largest film.
    """
    far: dict[str, list[float]] = {"low": [], "high": []}
    starts, steps, sizes, rows = [], [], [], []
    for prompt in PROMPTS[:count]:
        picture = await workshop.imagine(f"{prompt} --seed 3")
        [before] = await workshop.masters(picture)
        for how, distances in far.items():
            [film] = await workshop.files(await workshop.press(Button(Action.ANIMATE, picture.id, how=how)))
            frames = read_frames(film)
            starts.append(_difference(before, frames[0]))
            distances.append(max(_difference(frame, frames[0]) for frame in frames))
            jumps = [_difference(one, other) for one, other in pairwise(frames)]
            steps.append(max(jumps) / max(distances[-1], 1.0))
            sizes.append(len(film) / 2**20)
            last = len(frames) - 1
            rows.append([frames[round(last * number / (SHOWN - 1))] for number in range(SHOWN)])
    titles = ("the picture", *(f"{round(100 * number / (SHOWN - 1))} %" for number in range(1, SHOWN)))
    save_sheet("film", titles, rows, cell=100)
    return {
        "film_start": max(starts),
        "film_motion_low": float(np.mean(far["low"])),
        "film_motion_high": float(np.mean(far["high"])),
        "film_livelier": float(np.mean(far["high"]) / np.mean(far["low"])),
        "film_step": max(steps),
        "film_mib": max(sizes),
    }


def read_frames(film: bytes) -> list[Levels]:
    with Image.open(io.BytesIO(film)) as image:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)]


def _difference(one: Levels, other: Levels) -> float:
    return float(np.abs(one.astype(float) - other).mean())
