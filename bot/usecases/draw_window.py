"""One window of the job's sheets, drawn by the model: one request, a row for each sheet."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.domain.canvas import Rect, Size, window_size
from bot.pictures.sheet import Sheet, mask_window, put_window, show_drawn, show_window, shrink
from bot.usecases.attempt import Attempt, Stretch
from bot.usecases.requests import make_enlargement
from engine.protocol import GenerateRequest, InitImage, ModelInfo, Pixels

PREVIEW_PIXELS = 256
WORTH_ENLARGING = 1.4
"""How much smaller than the canvas a window may be drawn before it looks soft beside the old picture."""


@dataclass(frozen=True, slots=True)
class Brush:
    """How the unknown is asked for: `told` has the words and the seeds, `strength` says how far the model may go from
    the guess, and `reach` how far from the seam colours are matched, as a share of the window. One that `is_blind` is
    not shown the picture; of one that `keeps_guess` only that is taken which fits the guess.
    """

    model: ModelInfo
    told: GenerateRequest
    strength: float
    reach: float
    is_blind: bool = False
    keeps_guess: bool = False


def is_fixed(model: ModelInfo) -> bool:
    """Whether it draws one size only."""
    return model.max_pixels == 0


async def draw_window(
    attempt: Attempt, brush: Brush, sheets: Sequence[Sheet], window: Rect, stretch: Stretch
) -> list[Sheet]:
    """The sheets with the window known. Raises `RequestFailed` or `RequestCancelled`."""
    request = await asyncio.to_thread(_ask_for, brush, sheets, window)
    small = await asyncio.to_thread(_shrink_all, sheets)

    def show(previews: Sequence[Pixels]) -> list[Pixels]:
        return [
            show_drawn(sheet, preview, window, sheets[0].size) for sheet, preview in zip(small, previews, strict=True)
        ]

    stages = Stretch(stretch.at(0.0), stretch.at(0.8)), Stretch(stretch.at(0.8), stretch.at(1.0))
    drawn = await attempt.ask(request, stages[0], show)
    if window.width >= drawn[0].width * WORTH_ENLARGING:
        drawn = await _enlarge(attempt, drawn, stages[1])
    puts = (
        asyncio.to_thread(put_window, sheet, window, pixels, brush.reach, keeps_guess=brush.keeps_guess)
        for sheet, pixels in zip(sheets, drawn, strict=True)
    )
    return list(await asyncio.gather(*puts))


async def _enlarge(attempt: Attempt, drawn: Sequence[Pixels], stretch: Stretch) -> tuple[Pixels, ...]:
    """As sharp as the old picture beside it."""
    large: list[Pixels] = []
    for number, pixels in enumerate(drawn):
        large += await attempt.ask(make_enlargement(attempt, pixels, 2), stretch.part(number, len(drawn)))
    return tuple(large)


def _ask_for(brush: Brush, sheets: Sequence[Sheet], window: Rect) -> GenerateRequest:
    """Sheets that are one and the same are sent once. The known part is the same on all."""
    native = Size(brush.model.width, brush.model.height)
    size = window_size(window.size, native, is_fixed=is_fixed(brush.model))
    request = replace(brush.told, width=size.width, height=size.height, tile=False)
    if brush.is_blind:
        return request
    request = replace(request, mask=mask_window(sheets[0], window, size))
    if all(sheet is sheets[0] for sheet in sheets):
        return replace(request, init_image=InitImage(show_window(sheets[0], window, size), brush.strength))
    starts = tuple(InitImage(show_window(sheet, window, size), brush.strength) for sheet in sheets)
    return replace(request, init_images=starts)


def _shrink_all(sheets: Sequence[Sheet]) -> list[Sheet]:
    return [shrink(sheet, PREVIEW_PIXELS) for sheet in sheets]


def at_least_one_step(strength: float, steps: int | None) -> float:
    """Models walk a whole number of steps, rounded down; none at all would draw nothing."""
    return max(strength, (1 + 1e-6) / steps) if steps else strength
