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
    now, weight = studio.now(), standing.require_plan().weight
    month = standing.period.start if standing.period else calendar_month(now).start
    user_id, speeds = jobs[0].user_id, {job.speed for job in jobs}
    lines = {speed: await tx.shares.get_line(speed) for speed in speeds}
    shares = {speed: (await tx.shares.get_share(user_id, speed)).in_month(month) for speed in speeds}
    placed: list[Job] = []
    for job in jobs:
        line, share = lines[job.speed], shares[job.speed]
        seconds = line.pace * _listed(job)
        ticket, shares[job.speed] = share.join(line, seconds, weight_at(job.speed, weight, share), now.timestamp())
        placed.append(replace(job, ticket=ticket))
    for speed, share in shares.items():
        await tx.shares.save_share(user_id, speed, share)
    return tuple(placed)


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
