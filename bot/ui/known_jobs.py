"""Which job a message shows: as written down, or by its file's name where a newer message took its place."""

import discord

from bot.domain.job import Job, JobId, MessageRef
from bot.ui.posting import LINE_TROUBLE, message_at
from bot.usecases.studio import Studio


async def find_job_of(message: discord.Message, *, studio: Studio) -> Job | None:
    return await find_job_at(MessageRef(message.channel.id, message.id), studio) or await _find_named(message, studio)


async def find_reacted_job(
    payload: discord.RawReactionActionEvent, client: discord.Client, *, studio: Studio
) -> Job | None:
    """A message that is not known is fetched only where it is our own."""
    ref = MessageRef(payload.channel_id, payload.message_id)
    if job := await find_job_at(ref, studio):
        return job
    if client.user is None or payload.message_author_id != client.user.id:
        return None
    try:
        message = await message_at(client, ref).fetch()
    except (discord.HTTPException, *LINE_TROUBLE):
        return None
    return await _find_named(message, studio)


async def find_job_at(ref: MessageRef, studio: Studio) -> Job | None:
    async with studio.db.reading() as tx:
        return await tx.jobs.find_by_message(ref)


async def _find_named(message: discord.Message, studio: Studio) -> Job | None:
    if not message.attachments:
        return None
    name = message.attachments[0].filename.rpartition(".")[0]
    async with studio.db.reading() as tx:
        return await tx.jobs.find(JobId(name.rpartition("_")[2]))
