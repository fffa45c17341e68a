"""Lets a command's jobs into the queue: those that the plan allows, and as many as there is room for."""

import secrets
from collections.abc import Sequence
from dataclasses import replace

from bot.domain.errors import NotInPlan, QueueClosed, QueueFull
from bot.domain.exact import NO_RELAX
from bot.domain.job import DeliveryStatus, Job, JobId, JobStatus, MessageRef
from bot.domain.oversight import QueueState
from bot.domain.plan import Plan
from bot.domain.prompt import Speed
from bot.domain.said import Said, joined
from bot.domain.standing import Standing
from bot.usecases.charge import reserve_jobs
from bot.usecases.deliver import tidy
from bot.usecases.line import take_tickets
from bot.usecases.ports import Transaction
from bot.usecases.room import free_room
from bot.usecases.studio import Studio
from bot.words import spoken

NO_TURBO = Said("There is no turbo speed here, so it was drawn as a fast job.")


def random_seed() -> int:
    return secrets.randbelow(2**32)


async def admit(jobs: Sequence[Job], standing: Standing, tx: Transaction, *, studio: Studio) -> tuple[Job, ...]:
    """Write down one member's new jobs, whose row is locked, and return them as they were written down: the first of
    them, where there is no room for all.

    Their price is set aside. `standing` is what `Studio.require_standing` says in the same transaction. Raises
    `QueueClosed`, `QueueFull`, `NotInPlan` or `CreditsExhausted`, or `SubscriptionRequired` after a trial.
    """
    plan = standing.require_plan()
    if await tx.oversight.queue_state() is QueueState.DRAINING:
        raise QueueClosed
    free = await free_room(jobs[0].user_id, plan.limits, tx)
    if not free:
        raise QueueFull(plan.limits.max_waiting)
    admitted = tuple(_under_plan(job, plan) for job in jobs[:free])
    admitted = await take_tickets(admitted, standing, tx, studio=studio)
    for job in admitted:
        await tx.jobs.add(job)
    await reserve_jobs(admitted, standing, tx, studio=studio)
    return admitted


def _under_plan(job: Job, plan: Plan) -> Job:
    """Raises `NotInPlan` for what would be another job without it."""
    if job.speed is Speed.RELAX and not plan.has_relax:
        raise NotInPlan(joined(NO_RELAX, Said("Add `--fast`, or switch with `/fast`.")))
    if job.is_stealth and not plan.has_stealth:
        raise NotInPlan("Your plan has no stealth mode. Add `--public`, or switch with `/public`.")
    if job.speed is Speed.TURBO and not plan.has_turbo:
        job = replace(job, speed=Speed.FAST, notes=(*job.notes, spoken(NO_TURBO)))
    return replace(job, plan_name=plan.name)


async def attach_waiting_message(job_id: JobId, message: MessageRef, *, studio: Studio) -> None:
    """Remember which message tells of the job, and let the work begin.

    A job may have been drawn and shown before its waiting message was known, for any change wakes the dispatcher;
    then nobody else will take that message away.
    """
    async with studio.db.transaction(can_wait=True) as tx:
        await tx.jobs.set_waiting_message(job_id, message)
        job = await tx.jobs.get(job_id)
    studio.wake()
    if job.status is JobStatus.RUNNING:  # taken by another process meanwhile, whose first word found no message
        await studio.notifier.show_progress(job, 0.0, None)
    if job.has_ended and job.delivery is not DeliveryStatus.PENDING and job.result_message != message:
        await tidy(job, studio)
