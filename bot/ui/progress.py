"""Edits that tell how far jobs are. Owns what has not been sent yet: of every job only the newest, and of a channel one
edit at a time, so that a busy channel slows itself down instead of running into Discord's limits."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

import discord
import structlog

from bot.domain.job import Job, JobId
from bot.domain.waiting import Waiting
from bot.tasks import BackgroundTasks
from bot.ui.posting import LINE_TROUBLE
from bot.usecases.ports import DeliveryError

log = structlog.get_logger(__name__)

REMEMBERED_ENDS = 1_000
"""Ended jobs for which a late word of progress is still to be dropped; a late word is seconds late, not days."""


@dataclass(frozen=True, slots=True)
class Glimpse:
    """How far a job is, 0 to 1, and a small picture of it where there is one; or where it still waits."""

    job: Job
    fraction: float
    preview: bytes | None
    waiting: Waiting | None = None


class ProgressEdits:
    """`edit` sends one; its failure is of no consequence, for another follows."""

    def __init__(self, edit: Callable[[Glimpse], Awaitable[None]], tasks: BackgroundTasks) -> None:
        self._edit = edit
        self._tasks = tasks
        self._newest: dict[int, dict[JobId, Glimpse]] = {}  # by channel; a channel is here while it has a worker
        self._under_way: dict[JobId, asyncio.Event] = {}
        self._ended: OrderedDict[JobId, None] = OrderedDict()

    def show(self, glimpse: Glimpse) -> None:
        job = glimpse.job
        if job.waiting_message is None or job.id in self._ended:
            return
        channel_id = job.waiting_message.channel_id
        has_worker = channel_id in self._newest
        unsent = self._newest.setdefault(channel_id, {})
        skipped = unsent.get(job.id)
        preview = glimpse.preview or (skipped.preview if skipped else None)
        unsent[job.id] = replace(glimpse, preview=preview)
        if not has_worker:
            self._tasks.start(self._send_all(channel_id), name=f"progress in {channel_id}")

    def drop(self, job: Job) -> None:
        """Nothing more is sent of this job, except what is under way."""
        self._ended[job.id] = None
        while len(self._ended) > REMEMBERED_ENDS:
            self._ended.popitem(last=False)
        if job.waiting_message is not None:
            self._newest.get(job.waiting_message.channel_id, {}).pop(job.id, None)

    async def settle(self, job: Job) -> None:
        """As `drop`, and what is under way has arrived: an edit made now will stay."""
        self.drop(job)
        if under_way := self._under_way.get(job.id):
            await under_way.wait()

    async def _send_all(self, channel_id: int) -> None:
        unsent = self._newest[channel_id]
        try:
            while unsent:
                job_id = next(iter(unsent))
                await self._send(unsent.pop(job_id))
        finally:
            del self._newest[channel_id]

    async def _send(self, glimpse: Glimpse) -> None:
        arrived = self._under_way[glimpse.job.id] = asyncio.Event()
        try:
            await self._edit(glimpse)
        except (discord.HTTPException, discord.RateLimited, DeliveryError, *LINE_TROUBLE) as trouble:
            log.info("progress not shown", job=glimpse.job.id, why=str(trouble))
        finally:
            del self._under_way[glimpse.job.id]
            arrived.set()
