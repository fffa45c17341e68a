"""`/show`: a finished job once more, with fresh buttons."""

import io

import discord
from discord import app_commands

from bot.domain.job import MessageRef, UserId
from bot.ui.answering import Interaction
from bot.ui.render import file_name, render_result
from bot.ui.views.job_actions import result_actions
from bot.usecases.show import move_result, open_job
from bot.usecases.studio import Studio


def add_show(tree: app_commands.CommandTree, studio: Studio) -> None:
    @tree.command(description="Post a finished job of yours again, with fresh buttons")
    @app_commands.describe(job_id="The end of the picture's file name; ✉️ brings it, too")
    async def show(interaction: Interaction, job_id: app_commands.Range[str, 1, 200]) -> None:
        await interaction.response.defer(thinking=True)
        limit = interaction.filesize_limit
        job, file = await open_job(job_id, UserId(interaction.user.id), limit, studio=studio)
        name = file_name(job, file.name.rpartition(".")[2])
        picture = discord.File(io.BytesIO(file.data), name, description=file.description)
        shown = await interaction.edit_original_response(
            content=render_result(job), attachments=[picture], view=result_actions(job)
        )
        await move_result(job, MessageRef(shown.channel.id, shown.id), studio=studio)
