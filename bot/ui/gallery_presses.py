"""Showing a gallery to one member: a page, a picture in full, the way into the trash and out of it."""

import io
from typing import assert_never

import discord

from bot.domain.job import Job, JobId, UserId
from bot.domain.prompt.links import name_links
from bot.domain.said import Said
from bot.pictures import extension_of
from bot.ui.answering import Interaction, door_of, in_time
from bot.ui.commands.show import show_job
from bot.ui.errors import error_embed
from bot.ui.render import file_name
from bot.ui.render_gallery import SHEET_NAME, list_prompts, page_embed, picture_embed
from bot.ui.views.gallery_pages import (
    GalleryButton,
    MoveJob,
    OpenPicture,
    ShowJob,
    TurnPage,
    page_actions,
    picture_actions,
)
from bot.ui.views.job_actions import Layout
from bot.usecases.browse import browse_gallery, open_picture, open_thumbnails
from bot.usecases.keep import restore_job, trash_job
from bot.usecases.studio import Studio
from bot.words import say

ALT_TEXT_LIMIT = 1_024


async def press_gallery(interaction: Interaction, button: GalleryButton, *, studio: Studio, layout: Layout) -> None:
    match button:
        case TurnPage():
            await interaction.response.defer()
            await show_page(interaction, button, studio=studio)
        case OpenPicture():
            await interaction.response.defer(ephemeral=True, thinking=True)
            await _show_picture(interaction, button, studio)
        case ShowJob(job_id):
            await show_job(interaction, job_id, studio=studio, layout=layout)
        case MoveJob(job_id, into_trash):
            await _move(interaction, job_id, into_trash, studio)
        case _:
            assert_never(button)


async def show_page(interaction: Interaction, turn: TurnPage, *, studio: Studio) -> None:
    """Fill the deferred message, or the one whose arrow was pressed."""
    page = await browse_gallery(turn.query_of(UserId(interaction.user.id)), turn.number, studio=studio)
    embed, view = page_embed(page, turn), page_actions(page, turn)
    if not page.pictures:
        await interaction.edit_original_response(embed=embed, view=None, attachments=[])
        return
    sheet = await open_thumbnails(page, studio=studio)
    alt_text = "; ".join(f"{places}: {name_links(prompt)}" for places, prompt in list_prompts(page))
    file = discord.File(io.BytesIO(sheet), SHEET_NAME, description=alt_text[:ALT_TEXT_LIMIT])
    await interaction.edit_original_response(embed=embed, view=view, attachments=[file])


async def _show_picture(interaction: Interaction, button: OpenPicture, studio: Studio) -> None:
    viewer_id = UserId(interaction.user.id)
    opened = await open_picture(button.ref, viewer_id, studio=studio)
    if len(opened.data) > interaction.filesize_limit:
        sentence = Said("This picture is larger than Discord takes here. React with ✉️ to its message to get it.")
        await interaction.edit_original_response(embed=error_embed(say("Picture too large"), sentence))
        return
    picture = opened.picture
    file = discord.File(
        io.BytesIO(opened.data),
        file_name(opened.job, extension_of(opened.data)),
        description=name_links(picture.prompt)[:ALT_TEXT_LIMIT],
    )
    view = _picture_actions(interaction, opened.job, is_trashed=picture.trashed_at is not None)
    await interaction.edit_original_response(embed=picture_embed(opened), attachments=[file], view=view)


async def _move(interaction: Interaction, job_id: JobId, into_trash: bool, studio: Studio) -> None:
    """The button turns into its opposite."""
    move = trash_job if into_trash else restore_job
    job = await in_time(interaction, move(job_id, UserId(interaction.user.id), studio=studio), thinking=False)
    view = _picture_actions(interaction, job, is_trashed=into_trash)
    if interaction.response.is_done():
        await interaction.edit_original_response(view=view)
    else:
        await interaction.response.edit_message(view=view)


def _picture_actions(interaction: Interaction, job: Job, *, is_trashed: bool) -> discord.ui.View | None:
    """Where the bot is no member it could not take back what it posted."""
    viewer_id, can_show = UserId(interaction.user.id), door_of(interaction) is None
    return picture_actions(job, viewer_id, is_trashed=is_trashed, can_show=can_show)
