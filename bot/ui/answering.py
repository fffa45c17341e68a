"""Answering an interaction within Discord's three seconds, and showing the job that came of it.

A job is in the database before it is shown. So nothing that goes wrong here may lose it: at worst it is drawn without
a waiting message, and its result comes as a message of its own.
"""

import asyncio
from collections.abc import Awaitable, Coroutine, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import discord
import structlog

from bot.domain.errors import NotAllowed
from bot.domain.job import Door, Job, MessageRef, UserId
from bot.domain.place import Place
from bot.ui.job_messages import post_for
from bot.ui.posting import LINE_TROUBLE
from bot.ui.render import MESSAGE_LIMIT, render_waiting
from bot.ui.render_queue import queued_embed
from bot.ui.views.job_actions import waiting_actions
from bot.usecases.admission import attach_waiting_message
from bot.usecases.ports import DeliveryError
from bot.usecases.room import find_waiting
from bot.usecases.studio import Studio
from bot.words import spoken

log = structlog.get_logger(__name__)

Interaction = discord.Interaction[discord.Client]
T = TypeVar("T")

DOOR_STAYS_OPEN = timedelta(minutes=14, seconds=30)
"""Discord takes an interaction's token for 15 minutes; the rest is for the way there."""

PATIENCE_SECONDS = 2.0
"""Discord gives three for the first response; one is for the way there and back."""


def place_of(interaction: Interaction) -> Place:
    if interaction.channel_id is None:
        raise NotAllowed("This works in a channel or in direct messages with me.")
    user = interaction.user
    return Place(
        UserId(user.id),
        user.name,
        interaction.channel_id,
        interaction.guild_id,
        role_ids(user),
        door_of(interaction),
        str(interaction.locale),
    )


def door_of(interaction: Interaction) -> Door | None:
    """None where the bot may write by itself: in servers that it was added to, and in direct messages with it."""
    if interaction.is_guild_integration() or interaction.context.dm_channel:
        return None
    return Door(interaction.token, interaction.created_at + DOOR_STAYS_OPEN)


def drawing_place_of(interaction: Interaction) -> Place:
    """Where new pictures will be shown. Raises `NotAllowed` where the bot may not post them: better now than when they
    are drawn. Where it is no member it answers by the interaction's leave."""
    place = place_of(interaction)
    if place.door is None and place.guild_id is not None:
        check_may_post(interaction.app_permissions, is_thread=isinstance(interaction.channel, discord.Thread))
    return place


def check_may_post(may: discord.Permissions, *, is_thread: bool) -> None:
    """Raises `NotAllowed`."""
    writes = may.send_messages_in_threads if is_thread else may.send_messages
    if not (writes and may.attach_files):
        raise NotAllowed("I may not write or attach files in this channel. Allow it, or use another one.")


def role_ids(user: discord.User | discord.Member | None) -> frozenset[int]:
    """Plans may come with roles, which people have in servers only."""
    return frozenset(role.id for role in user.roles) if isinstance(user, discord.Member) else frozenset()


async def in_time(interaction: Interaction, work: Coroutine[Any, Any, T], *, thinking: bool = True) -> T:
    """The result of `work`. If that takes long, Discord is told first that an answer will follow.

    `thinking` announces a new message; without it a pressed message stays as it is.
    """
    task = asyncio.create_task(work)
    try:
        done, _ = await asyncio.wait({task}, timeout=PATIENCE_SECONDS)
        if not done:
            await _defer(interaction, thinking)
        return await task
    finally:
        task.cancel()


async def answer_alone(interaction: Interaction, work: Awaitable[str]) -> None:
    """The text that `work` gives, for the member alone.

    Deferred even where that is quick: client programs wait for the edit of a deferred reply.
    """
    await interaction.response.defer(ephemeral=True, thinking=True)
    await interaction.edit_original_response(content=(await work)[:MESSAGE_LIMIT])


async def _defer(interaction: Interaction, thinking: bool) -> None:
    try:
        await interaction.response.defer(thinking=thinking)
    except (discord.HTTPException, *LINE_TROUBLE) as trouble:
        log.warning("interaction not deferred", interaction=interaction.id, why=str(trouble))


async def show_waiting(
    interaction: Interaction, job: Job, notice: discord.Embed | None = None, *, studio: Studio
) -> None:
    """Answer with the job's waiting message, remember which message that is, and let the work begin."""
    message = await _answer(interaction, job, notice)
    await begin(job, message, studio=studio)


async def noticed(work: Awaitable[Job], *, studio: Studio) -> tuple[Job, discord.Embed | None]:
    """A new job, and what tells its member that it waits for another of their own to end."""
    job = await work
    return job, await queued_notice(job, studio=studio)


async def queued_notice(job: Job, *, studio: Studio) -> discord.Embed | None:
    waiting = await find_waiting(job, studio=studio)
    if waiting is None:
        return None
    studio.notices.say(job.id, waiting)
    return queued_embed(job, waiting)


async def begin(job: Job, message: MessageRef | None, *, studio: Studio) -> None:
    if message is None:
        studio.wake()
    else:
        await attach_waiting_message(job.id, message, studio=studio)


async def _answer(interaction: Interaction, job: Job, notice: discord.Embed | None) -> MessageRef | None:
    content, view, embeds = render_waiting(job), waiting_actions(job.id), [notice] if notice else []
    message_id: int | None
    try:
        if interaction.response.is_done():
            message_id = (await interaction.edit_original_response(content=content, embeds=embeds, view=view)).id
        else:
            message_id = (await interaction.response.send_message(content, embeds=embeds, view=view)).message_id
    except (discord.HTTPException, *LINE_TROUBLE) as trouble:
        log.warning("waiting message not confirmed", job=job.id, why=str(trouble))
        message_id = await _find_answer(interaction)
    if message_id is not None:
        return MessageRef(job.channel_id, message_id)
    return await post_waiting(interaction.client, job, notice)


async def _find_answer(interaction: Interaction) -> int | None:
    """The answer that Discord may have taken although its confirmation was lost. Never the pressed message itself."""
    try:
        answer = await interaction.original_response()
    except (discord.HTTPException, discord.ClientException, *LINE_TROUBLE):
        return None
    pressed = interaction.message
    return None if pressed is not None and answer.id == pressed.id else answer.id


async def post_waiting(client: discord.Client, job: Job, notice: discord.Embed | None = None) -> MessageRef | None:
    """The waiting message as an ordinary one, for jobs that no interaction can answer for."""
    try:
        return await post_for(client, job, render_waiting(job), embed=notice, view=waiting_actions(job.id))
    except DeliveryError as trouble:
        log.warning("waiting message not placed", job=job.id, why=str(trouble))
        return None


async def tell_notices(interaction: Interaction, notices: Sequence[str]) -> None:
    """What was understood otherwise than it was typed, for the member alone. A kindness: its failure costs nothing."""
    if not notices:
        return
    text = "\n".join(f"-# {spoken(notice)}" for notice in notices)[:MESSAGE_LIMIT]
    try:
        await interaction.followup.send(text, ephemeral=True)
    except (discord.HTTPException, *LINE_TROUBLE) as trouble:
        log.info("notices not told", interaction=interaction.id, why=str(trouble))
