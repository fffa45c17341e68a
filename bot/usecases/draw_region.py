"""Vary (Region): a marked part of the picture is drawn anew. Outside it every pixel stays."""

import asyncio

from bot.domain.canvas import Rect, Size, region_window
from bot.pictures.masks import bounds_of, load_mask
from bot.pictures.sheet import erase
from bot.usecases.attempt import WHOLE, Attempt
from bot.usecases.draw_beyond import WIDEST
from bot.usecases.draw_window import Brush, draw_window, is_fixed
from bot.usecases.requests import make_request, model_of
from engine.protocol import ModelInfo, Pixels

STRENGTH = 1.0
REACH = 0.1
"""How far from the seam colours are matched, as a share of the window: what was asked for keeps its own beyond that."""

ROOM = 2.0
"""How much more than the region a model sees, so that it draws what fits in."""

SMALLEST = 1 / 6
"""What is smaller than this share of the picture is looked at as if it were this large."""

CLOSED_ROOM = 4 / 3
"""A model with a closed vocabulary draws things in the middle, over three quarters of its picture."""


async def draw_region(attempt: Attempt) -> tuple[Pixels, ...]:
    """Raises `RequestFailed`, `RequestCancelled`, `JobGone` or `CannotDraw`."""
    job, model, picture = attempt.job, model_of(attempt), await attempt.read_source()
    region = await asyncio.to_thread(load_mask, await attempt.studio.store.get(job.operation.mask_key))
    window = _window(Size(picture.width, picture.height), bounds_of(region), model)
    told, strength = make_request(attempt), job.operation.strength
    brush = Brush(model, told, STRENGTH if strength is None else strength, REACH)
    sheets = [await asyncio.to_thread(erase, picture, region)] * job.picture_count
    return tuple(sheet.pixels for sheet in await draw_window(attempt, brush, sheets, window, WHOLE))


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
