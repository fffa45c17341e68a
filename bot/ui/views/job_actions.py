"""The buttons of a job's messages, with the ids and labels that existing clients build and parse.

A view here is only a way to write components down. It is stopped at once, so that discord.py keeps nothing of it:
presses are routed by their custom id alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.domain.buttons import Action, Button
from bot.domain.canvas import Size, is_same_shape
from bot.domain.job import UPSCALES, Job, JobId, JobKind
from bot.domain.upscalers import Upscaler, offered_upscalers
from bot.words import say

WAND, BRUSH, LENS, FILM, HEART, UP = "🪄", "🖌️", "🔍", "🎞️", "❤️", "⏫"
CHESSBOARD = "🏁"
AGAIN = "🔄"
WIDER, TALLER = "↔️", "↕️"
PANS = {Action.PAN_LEFT: "⬅️", Action.PAN_RIGHT: "➡️", Action.PAN_UP: "⬆️", Action.PAN_DOWN: "⬇️"}

Item = discord.ui.Button[discord.ui.View]


@dataclass(frozen=True, slots=True)
class Layout:
    """`version` is the one whose upscalers are offered where a prompt names none; `address` is that of our own pages,
    empty where there are none.
    """

    version: str = "6.1"
    address: str = ""


USUAL = Layout()


def waiting_actions(job_id: JobId) -> discord.ui.View:
    return written([_button(Button(Action.CANCEL, job_id), "Cancel Job", style=discord.ButtonStyle.danger)])


def region_actions(link: str) -> discord.ui.View:
    return written([discord.ui.Button(label=say("Open the brush"), emoji=BRUSH, url=link)])


def result_actions(job: Job, layout: Layout = USUAL, size: Size | None = None) -> discord.ui.View:
    """`size` is that of a single picture, for a square one is not offered to be made square."""
    if job.is_grid:
        return _grid_actions(job.id)
    if job.kind is JobKind.ANIMATE:
        return written([_button(Button(Action.REROLL, job.id), emoji=AGAIN), *_kept(job, layout, row=0)])
    if job.kind in UPSCALES:
        return _upscaled_actions(job, layout)
    return _single_actions(job, layout, size)


def _grid_actions(job_id: JobId) -> discord.ui.View:
    upscales = [_button(Button(Action.UPSCALE, job_id, n), f"U{n + 1}") for n in range(4)]
    variations = [_button(Button(Action.VARIATION, job_id, n), f"V{n + 1}", row=1) for n in range(4)]
    return written([*upscales, _button(Button(Action.REROLL, job_id), emoji=AGAIN), *variations])


def _single_actions(job: Job, layout: Layout, size: Size | None) -> discord.ui.View:
    upscalers = [_enlarge(job.id, upscaler, "Upscale") for upscaler in _upscalers(job, layout)]
    region = _button(Button(Action.VARY_REGION, job.id), "Vary (Region)", emoji=BRUSH)
    rows = (
        [*upscalers, *_variations(job.id, row=0), region],
        _zooms(job.id, size),
        [_button(Button(action, job.id), emoji=arrow, row=2) for action, arrow in PANS.items()],
        _animations(job.id, row=3),
        _kept(job, layout, row=4),
    )
    return written([button for row in rows for button in row])


def _upscaled_actions(job: Job, layout: Layout) -> discord.ui.View:
    """Upscaling is the last step: nothing can be added around such a picture any more."""
    redo = [_enlarge(job.id, upscaler, "Redo Upscale") for upscaler in _upscalers(job, layout)]
    rows = (redo, _variations(job.id, row=1), _animations(job.id, row=2), _kept(job, layout, row=3))
    return written([button for row in rows for button in row])


def _upscalers(job: Job, layout: Layout) -> tuple[Upscaler, ...]:
    return offered_upscalers(job.params.version, layout.version)


def _enlarge(job_id: JobId, upscaler: Upscaler, verb: str) -> Item:
    return _button(Button(Action.ENLARGE, job_id, how=upscaler.token), f"{verb} ({upscaler.name})", emoji=UP)


def _variations(job_id: JobId, *, row: int) -> list[Item]:
    return [
        _button(Button(Action.VARY_SUBTLE, job_id), "Vary (Subtle)", emoji=WAND, row=row),
        _button(Button(Action.VARY_STRONG, job_id), "Vary (Strong)", emoji=WAND, row=row),
    ]


def _zooms(job_id: JobId, size: Size | None) -> list[Item]:
    zooms = [
        _button(Button(Action.ZOOM_OUT, job_id, how="50"), "Zoom Out 2x", emoji=LENS, row=1),
        _button(Button(Action.ZOOM_OUT, job_id, how="75"), "Zoom Out 1.5x", emoji=LENS, row=1),
        _button(Button(Action.CUSTOM_ZOOM, job_id), "Custom Zoom", emoji=LENS, row=1),
    ]
    if size is None or is_same_shape(size.ratio, 1):
        return zooms
    arrow = TALLER if size.ratio > 1 else WIDER
    return [*zooms, _button(Button(Action.MAKE_SQUARE, job_id), "Make Square", emoji=arrow, row=1)]


def _animations(job_id: JobId, *, row: int) -> list[Item]:
    return [
        _button(Button(Action.ANIMATE, job_id, how=motion), f"Animate ({motion.title()} motion)", emoji=FILM, row=row)
        for motion in ("high", "low")
    ]


def _kept(job: Job, layout: Layout, *, row: int) -> list[Item]:
    """What is done with a picture as it is."""
    items = [_button(Button(Action.BOOKMARK, job.id), emoji=HEART, row=row)]
    if job.params.tile and job.kind is not JobKind.ANIMATE:
        items.append(_button(Button(Action.SHOW_REPEATED, job.id), "Show 2x2", emoji=CHESSBOARD, row=row))
    if layout.address:
        items.append(discord.ui.Button(label="Web", url=f"{layout.address.rstrip('/')}/jobs/{job.id}", row=row))
    return items


def _button(
    button: Button,
    label: str | None = None,
    *,
    emoji: str | None = None,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    row: int = 0,
) -> Item:
    return discord.ui.Button(style=style, label=label, custom_id=button.custom_id, emoji=emoji, row=row)


def written(items: Sequence[discord.ui.Item[discord.ui.View]]) -> discord.ui.View:
    """A view that is sent, not kept."""
    view = discord.ui.View(timeout=None)
    for item in items:
        view.add_item(item)
    view.stop()
    return view


def pressed_actions(message: discord.Message, custom_id: str) -> discord.ui.View | None:
    """The message's own buttons with the pressed one blue; None when there is nothing to colour."""
    view = discord.ui.View.from_message(message, timeout=None)
    pressed = [item for item in view.children if isinstance(item, discord.ui.Button) and item.custom_id == custom_id]
    for item in pressed:
        item.style = discord.ButtonStyle.primary
    view.stop()
    return view if pressed else None
