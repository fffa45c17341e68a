"""`/imagine`: words in, a job with its waiting message out, or the question whether several are meant."""

import discord
from discord import app_commands

from bot.domain.place import Place
from bot.ui.answering import Interaction, drawing_place_of, in_time, queued_notice, show_waiting, tell_notices
from bot.ui.batch_presses import ask_about_batch
from bot.ui.commands.places import everywhere
from bot.usecases.studio import Studio
from bot.usecases.submit_imagine import BatchQuestion, Submitted, submit_imagine


def add_imagine(tree: app_commands.CommandTree, studio: Studio) -> None:
    @tree.command(description="Draw four pictures from a prompt")
    @everywhere
    @app_commands.describe(prompt="What to draw, and parameters such as --ar 3:2")
    async def imagine(interaction: Interaction, prompt: str) -> None:
        outcome, notice = await in_time(interaction, _submit(prompt, drawing_place_of(interaction), studio))
        if isinstance(outcome, BatchQuestion):
            await ask_about_batch(interaction, outcome)
            return
        [job] = outcome.jobs
        await show_waiting(interaction, job, notice, studio=studio)
        await tell_notices(interaction, outcome.notices)


async def _submit(prompt: str, place: Place, studio: Studio) -> tuple[Submitted | BatchQuestion, discord.Embed | None]:
    outcome = await submit_imagine(prompt, place, studio=studio)
    if isinstance(outcome, BatchQuestion):
        return outcome, None
    return outcome, await queued_notice(outcome.jobs[0], studio=studio)
