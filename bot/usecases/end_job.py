"""The one door by which a job ends: its end, its price and its place in the line are written down together, or none."""

from datetime import datetime

from bot.domain.job import Job, JobStatus
from bot.usecases.charge import find_reserved, settle
from bot.usecases.line import leave_line
from bot.usecases.ports import Transaction


async def end_job(ended: Job, tx: Transaction, *, expected: JobStatus, attempt: int | None = None) -> None:
    """`ended` replaces the stored job as `Jobs.save` does it, and what was set aside for it is used or given back.

    The member's row is taken before the job's, as everywhere: two that wait for each other would wait for ever.
    Raises `ConflictingChange`; the transaction is then to be given up.
    """
    reserved, at = await find_reserved(ended, tx), _end_of(ended)
    await tx.users.hold(ended.user_id, at)
    await tx.jobs.save(ended, expected=expected, attempt=attempt)
    if reserved is not None:
        await settle(ended, reserved, tx, at=at)
    await leave_line(ended, tx)


def _end_of(ended: Job) -> datetime:
    if not ended.has_ended or ended.finished_at is None:
        raise ValueError(f"job {ended.id} is {ended.status}")
    return ended.finished_at


async def save_job(job: Job, tx: Transaction, *, expected: JobStatus, attempt: int | None = None) -> None:
    """The same for a change of which it shows only here whether it is the job's end."""
    if job.has_ended:
        await end_job(job, tx, expected=expected, attempt=attempt)
    else:
        await tx.jobs.save(job, expected=expected, attempt=attempt)
