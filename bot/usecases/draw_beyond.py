"""Zoom out, pan and make square: the model draws what lies beyond the picture, window by window.

The old picture's pixels stay as they are; each of the four pictures gets surroundings of its own.
"""

import asyncio
from dataclasses import replace

from bot.domain.canvas import Size, plan_canvas, plan_windows
from bot.domain.job import Job
from bot.domain.scenery import find_scenery
from bot.pictures.sheet import lay_out
from bot.usecases.attempt import WHOLE, Attempt
from bot.usecases.draw_window import Brush, at_least_one_step, draw_window, is_fixed
from bot.usecases.references import note_unborrowed, with_looked_at
from bot.usecases.requests import make_request, model_of
from engine.protocol import GenerateRequest, ModelInfo, Pixels

STRENGTH = 0.9
"""How far a model may go from the old picture's edges drawn on: they are a hint of colours, nothing more."""

SCENERY_STRENGTH = 0.2
"""A model with a closed vocabulary knows each scenery in one place only: what fits the edges is taken of it."""

WIDEST = 2.0
"""A window's longer side over its shorter: beyond that, models repeat themselves."""

REACH = 0.4


async def draw_beyond(attempt: Attempt) -> tuple[Pixels, ...]:
    """Raises `RequestFailed`, `RequestCancelled`, `JobGone` or `CannotDraw`."""
    job, model, old = attempt.job, model_of(attempt), await attempt.read_source()
    canvas = plan_canvas(Size(old.width, old.height), job.kind, job.operation.zoom, job.params.aspect)
    windows = plan_windows(canvas, widest=1.0 if is_fixed(model) else WIDEST)
    note_unborrowed(attempt)
    brush = _brush(await with_looked_at(attempt, make_request(attempt)), job, model)
    sheets = [await asyncio.to_thread(lay_out, old, canvas)] * job.picture_count
    for number, window in enumerate(windows):
        sheets = await draw_window(attempt, brush, sheets, window, WHOLE.part(number, len(windows)))
    return tuple(sheet.pixels for sheet in sheets)


def _brush(told: GenerateRequest, job: Job, model: ModelInfo) -> Brush:
    """A model with a closed vocabulary draws whatever it is told of once more, so beyond the edge it is told of the
    scenery alone, unless its member has put other words in.
    """
    strength, keeps_guess = STRENGTH, bool(model.scenery) and not job.is_remix
    if keeps_guess:
        told, strength = replace(told, prompt=find_scenery(told.prompt, model.scenery), parts=()), SCENERY_STRENGTH
    if job.operation.strength is not None:
        strength = job.operation.strength
    return Brush(model, told, at_least_one_step(strength, told.steps), REACH, keeps_guess=keeps_guess)
