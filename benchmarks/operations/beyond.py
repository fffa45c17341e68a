"""Zoom out, pan and make square: are the old pixels the very same, and does anything show where the new ones begin?"""

import numpy as np

from benchmarks.operations.reference import Levels
from benchmarks.operations.seams import steps_by_side
from benchmarks.operations.sheets import save_sheet
from benchmarks.operations.workshop import Workshop
from bot.domain.buttons import Action, Button
from bot.domain.canvas import Canvas, Rect, Size, plan_canvas
from bot.domain.job import Job

PROMPTS = (
    *("a castle on grass", "a large cat at the top, sunset", "a sailboat on the sea", "a rocket at night"),
    *("a penguin in the snow", "a cat on a red background", "a cactus in the desert", "a balloon in the sky"),
)
"""Of the first three some touch each side."""
STEPS = {
    "zoom 1.5x": (Action.ZOOM_OUT, "75"),
    "zoom 2x": (Action.ZOOM_OUT, "50"),
    "pan left": (Action.PAN_LEFT, ""),
    "pan right": (Action.PAN_RIGHT, ""),
    "pan up": (Action.PAN_UP, ""),
    "pan down": (Action.PAN_DOWN, ""),
}


SEED = 11


async def measure(workshop: Workshop, count: int) -> dict[str, float]:
    """`outpaint_changed` counts old pixels that are no longer the same; `seam_ratio` is explained in `seams`, and
    `seam_sides` counts the sides on which there was a seam to look at. Grey around the picture is told by its seam
    (`seam_ratio_grey`), its own edges repeated by `outpaint_new`: how far off that the new pixels are, in levels.
    """
    tally, rows = Tally(), []
    for prompt in PROMPTS[:count]:
        picture = await workshop.imagine(f"{prompt} --seed {SEED}")
        [before] = await workshop.masters(picture)
        row = [before]
        for action, how in STEPS.values():
            job = await workshop.press(Button(action, picture.id, how=how))
            drawn = await workshop.masters(job)
            for after in drawn:
                tally.add(before, after, canvas_of(job, before).old)
            row.append(drawn[0])
        rows.append(row)
    save_sheet("beyond", ("before", *STEPS), rows)
    return tally.figures


class Tally:
    """Sums over all pictures; of nothing there is no ratio."""

    def __init__(self) -> None:
        self._changed = 0
        self._new: list[float] = []
        self._steps = np.zeros((4, 2))
        self._grey_steps = np.zeros((4, 2))

    def add(self, before: Levels, after: Levels, place: Rect) -> None:
        old = np.zeros(after.shape[:2], bool)
        old[place.top : place.bottom, place.left : place.right] = True
        self._changed += int((after[old].reshape(before.shape) != before).any(axis=2).sum())
        self._new.append(float(np.abs(after.astype(int) - with_repeated_edges(before, after, place))[~old].mean()))
        self._steps += steps_by_side(after, old)
        self._grey_steps += steps_by_side(np.where(old[..., None], after, np.uint8(128)), old)

    @property
    def figures(self) -> dict[str, float]:
        across, beside = self._steps.sum(axis=0)
        grey_across, grey_beside = self._grey_steps.sum(axis=0)
        return {
            "outpaint_changed": self._changed,
            "outpaint_new": float(np.mean(self._new)),
            "seam_ratio": float(across / beside),
            "seam_sides": int((self._steps[:, 1] > 0).sum()),
            "seam_ratio_grey": float(grey_across / grey_beside),
        }


def with_repeated_edges(before: Levels, after: Levels, place: Rect) -> Levels:
    height, width, _ = after.shape
    return np.pad(before, ((place.top, height - place.bottom), (place.left, width - place.right), (0, 0)), mode="edge")


def canvas_of(job: Job, before: Levels) -> Canvas:
    height, width, _ = before.shape
    return plan_canvas(Size(width, height), job.kind, job.operation.zoom, job.params.aspect)
