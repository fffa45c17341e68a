"""Where a press of a button goes, decided by its custom id alone, so that buttons work after any restart."""

import asyncio
import io

import discord
import structlog

from bot.domain.buttons import Action, Button, parse_button
from bot.domain.job import JobId, MessageRef, PictureRef
from bot.domain.settings_buttons import is_setting
from bot.pictures import fit_bytes
from bot.ui.answering import Interaction, drawing_place_of, in_time, noticed, place_of, show_waiting
from bot.ui.batch_presses import press_batch
from bot.ui.errors import UnknownButton
from bot.ui.gallery_presses import press_gallery
from bot.ui.posting import LINE_TROUBLE, message_at
from bot.ui.render import REGION_TEXT, render_liked, render_mask_help
from bot.ui.settings_presses import press_settings
from bot.ui.suggestion_presses import press_suggestion
from bot.ui.views.batch import parse_batch_button
from bot.ui.views.gallery_pages import parse_gallery_button
from bot.ui.views.job_actions import Layout, pressed_actions, region_actions
from bot.ui.views.press_form import press_form
from bot.ui.views.suggestions import parse_suggestion_button
from bot.usecases.browse import open_repeated
from bot.usecases.cancel import cancel_job
from bot.usecases.keep import like_job
from bot.usecases.open_form import open_form
from bot.usecases.region_page import open_page
from bot.usecases.studio import Studio
from bot.usecases.submit_press import submit_press
from bot.words import say, spoken

log = structlog.get_logger(__name__)


async def press(interaction: Interaction, custom_id: str, *, studio: Studio, layout: Layout) -> None:
    """Raises a `StudioError` for the member; `UnknownButton` when the id is not one of ours."""
    if button := parse_button(custom_id):
        await _press_job(interaction, button, studio)
    elif gallery_button := parse_gallery_button(custom_id):
        await press_gallery(interaction, gallery_button, studio=studio, layout=layout)
    elif batch_button := parse_batch_button(custom_id):
        await press_batch(interaction, batch_button, studio=studio)
    elif suggestion_button := parse_suggestion_button(custom_id):
        await press_suggestion(interaction, suggestion_button, studio=studio)
    elif is_setting(custom_id):
        await press_settings(interaction, custom_id, studio=studio)
    else:
        raise UnknownButton


async def _press_job(interaction: Interaction, button: Button, studio: Studio) -> None:
    match button.action:
        case Action.CANCEL:
            await _press_cancel(interaction, button.job_id, studio)
        case Action.BOOKMARK:
            await _press_bookmark(interaction, button, studio)
        case Action.VARY_REGION:
            await _press_region(interaction, button, studio)
        case Action.SHOW_REPEATED:
            await _press_repeated(interaction, button, studio)
        case _:
            await _press_picture(interaction, button, studio)


async def _press_region(interaction: Interaction, button: Button, studio: Studio) -> None:
    """Discord has no brush: a page of ours has one, or the member brings a mask of their own."""
    place, message = drawing_place_of(interaction), interaction.message
    if message is None:
        raise UnknownButton
    await open_page(PictureRef(button.job_id, button.index), place.user_id, studio=studio)  # or it is refused here
    if studio.region_links is None:
        await interaction.response.send_message(render_mask_help(button.job_id), ephemeral=True)
        return
    link = studio.region_links.link(button, place, MessageRef(place.channel_id, message.id))
    await interaction.response.send_message(spoken(REGION_TEXT), view=region_actions(link), ephemeral=True)


async def _press_repeated(interaction: Interaction, button: Button, studio: Studio) -> None:
    """For whoever presses alone: it is no new picture."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    ref = PictureRef(button.job_id, button.index)
    data = await open_repeated(ref, place_of(interaction).user_id, studio=studio)
    data, extension = await asyncio.to_thread(fit_bytes, data, interaction.filesize_limit)
    file = discord.File(io.BytesIO(data), f"2x2.{extension}", description=say("The picture repeated, two by two"))
    await interaction.edit_original_response(attachments=[file])


async def _press_bookmark(interaction: Interaction, button: Button, studio: Studio) -> None:
    place = place_of(interaction)
    liked = like_job(button.job_id, place.user_id, place.user_name, studio=studio)
    job = await in_time(interaction, liked, thinking=False)
    await _say(interaction, render_liked(job))
    if interaction.message is not None:
        pressed = MessageRef(place.channel_id, interaction.message.id)
        await _colour_pressed(interaction.client, interaction.message, pressed, button.custom_id)


async def _say(interaction: Interaction, sentence: str) -> None:
    """To the member alone."""
    if interaction.response.is_done():
        await interaction.followup.send(sentence, ephemeral=True)
    else:
        await interaction.response.send_message(sentence, ephemeral=True)


async def _press_cancel(interaction: Interaction, job_id: JobId, studio: Studio) -> None:
    """The message itself will tell: it becomes the stopped one."""
    place = place_of(interaction)
    await in_time(interaction, cancel_job(job_id, place.user_id, studio=studio), thinking=False)
    if not interaction.response.is_done():
        await interaction.response.defer()


async def _press_picture(interaction: Interaction, button: Button, studio: Studio) -> None:
    place, message = drawing_place_of(interaction), interaction.message
    if message is None:
        raise UnknownButton
    if form := await open_form(button, place, studio=studio):
        await interaction.response.send_modal(press_form(button, message.id, form.prompt))
        return
    await go_on(interaction, button, studio=studio)


async def go_on(
    interaction: Interaction, button: Button, *, studio: Studio, wording: str | None = None, mask_key: str = ""
) -> None:
    """From a press, or from the form that it opened, to a job and its waiting message."""
    place, message = drawing_place_of(interaction), interaction.message
    if message is None:
        raise UnknownButton
    pressed = MessageRef(place.channel_id, message.id)
    work = submit_press(button, place, pressed, studio=studio, wording=wording, mask_key=mask_key)
    job, notice = await in_time(interaction, noticed(work, studio=studio))
    await show_waiting(interaction, job, notice, studio=studio)
    await _colour_pressed(interaction.client, message, pressed, button.custom_id)


async def _colour_pressed(
    client: discord.Client, message: discord.Message, pressed: MessageRef, custom_id: str
) -> None:
    """A kindness to the eye, of no consequence when it fails."""
    view = pressed_actions(message, custom_id)
    if view is None or message.flags.ephemeral:
        return
    try:
        await message_at(client, pressed).edit(view=view)
    except (discord.HTTPException, discord.RateLimited, *LINE_TROUBLE) as trouble:
        log.info("pressed button not coloured", message=message.id, why=str(trouble))
