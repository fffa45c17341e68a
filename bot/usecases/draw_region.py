"""Vary (Region): a marked part of the picture is drawn anew. Outside it every pixel stays."""

import asyncio
from dataclasses import replace

from bot.domain.canvas import Rect, Size, region_window
from bot.domain.job import PictureRef
from bot.domain.scenery import find_scenery
from bot.pictures.masks import bounds_of, load_mask
from bot.pictures.sheet import erase
from bot.usecases.attempt import WHOLE, Attempt
from bot.usecases.draw_beyond import WIDEST
from bot.usecases.draw_window import Brush, draw_window, is_fixed
from bot.usecases.patience import ask
from bot.usecases.ports import Transaction
from bot.usecases.references import note_unborrowed, with_looked_at
from bot.usecases.requests import make_request, model_of
from engine.protocol import GenerateRequest, ModelInfo, Pixels

STRENGTH = 1.0
REACH = 0.1
"""How far from the seam colours are matched, as a share of the window: what was asked for keeps its own beyond that."""

ROOM = 2.0
"""How much more than the region a model sees, so that it draws what fits in."""

SMALLEST = 1 / 6
"""What is smaller than this share of the picture is looked at as if it were this large."""

PLACING = ("large", "in the middle")
"""Where a thing is best seen that stands alone in what a model draws."""

FOREBEARS = 8

CLOSED_ROOM = 4 / 3
"""A model with a closed vocabulary draws things in the middle, over three quarters of its picture."""


async def draw_region(attempt: Attempt) -> tuple[Pixels, ...]:
    """Raises `RequestFailed`, `RequestCancelled`, `JobGone` or `CannotDraw`."""
    job, model, picture = attempt.job, model_of(attempt), await attempt.read_source()
    region = await asyncio.to_thread(load_mask, await attempt.studio.store.get(job.operation.mask_key))
    window = _window(Size(picture.width, picture.height), bounds_of(region), model)
    told, strength = await _told(attempt, model), job.operation.strength
    is_blind = strength is None and _names_a_thing(told.prompt, model)
    brush = Brush(model, told, STRENGTH if strength is None else strength, REACH, is_blind)
    sheets = [await asyncio.to_thread(erase, picture, region)] * job.picture_count
    return tuple(sheet.pixels for sheet in await draw_window(attempt, brush, sheets, window, WHOLE))


async def _told(attempt: Attempt, model: ModelInfo) -> GenerateRequest:
    """A model with a closed vocabulary leaves to chance what it is not told; so it is told what stands behind the
    picture, and that the thing fills the middle of what it draws.
    """
    note_unborrowed(attempt)
    told = await with_looked_at(attempt, make_request(attempt))
    if not model.scenery:
        return told
    size, place = (phrase if phrase.split()[-1] in model.vocabulary else "" for phrase in PLACING)
    behind = "" if find_scenery(told.prompt, model.scenery, model.vocabulary) else await _scenery_behind(attempt, model)
    words = (f"{size} {told.prompt}".strip(), place, behind)
    return replace(told, prompt=", ".join(word for word in words if word))


def _names_a_thing(prompt: str, model: ModelInfo) -> bool:
    """Such a model knows each thing whole and by itself: beside half of another it draws neither. So it draws the thing
    without a look at the picture, and what it drew is fitted in. Scenery alone goes on from what is there.
    """
    placing = {phrase.split()[-1] for phrase in PLACING}
    return bool(find_scenery(prompt, set(model.vocabulary) - set(model.scenery) - placing))


async def _scenery_behind(attempt: Attempt, model: ModelInfo) -> str:
    """From the prompt of the nearest forebear that names one."""
    job = attempt.job
    return await ask(lambda tx: _scenery_of(job.parent, model, tx), f"forebears of {job.id}", studio=attempt.studio)


async def _scenery_of(origin: PictureRef | None, model: ModelInfo, tx: Transaction) -> str:
    for _ in range(FOREBEARS):
        forebear = await tx.jobs.find(origin.job_id) if origin else None
        if forebear is None:
            return ""
        if scenery := find_scenery(forebear.params.text, model.scenery, model.vocabulary):
            return scenery
        origin = forebear.parent
    return ""


def _window(picture: Size, region: Rect, model: ModelInfo) -> Rect:
    widest = 1.0 if is_fixed(model) else WIDEST
    if model.vocabulary:
        return region_window(picture, region, CLOSED_ROOM, widest=widest, may_leave=True)
    least = round(min(picture.width, picture.height) * SMALLEST)
    return region_window(picture, _at_least(region, least), ROOM, widest=widest, may_leave=is_fixed(model))


def _at_least(region: Rect, side: int) -> Rect:
    """About the same middle; it may reach beyond the picture."""
    width, height = max(region.width, side), max(region.height, side)
    return Rect(region.left - (width - region.width) // 2, region.top - (height - region.height) // 2, width, height)
