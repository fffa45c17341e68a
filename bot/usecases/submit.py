"""A member asks for pictures: the wish becomes a job in the database before anything is drawn or answered."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.buttons import Action, Button
from bot.domain.errors import JobGone, PressedTwice, QueueFull
from bot.domain.gallery import Picture
from bot.domain.job import DeliveryStatus, Job, JobId, JobKind, JobStatus, MessageRef, PictureRef, UserId, new_job_id
from bot.domain.prompt import parse, shorten_echo
from bot.usecases.deliver import tidy
from bot.usecases.drawing import choose_model, plan_for_model
from bot.usecases.ports import Transaction
from bot.usecases.studio import Studio

DOUBLE_PRESS = timedelta(seconds=3)


@dataclass(frozen=True, slots=True)
class Place:
    """Who asks, and where the answer goes. `guild_id` is None in direct messages."""

    user_id: UserId
    user_name: str
    channel_id: int
    guild_id: int | None


def random_seed() -> int:
    return secrets.randbelow(2**32)


async def submit_imagine(prompt: str, place: Place, *, studio: Studio) -> Job:
    """Raises a `PromptError` or `QueueFull`."""
    parsed = parse(prompt, random_seed=random_seed())
    plan_for_model(parsed.params, choose_model(parsed.params, studio))  # what it refuses must not be queued
    job = Job(
        id=new_job_id(),
        kind=JobKind.IMAGINE,
        user_id=place.user_id,
        user_name=place.user_name,
        channel_id=place.channel_id,
        guild_id=place.guild_id,
        prompt=shorten_echo(parsed.echo),
        params=parsed.params,
        created_at=studio.now(),
    )
    async with studio.db.transaction() as tx:
        await tx.users.lock(place.user_id, place.user_name, job.created_at)
        await _check_queue(job, tx, studio)
        await tx.jobs.add(job)
    return job


async def submit_press(button: Button, place: Place, pressed: MessageRef, *, studio: Studio) -> Job:
    """A button under a picture. Raises `JobGone`, `PressedTwice` or `QueueFull`.

    A split (U1-U4) comes back succeeded, for nothing has to be drawn; everything else comes back queued.
    """
    now = studio.now()
    async with studio.db.transaction() as tx:
        await tx.users.lock(place.user_id, place.user_name, now)
        parent = await tx.jobs.get(button.job_id)
        job = _child_of(parent, button, place, pressed, now)
        if await tx.jobs.has_recent(place.user_id, job, now - DOUBLE_PRESS):
            raise PressedTwice
        if button.action is Action.UPSCALE:
            return await _split(job, tx)
        await _check_queue(job, tx, studio)
        await tx.jobs.add(job)
    return job


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


def _child_of(parent: Job, button: Button, place: Place, pressed: MessageRef, now: datetime) -> Job:
    """A re-roll of variations makes new variations of the same picture; all else starts from what was pressed."""
    kind, source = button.action.job_kind, PictureRef(parent.id, button.index)
    if button.index >= parent.picture_count:
        raise JobGone
    if kind is JobKind.REROLL and parent.starts_from_picture:
        kind, source = parent.kind, parent.parent or source
    return Job(
        id=new_job_id(),
        kind=kind,
        user_id=place.user_id,
        user_name=place.user_name,
        channel_id=place.channel_id,
        guild_id=place.guild_id,
        prompt=parent.prompt,
        params=replace(parent.params, seed=random_seed()),
        created_at=now,
        parent=source,
        pressed_message=pressed,
    )


async def _split(job: Job, tx: Transaction) -> Job:
    """One picture of a grid becomes a job of its own, sharing the kept bytes."""
    if job.parent is None:
        raise JobGone
    source = await tx.gallery.get(job.parent)
    job = replace(job, params=replace(job.params, seed=source.seed)).succeed(job.created_at, engine_seconds=0.0)
    await tx.jobs.add(job)
    await tx.gallery.add([_copy_for(job, source)])
    return job


def _copy_for(job: Job, source: Picture) -> Picture:
    return replace(
        source,
        job_id=job.id,
        index=0,
        user_id=job.user_id,
        prompt=job.prompt,
        created_at=job.created_at,
        trashed_at=None,
    )


async def _check_queue(job: Job, tx: Transaction, studio: Studio) -> None:
    limits = (await studio.plan_of(job.user_id, tx)).limits
    if await tx.jobs.count_of_member(job.user_id, JobStatus.QUEUED) >= limits.max_waiting:
        raise QueueFull(limits.max_waiting)
