"""`/imagine`: words in, a job with its waiting message out."""

from discord import app_commands

from bot.ui.answering import Interaction, begin, in_time, place_of, post_waiting, show_waiting, tell_notices
from bot.usecases.studio import Studio
from bot.usecases.submit_imagine import submit_imagine


def add_imagine(tree: app_commands.CommandTree, studio: Studio) -> None:
    @tree.command(description="Draw four pictures from a prompt")
    @app_commands.describe(prompt="What to draw, and parameters such as --ar 3:2")
    async def imagine(interaction: Interaction, prompt: str) -> None:
        submitted = await in_time(interaction, submit_imagine(prompt, place_of(interaction), studio=studio))
        first, *others = submitted.jobs
        await show_waiting(interaction, first, studio=studio)
        for job in others:
            await begin(job, await post_waiting(interaction.client, job), studio=studio)
        await tell_notices(interaction, submitted.notices)
