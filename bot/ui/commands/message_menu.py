"""What Discord offers under a message's "Apps": the same as reactions do, for those who find a menu easier."""

import discord
from discord import app_commands

from bot.domain.errors import JobGone
from bot.domain.job import Job, UserId
from bot.ui.answering import Interaction
from bot.ui.commands.places import in_servers
from bot.ui.known_jobs import find_job_of
from bot.usecases.cancel import cancel_job
from bot.usecases.keep import send_by_dm
from bot.usecases.report import report_job
from bot.usecases.studio import Studio
from bot.words import say


def add_message_menu(tree: app_commands.CommandTree, studio: Studio) -> None:
    @tree.context_menu(name="Cancel Job")
    async def cancel(interaction: Interaction, message: discord.Message) -> None:
        job = await _job_of(message, studio)
        await cancel_job(job.id, UserId(interaction.user.id), studio=studio)
        await interaction.response.send_message(say("The job is cancelled."), ephemeral=True)

    @tree.context_menu(name="DM Results")
    async def send(interaction: Interaction, message: discord.Message) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        job = await _job_of(message, studio)
        await send_by_dm(job.id, UserId(interaction.user.id), studio=studio)
        await interaction.edit_original_response(content=say("Sent. Look into your direct messages."))

    @tree.context_menu(name="Report Job")
    @in_servers
    async def report(interaction: Interaction, message: discord.Message) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        job = await _job_of(message, studio)
        is_new = await report_job(job, UserId(interaction.user.id), studio=studio)
        thanks = say("Thank you. Whoever runs this studio will see it.")
        said = thanks if is_new else say("You have reported this job already.")
        await interaction.edit_original_response(content=said)


async def _job_of(message: discord.Message, studio: Studio) -> Job:
    job = await find_job_of(message, studio=studio)
    if job is None:
        raise JobGone
    return job
