"""Places in the line: a ticket when a job is admitted, the clock when it starts, what it really took when it ends."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.fair_share import weight_at
from bot.domain.job import Job, JobStatus
from bot.domain.period import calendar_month
from bot.domain.prices import PRICES, Unit, list_price
from bot.domain.standing import Standing
from bot.usecases.ports import Transaction
from bot.usecases.studio import Studio


async def take_tickets(jobs: Sequence[Job], standing: Standing, tx: Transaction, *, studio: Studio) -> tuple[Job, ...]:
    """One member's new jobs, whose row is locked, each with its place."""
    now = studio.now()
    month = standing.period.start if standing.period else calendar_month(now).start
    return tuple([await _take_ticket(job, standing, month, tx, studio) for job in jobs])


async def _take_ticket(job: Job, standing: Standing, month: datetime, tx: Transaction, studio: Studio) -> Job:
    line = await tx.shares.get_line(job.speed)
    share = (await tx.shares.get_share(job.user_id, job.speed)).in_month(month)
    weight = weight_at(job.speed, standing.require_plan().weight, share)
    seconds = line.pace * _listed(job)
    ticket, share = share.join(line, seconds, weight, studio.now().timestamp())
    await tx.shares.save_share(job.user_id, job.speed, share)
    return replace(job, ticket=ticket)


async def start_in_line(job: Job, now: datetime, tx: Transaction) -> None:
    line = await tx.shares.get_line(job.speed, lock=True)
    await tx.shares.save_line(job.speed, line.started(job.ticket, now.timestamp()))


async def leave_line(ended: Job, tx: Transaction) -> None:
    """The job has ended: its member, and what of theirs waits behind it, is charged with what it took of the machine,
    and the line learns from it. The member's row must be held."""
    if not ended.ticket.seconds:
        return
    share = await tx.shares.get_share(ended.user_id, ended.speed)
    settled = share.settle(ended.ticket, ended.engine_seconds)
    await tx.shares.save_share(ended.user_id, ended.speed, settled)
    await tx.jobs.shift_tickets(ended, settled.finish - share.finish)
    if ended.status is JobStatus.SUCCEEDED and ended.started_at and ended.finished_at:
        took = (ended.finished_at - ended.started_at).total_seconds()
        line = await tx.shares.get_line(ended.speed, lock=True)
        learned = line.learned(_listed(ended), ended.engine_seconds, took)
        await tx.shares.save_line(ended.speed, learned)


def _listed(job: Job) -> float:
    """GPU-seconds by the list of the house, whatever this studio asks for them. Relaxed jobs have their worth, too."""
    return float(list_price(job, PRICES, Unit.GPU_SECONDS))
