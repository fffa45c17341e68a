"""A member stops a job of theirs, waiting or running."""

from bot.domain.errors import JobNotCancellable, NotAllowed
from bot.domain.job import Job, JobId, UserId
from bot.usecases.end_job import end_job
from bot.usecases.ports import ConflictingChange
from bot.usecases.studio import Studio


async def cancel_job(job_id: JobId, user_id: UserId, *, studio: Studio) -> Job:
    """The end is written first; the engine then stops at its next step. Raises `NotAllowed`, `JobGone`,
    `JobNotCancellable`."""
    while (cancelled := await _try_to_cancel(job_id, user_id, studio)) is None:
        pass  # it was claimed, put back or ended since it was read: look again
    studio.engine.cancel(cancelled.request_id)
    studio.wake()
    return cancelled


async def _try_to_cancel(job_id: JobId, user_id: UserId, studio: Studio) -> Job | None:
    async with studio.db.transaction() as tx:
        job = await tx.jobs.get(job_id)
        if job.user_id != user_id:
            raise NotAllowed("Only the member who started this job can cancel it.")
        if job.has_ended:
            raise JobNotCancellable
        cancelled = job.cancel(studio.now())
        try:
            await end_job(cancelled, tx, expected=job.status, attempt=job.attempt)
        except ConflictingChange:
            return None
    return cancelled
