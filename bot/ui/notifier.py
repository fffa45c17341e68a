"""Shows jobs in the chat by the bot's own token. Knows where messages stand, not which interaction they came from."""

import io
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import discord

from bot.domain.buttons import Action, Button
from bot.domain.job import Job, JobStatus, MessageRef, UserId
from bot.domain.prompt.links import name_links
from bot.domain.waiting import Waiting
from bot.tasks import BackgroundTasks
from bot.ui.errors import failure_embed
from bot.ui.job_messages import delete_for, edit_for, post_for
from bot.ui.posting import UNKNOWN_MESSAGE, delivery_errors, post
from bot.ui.progress import Glimpse, ProgressEdits
from bot.ui.render import (
    MESSAGE_LIMIT,
    preview_name,
    render_end,
    render_progress,
    render_prompt,
    render_result,
    render_waiting,
)
from bot.ui.render_queue import queued_embed
from bot.ui.scrollback import Readable, Scrollback, read_own
from bot.ui.shown_result import result_file, result_view
from bot.ui.views.job_actions import USUAL, Layout, pressed_actions
from bot.usecases.ports import DeliveryRefused, ResultFile

DEFAULT_UPLOAD_LIMIT = 10 * 1024 * 1024
ALT_TEXT_LIMIT = 1_024
CLOCK_SKEW = timedelta(seconds=30)


class DiscordNotifier:
    """Implements `Notifier`. `client` must be logged in when a method is called."""

    def __init__(self, client: discord.Client, tasks: BackgroundTasks, layout: Layout = USUAL) -> None:
        self._client = client
        self._layout = layout
        self._progress = ProgressEdits(self._edit_progress, tasks)
        self._scrollback = Scrollback(partial(read_own, client))

    async def show_progress(self, job: Job, fraction: float, preview: bytes | None) -> None:
        self._progress.show(Glimpse(job, fraction, preview))

    async def show_waiting(self, job: Job, waiting: Waiting) -> None:
        self._progress.show(Glimpse(job, 0.0, None, waiting))

    async def _edit_progress(self, glimpse: Glimpse) -> None:
        job = glimpse.job
        if job.waiting_message is None:
            return
        if glimpse.waiting is not None:
            notice = queued_embed(job, glimpse.waiting)
            await edit_for(self._client, job, job.waiting_message, content=render_waiting(job), embed=notice)
            return
        content = render_progress(job, glimpse.fraction)
        if glimpse.preview is None:
            await edit_for(self._client, job, job.waiting_message, content=content)
        else:
            preview = discord.File(
                io.BytesIO(glimpse.preview),
                preview_name(job),
                description=name_links(render_prompt(job))[:ALT_TEXT_LIMIT],
            )
            await edit_for(self._client, job, job.waiting_message, content=content, attachments=[preview])

    async def find_result(self, job: Job) -> MessageRef | None:
        return await self._find(job, lambda message: _shows(message, job))

    async def find_copy(self, job: Job) -> MessageRef | None:
        return await self._find_in(await self._open_direct(job.user_id), job, lambda message: _shows(message, job))

    async def post_copy(self, job: Job, file: ResultFile) -> MessageRef:
        channel = await self._open_direct(job.user_id)
        return await post(
            self._client,
            channel.id,
            render_result(job),
            files=[result_file(job, file)],
            view=result_view(job, file, self._layout),
        )

    async def _find_waiting(self, job: Job) -> MessageRef | None:
        """The waiting message, also one that was answered with, but not written down before the process died."""
        if job.waiting_message is not None:
            return job.waiting_message
        cancel_id = Button(Action.CANCEL, job.id).custom_id
        return await self._find(job, lambda message: pressed_actions(message, cancel_id) is not None)

    async def _find(self, job: Job, is_it: Callable[[discord.Message], bool]) -> MessageRef | None:
        return await self._find_in(
            self._client.get_partial_messageable(job.channel_id, guild_id=job.guild_id), job, is_it
        )

    async def _find_in(
        self, channel: Readable, job: Job, is_it: Callable[[discord.Message], bool]
    ) -> MessageRef | None:
        """A message of ours among the newest of the channel."""
        try:
            said = await self._scrollback.said_in(channel, job.created_at - CLOCK_SKEW)
        except DeliveryRefused:
            return None
        return next((MessageRef(channel.id, message.id) for message in said if is_it(message)), None)

    async def post_result(self, job: Job, file: ResultFile) -> MessageRef:
        self._progress.drop(job)
        return await post_for(
            self._client,
            job,
            render_result(job),
            files=[result_file(job, file)],
            view=result_view(job, file, self._layout),
            ping=job.user_id,
        )

    async def show_end(self, job: Job) -> MessageRef:
        await self._progress.settle(job)
        embed = failure_embed(job) if job.status in (JobStatus.FAILED, JobStatus.REFUSED) else None
        content, waiting = render_end(job), await self._find_waiting(job)
        if waiting is not None and await self._edit_end(job, waiting, content, embed):
            return waiting
        return await post_for(self._client, job, content, embed=embed, ping=job.user_id)

    async def _edit_end(self, job: Job, message: MessageRef, content: str, embed: discord.Embed | None) -> bool:
        """False when the message is no longer there."""
        with delivery_errors():
            try:
                await edit_for(self._client, job, message, content=content, embed=embed, view=None)
            except discord.NotFound as error:
                if error.code != UNKNOWN_MESSAGE:
                    raise
                return False
        return True

    async def remove_waiting(self, job: Job) -> None:
        self._progress.drop(job)
        await self._remove(job, await self._find_waiting(job))

    async def remove_result(self, job: Job) -> None:
        await self._remove(job, job.result_message)

    async def _remove(self, job: Job, message: MessageRef | None) -> None:
        if message is None:
            return
        with delivery_errors():
            try:
                await delete_for(self._client, job, message)
            except discord.NotFound:
                return

    async def send_direct(self, user_id: UserId, text: str, files: Sequence[ResultFile]) -> MessageRef:
        channel = await self._open_direct(user_id)
        attachments = [discord.File(io.BytesIO(file.data), file.name, description=file.description) for file in files]
        return await post(self._client, channel.id, text[:MESSAGE_LIMIT], files=attachments)

    async def _open_direct(self, user_id: UserId) -> discord.DMChannel:
        with delivery_errors():
            return await self._client.create_dm(discord.Object(user_id))

    async def upload_limit(self, job: Job) -> int:
        guild = self._client.get_guild(job.guild_id) if job.guild_id is not None else None
        return guild.filesize_limit if guild is not None else DEFAULT_UPLOAD_LIMIT


def _shows(message: discord.Message, job: Job) -> bool:
    names = [attachment.filename.rpartition(".")[0] for attachment in message.attachments]
    return any(name.endswith(f"_{job.id}") for name in names)
