"""`/show`: a finished job once more, with fresh buttons."""

from discord import app_commands

from bot.domain.job import MessageRef, UserId
from bot.ui.answering import Interaction, drawing_place_of, in_time
from bot.ui.render import render_result
from bot.ui.shown_result import result_file, result_view
from bot.ui.views.job_actions import Layout
from bot.usecases.placing import make_file
from bot.usecases.show import find_job, move_result
from bot.usecases.studio import Studio


def add_show(tree: app_commands.CommandTree, studio: Studio, layout: Layout) -> None:
    @tree.command(description="Post a finished job of yours again, with fresh buttons")
    @app_commands.describe(job_id="The end of the picture's file name; ✉️ brings it, too")
    async def show(interaction: Interaction, job_id: app_commands.Range[str, 1, 200]) -> None:
        await show_job(interaction, job_id, studio=studio, layout=layout)


async def show_job(interaction: Interaction, typed: str, *, studio: Studio, layout: Layout) -> None:
    """As the answer to a command or to a press. A job that cannot be shown is told to its member alone."""
    drawing_place_of(interaction)  # its buttons draw here
    job = await in_time(interaction, find_job(typed, UserId(interaction.user.id), studio=studio))
    if not interaction.response.is_done():
        await interaction.response.defer(thinking=True)
    file = await make_file(job, interaction.filesize_limit, studio)
    shown = await interaction.edit_original_response(
        content=render_result(job),
        attachments=[result_file(job, file)],
        view=result_view(job, file, layout),
    )
    await move_result(job, MessageRef(shown.channel.id, shown.id), studio=studio)
