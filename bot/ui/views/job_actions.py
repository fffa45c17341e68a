"""The buttons of a job's messages, with the ids and labels that existing clients build and parse.

A view here is only a way to write components down. It is stopped at once, so that discord.py keeps nothing of it:
presses are routed by their custom id alone.
"""

from collections.abc import Sequence

import discord

from bot.domain.buttons import Action, Button
from bot.domain.job import Job, JobId

WAND = "🪄"
AGAIN = "🔄"


def waiting_actions(job_id: JobId) -> discord.ui.View:
    return written([_button(Button(Action.CANCEL, job_id), "Cancel Job", style=discord.ButtonStyle.danger)])


def result_actions(job: Job) -> discord.ui.View:
    return _grid_actions(job.id) if job.is_grid else _single_actions(job.id)


def _grid_actions(job_id: JobId) -> discord.ui.View:
    upscales = [_button(Button(Action.UPSCALE, job_id, n), f"U{n + 1}") for n in range(4)]
    variations = [_button(Button(Action.VARIATION, job_id, n), f"V{n + 1}", row=1) for n in range(4)]
    return written([*upscales, _button(Button(Action.REROLL, job_id), emoji=AGAIN), *variations])


def _single_actions(job_id: JobId) -> discord.ui.View:
    subtle = _button(Button(Action.VARY_SUBTLE, job_id), "Vary (Subtle)", emoji=WAND)
    strong = _button(Button(Action.VARY_STRONG, job_id), "Vary (Strong)", emoji=WAND)
    return written([subtle, strong])


def _button(
    button: Button,
    label: str | None = None,
    *,
    emoji: str | None = None,
    style: discord.ButtonStyle = discord.ButtonStyle.secondary,
    row: int = 0,
) -> discord.ui.Button[discord.ui.View]:
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
