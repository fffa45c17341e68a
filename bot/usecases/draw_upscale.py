"""Upscale (Subtle): a network enlarges the picture and invents nothing. Upscale (Creative): the model then draws the
enlarged picture over once more, tile by tile, with new detail. A model that looks at references is shown them again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from bot.domain.canvas import Rect, Size, is_same_shape, plan_tiles
from bot.domain.said import Said
from bot.domain.size import round_up
from bot.pictures.repeats import close_round, go_round
from bot.pictures.tiles import cut_tiles, lay_tiles, show_tiles
from bot.usecases.attempt import WHOLE, Attempt, Stretch
from bot.usecases.draw_window import at_least_one_step, is_fixed
from bot.usecases.references import with_looked_at
from bot.usecases.requests import make_enlargement, make_request, model_of
from engine.protocol import GenerateRequest, InitImage, ModelInfo, Pixels

STRENGTH = 0.3
"""How much a model may change. It sees a tile alone, so with more it would repeat the subject."""

TILES_PER_REQUEST = 4

MARGIN_PART = 16
"""Of the shorter side of a picture that repeats."""

GoOn = Callable[[Pixels], Awaitable[Pixels]]


async def upscale(attempt: Attempt) -> Pixels:
    """Raises `RequestFailed`, `RequestCancelled` or `JobGone`."""
    return await _enlarge(attempt, await attempt.read_source(), WHOLE)


async def upscale_creatively(attempt: Attempt) -> Pixels:
    """A model that draws one size only draws the picture over before it is enlarged: a tile would say too little to it.

    Raises `RequestFailed`, `RequestCancelled`, `JobGone` or `CannotDraw`.
    """
    source, model = await attempt.read_source(), model_of(attempt)
    if is_fixed(model):
        redrawn = await _redraw_whole(attempt, source, model, Stretch(0.0, 0.7))
        return await _enlarge(attempt, redrawn, Stretch(0.7, 1.0))

    async def redraw(large: Pixels) -> Pixels:
        return await _redraw_tiles(attempt, large, model, Stretch(0.3, 1.0))

    return await _enlarge(attempt, source, Stretch(0.0, 0.3), redraw)


async def _enlarge(attempt: Attempt, source: Pixels, stretch: Stretch, go_on: GoOn | None = None) -> Pixels:
    """What repeats is enlarged with a margin of its repetition, or its edges would not meet any more."""
    scale, repeats = attempt.job.operation.scale, attempt.job.params.tile
    margin = min(source.width, source.height) // MARGIN_PART if repeats else 0
    request = make_enlargement(attempt, await asyncio.to_thread(go_round, source, margin), scale)
    [large] = await attempt.ask(request, stretch)
    return await asyncio.to_thread(close_round, await go_on(large) if go_on else large, margin * scale)


async def _redraw_whole(attempt: Attempt, source: Pixels, model: ModelInfo, stretch: Stretch) -> Pixels:
    told = await with_looked_at(attempt, make_request(attempt))
    if not is_same_shape(source.width / source.height, model.width / model.height):
        attempt.note(
            Said("{model} draws squares only, so this shape was enlarged without new detail.", model=model.name)
        )
        return source
    start = InitImage(source, _strength(attempt, STRENGTH, told.steps))
    request = replace(told, width=model.width, height=model.height, init_image=start)
    [redrawn] = await attempt.ask(request, stretch)
    return redrawn


async def _redraw_tiles(attempt: Attempt, large: Pixels, model: ModelInfo, stretch: Stretch) -> Pixels:
    tiles = plan_tiles(Size(large.width, large.height), Size(model.width, model.height))
    groups = [tiles[first : first + TILES_PER_REQUEST] for first in range(0, len(tiles), TILES_PER_REQUEST)]
    told = await with_looked_at(attempt, make_request(attempt))
    drawn: list[Pixels] = []
    for number, group in enumerate(groups):
        drawn += await _redraw_group(attempt, told, large, group, stretch.part(number, len(groups)))
    return await asyncio.to_thread(lay_tiles, large, tiles, drawn)


async def _redraw_group(
    attempt: Attempt, told: GenerateRequest, large: Pixels, tiles: Sequence[Rect], stretch: Stretch
) -> tuple[Pixels, ...]:
    """One request, a row for each tile."""
    seed = attempt.job.params.seed
    strength = _strength(attempt, STRENGTH, told.steps)
    request = replace(
        told,
        seeds=tuple((seed + tile.top * large.width + tile.left) % 2**32 for tile in tiles),
        width=round_up(tiles[0].width),
        height=round_up(tiles[0].height),
        init_images=tuple(InitImage(pixels, strength) for pixels in await asyncio.to_thread(cut_tiles, large, tiles)),
        tile=False,
    )
    return await attempt.ask(request, stretch, lambda previews: [show_tiles(large, tiles, previews)])


def _strength(attempt: Attempt, usual: float, steps: int | None) -> float:
    chosen = attempt.job.operation.strength
    return at_least_one_step(usual if chosen is None else chosen, steps)
