"""A member stops a job of theirs, waiting or running, or discards it in any state; an operator stops anybody's."""

from bot.domain.errors import JobNotCancellable, NotAllowed
from bot.domain.job import Job, JobId, UserId
from bot.domain.oversight import Act, Deed, Operator
from bot.usecases.end_job import end_job
from bot.usecases.keep import trash_job
from bot.usecases.ports import ConflictingChange
from bot.usecases.studio import Studio


async def cancel_job(job_id: JobId, user_id: UserId, *, studio: Studio) -> Job:
    """The end is written first; the engine then stops at its next step. Raises `NotAllowed`, `JobGone`,
    `JobNotCancellable`."""
    return await _cancel(job_id, user_id, studio)


async def discard_job(job_id: JobId, user_id: UserId, *, studio: Studio) -> None:
    """Whatever has become of it when this is asked: it is stopped, or its pictures move to the trash. Raises
    `NotAllowed`, `JobGone`."""
    try:
        await cancel_job(job_id, user_id, studio=studio)
    except JobNotCancellable:
        await trash_job(job_id, user_id, studio=studio)


async def cancel_any_job(job_id: JobId, operator: Operator, *, studio: Studio) -> Job:
    """The same of any member's job, written down as the operator's doing. Raises `JobGone`, `JobNotCancellable`."""
    return await _cancel(job_id, operator, studio)


async def _cancel(job_id: JobId, by: UserId | Operator, studio: Studio) -> Job:
    while True:
        try:
            cancelled = await _write_end(job_id, by, studio)
        except ConflictingChange:
            continue  # it was claimed, put back or ended since it was read: look again
        studio.engine.cancel(cancelled.request_id)
        studio.wake()
        return cancelled


async def _write_end(job_id: JobId, by: UserId | Operator, studio: Studio) -> Job:
    async with studio.db.transaction() as tx:
        job = await tx.jobs.get(job_id)
        if isinstance(by, int) and job.user_id != by:
            raise NotAllowed("Only the member who started this job can cancel it.")
        if job.has_ended:
            raise JobNotCancellable
        cancelled = job.cancel(studio.now())
        await end_job(cancelled, tx, expected=job.status, attempt=job.attempt)
        if isinstance(by, Operator):
            details = f"job {job.id} ({job.status}): {job.prompt}"
            await tx.oversight.record(Act(studio.now(), by, Deed.CANCEL, job.user_id, details))
    return cancelled
