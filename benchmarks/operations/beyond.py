"""Zoom out, pan and make square: are the old pixels the very same, and does anything show where the new ones begin?"""

import numpy as np

from benchmarks.operations.reference import Levels
from benchmarks.operations.seams import seam_steps
from benchmarks.operations.sheets import save_sheet
from benchmarks.operations.workshop import Workshop
from bot.domain.buttons import Action, Button
from bot.domain.canvas import Canvas, Size, plan_canvas
from bot.domain.job import Job

PROMPTS = (
    *("a fox", "a castle on grass", "a rocket at night", "a penguin in the snow", "a sailboat on the sea"),
    *("a cat on a red background", "a cactus in the desert", "a balloon in the sky", "an owl at sunset"),
    *("a small bee on the right, yellow background", "two cats", "a turtle beside a shell on the beach"),
)
STEPS = {
    "zoom 1.5x": (Action.ZOOM_OUT, "75"),
    "zoom 2x": (Action.ZOOM_OUT, "50"),
    "pan left": (Action.PAN_LEFT, ""),
    "pan right": (Action.PAN_RIGHT, ""),
    "pan up": (Action.PAN_UP, ""),
    "pan down": (Action.PAN_DOWN, ""),
}


async def measure(workshop: Workshop, count: int) -> dict[str, float]:
    """`outpaint_changed` counts old pixels that are no longer the same; `seam_ratio` is explained in `seams`."""
    changed, across, beside, rows = 0, 0.0, 0.0, []
    for prompt in PROMPTS[:count]:
        picture = await workshop.imagine(prompt)
        [before] = await workshop.masters(picture)
        row = [before]
        for action, how in STEPS.values():
            job = await workshop.press(Button(action, picture.id, how=how))
            canvas = canvas_of(job, before)
            for number, after in enumerate(await workshop.masters(job)):
                place, old = canvas.old, np.zeros(after.shape[:2], bool)
                old[place.top : place.bottom, place.left : place.right] = True
                changed += int((after[old].reshape(before.shape) != before).any(axis=2).sum())
                steps = seam_steps(after, old)
                across, beside = across + steps[0], beside + steps[1]
                row += [after] if number == 0 else []
        rows.append(row)
    save_sheet("beyond", ("before", *STEPS), rows)
    return {"outpaint_changed": changed, "seam_ratio": across / beside}


def canvas_of(job: Job, before: Levels) -> Canvas:
    height, width, _ = before.shape
    return plan_canvas(Size(width, height), job.kind, job.operation.zoom, job.params.aspect)
