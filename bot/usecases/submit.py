"""A member asks for pictures: the wish becomes a job in the database before anything is drawn or answered."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.buttons import Action, Button
from bot.domain.errors import JobGone, PressedTwice, QueueFull
from bot.domain.gallery import Picture
from bot.domain.job import DeliveryStatus, Job, JobId, JobKind, JobStatus, MessageRef, PictureRef, UserId, new_job_id
from bot.domain.prompt import ParsedPrompt, PromptRules, parse_submission, shorten_echo
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


@dataclass(frozen=True, slots=True)
class Submitted:
    """The jobs of one command in their order; `notices` say what was understood otherwise than it was typed."""

    jobs: tuple[Job, ...]
    notices: tuple[str, ...]


async def submit_imagine(prompt: str, place: Place, *, studio: Studio) -> Submitted:
    """One job, or one for each choice of a permutation or repeat: all of them or none.

    Raises a `PromptError` or `QueueFull`.
    """
    now = studio.now()
    async with studio.db.transaction() as tx:
        await tx.users.lock(place.user_id, place.user_name, now)
        plan = await studio.plan_of(place.user_id, tx)
        rules = PromptRules(plan.batch_limit, plan.has_relax, plan.has_stealth)
        submission = parse_submission(prompt, draw=random_seed, rules=rules)
        jobs = tuple(_imagined(parsed, place, now, number) for number, parsed in enumerate(submission.prompts))
        for job in jobs:
            plan_for_model(job.params, choose_model(job.params, studio))  # what it refuses must not be queued
        await _check_queue(place.user_id, len(jobs), tx, studio)
        for job in jobs:
            await tx.jobs.add(job)
    return Submitted(jobs, submission.notices)


def _imagined(parsed: ParsedPrompt, place: Place, now: datetime, number: int) -> Job:
    """Jobs of one command are a microsecond apart, which keeps their order."""
    return Job(
        id=new_job_id(),
        kind=JobKind.IMAGINE,
        user_id=place.user_id,
        user_name=place.user_name,
        channel_id=place.channel_id,
        guild_id=place.guild_id,
        prompt=shorten_echo(parsed.echo),
        params=parsed.params,
        created_at=now + timedelta(microseconds=number),
    )


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
        await _check_queue(place.user_id, 1, tx, studio)
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


async def _check_queue(user_id: UserId, newcomers: int, tx: Transaction, studio: Studio) -> None:
    limits = (await studio.plan_of(user_id, tx)).limits
    if await tx.jobs.count_of_member(user_id, JobStatus.QUEUED) + newcomers > limits.max_waiting:
        raise QueueFull(limits.max_waiting)
