"""A member asks for a finished job to be posted again: to move it, or to get at its buttons."""

import re

from bot.domain.errors import StudioError
from bot.domain.job import JOB_ID_PATTERN, Job, JobId, JobStatus, MessageRef, UserId
from bot.usecases.studio import Studio


class NotShown(StudioError):
    title = "Invalid request"


def read_job_id(typed: str) -> JobId:
    """Also in the middle of a file name or of an address. Raises `NotShown`."""
    if found := re.search(JOB_ID_PATTERN, typed.lower()):
        return JobId(found[0])
    raise _unknown(typed)


async def find_job(typed: str, user_id: UserId, *, studio: Studio) -> Job:
    """A finished one. Raises `NotShown`; a job of somebody else is as unknown as one that never was."""
    job_id = read_job_id(typed)
    async with studio.db.reading() as tx:
        job = await tx.jobs.find(job_id)
    if job is None or job.user_id != user_id:
        raise _unknown(typed)
    if not job.has_ended:
        raise NotShown("The job `{id}` is not finished yet. It will be shown by itself.", id=job.id)
    if job.status is not JobStatus.SUCCEEDED:
        raise NotShown("The job `{id}` ended without a picture. Send its prompt again.", id=job.id)
    return job


def _unknown(typed: str) -> NotShown:
    return NotShown(
        "You have no job `{typed}`. Its id is the end of its picture's file name.", typed=typed[:60].replace("`", "")
    )


async def move_result(job: Job, message: MessageRef, *, studio: Studio) -> None:
    """From now on `message` is the one that reactions count on."""
    async with studio.db.transaction() as tx:
        await tx.jobs.set_result_message(job.id, message)
