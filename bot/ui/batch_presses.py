"""What a member answers when several jobs were asked for at once: yes, another prompt, or no."""

import discord
import structlog

from bot.domain.batch import BatchId
from bot.domain.job import Job
from bot.ui.answering import (
    Interaction,
    begin,
    drawing_place_of,
    in_time,
    place_of,
    post_waiting,
    queued_notice,
    tell_notices,
)
from bot.ui.posting import LINE_TROUBLE
from bot.ui.views.batch import FIELD, Answer, BatchButton, batch_actions, batch_content, batch_form
from bot.usecases.studio import Studio
from bot.usecases.submit_imagine import (
    BatchQuestion,
    Submitted,
    cancel_batch,
    confirm_batch,
    edit_batch,
    read_batch,
)
from bot.words import say, say_counted

log = structlog.get_logger(__name__)


async def ask_about_batch(interaction: Interaction, question: BatchQuestion) -> None:
    """For the member alone, unless the answer was already announced to everybody."""
    content, view = batch_content(question), batch_actions(question)
    if interaction.response.is_done():
        await interaction.edit_original_response(content=content, view=view)
    else:
        await interaction.response.send_message(content, view=view, ephemeral=True)


async def press_batch(interaction: Interaction, button: BatchButton, *, studio: Studio) -> None:
    place = place_of(interaction)
    match button.answer:
        case Answer.YES:
            work = confirm_batch(button.batch_id, drawing_place_of(interaction), studio=studio)
            await _draw(interaction, await in_time(interaction, work, thinking=False), studio)
        case Answer.EDIT:
            batch = await read_batch(button.batch_id, place, studio=studio)
            await interaction.response.send_modal(batch_form(batch))
        case Answer.NO:
            await in_time(interaction, cancel_batch(button.batch_id, place, studio=studio), thinking=False)
            await _replace(interaction, say("Nothing is drawn."), None)


async def submit_batch_form(
    interaction: Interaction, batch_id: BatchId, fields: dict[str, str], *, studio: Studio
) -> None:
    work = edit_batch(batch_id, fields.get(FIELD, ""), drawing_place_of(interaction), studio=studio)
    outcome = await in_time(interaction, work, thinking=False)
    match outcome:
        case BatchQuestion():
            await _replace(interaction, batch_content(outcome), batch_actions(outcome))
        case Submitted():
            await _draw(interaction, outcome, studio)


async def _draw(interaction: Interaction, submitted: Submitted, studio: Studio) -> None:
    """The jobs are written down. Whether Discord takes the answer or not, they are shown and begin."""
    told = say_counted("Your job is on its way.", "{count} jobs are on their way.", count=len(submitted.jobs))
    try:
        await _replace(interaction, told, None)
    except (discord.HTTPException, *LINE_TROUBLE) as trouble:
        log.warning("batch not answered", interaction=interaction.id, why=str(trouble))
    await show_all(interaction, submitted.jobs, studio=studio)
    await tell_notices(interaction, submitted.notices)


async def show_all(interaction: Interaction, jobs: tuple[Job, ...], *, studio: Studio) -> None:
    for job in jobs:
        notice = await queued_notice(job, studio=studio)
        await begin(job, await post_waiting(interaction.client, job, notice), studio=studio)


async def _replace(interaction: Interaction, content: str, view: discord.ui.View | None) -> None:
    """The question gives way to what came of it."""
    if interaction.response.is_done():
        await interaction.edit_original_response(content=content, view=view)
    else:
        await interaction.response.edit_message(content=content, view=view)
