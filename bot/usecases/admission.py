"""Lets a command's jobs into the queue, all or none: who asks, where the answer goes, and whether there is room."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.errors import QueueFull
from bot.domain.job import DeliveryStatus, Job, JobId, JobStatus, MessageRef, UserId
from bot.usecases.deliver import tidy
from bot.usecases.ports import Transaction
from bot.usecases.studio import Studio


@dataclass(frozen=True, slots=True)
class Place:
    """Who asks, and where the answer goes. `guild_id` is None in direct messages."""

    user_id: UserId
    user_name: str
    channel_id: int
    guild_id: int | None


def random_seed() -> int:
    return secrets.randbelow(2**32)


async def admit(jobs: Sequence[Job], tx: Transaction, *, studio: Studio) -> None:
    """Write down one member's new jobs, whose row is locked. Raises `QueueFull`."""
    user_id = jobs[0].user_id
    limits = (await studio.plan_of(user_id, tx)).limits
    if await tx.jobs.count_of_member(user_id, JobStatus.QUEUED) + len(jobs) > limits.max_waiting:
        raise QueueFull(limits.max_waiting)
    for job in jobs:
        await tx.jobs.add(job)


async def attach_waiting_message(job_id: JobId, message: MessageRef, *, studio: Studio) -> None:
    """Remember which message tells of the job, and let the work begin.

    A job may have been drawn and shown before its waiting message was known, for any change wakes the dispatcher;
    then nobody else will take that message away.
    """
    async with studio.db.transaction() as tx:
        await tx.jobs.set_waiting_message(job_id, message)
        job = await tx.jobs.get(job_id)
    studio.wake()
    if job.has_ended and job.delivery is not DeliveryStatus.PENDING and job.result_message != message:
        await tidy(job, studio)
