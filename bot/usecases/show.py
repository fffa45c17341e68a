"""A member asks for a finished job to be posted again: to move it, or to get at its buttons."""

import re

from bot.domain.errors import StudioError
from bot.domain.job import JOB_ID_PATTERN, Job, JobId, JobStatus, MessageRef, UserId
from bot.usecases.placing import make_file
from bot.usecases.ports import ResultFile
from bot.usecases.studio import Studio


class NotShown(StudioError):
    title = "Invalid request"


async def open_job(typed: str, user_id: UserId, upload_limit: int, *, studio: Studio) -> tuple[Job, ResultFile]:
    """The job and its picture in at most `upload_limit` bytes. Raises `NotShown` or `JobGone`.

    A job of somebody else is as unknown as one that never was.
    """
    found = re.search(JOB_ID_PATTERN, typed.lower())  # also in the middle of a file name or of an address
    async with studio.db.reading() as tx:
        job = await tx.jobs.find(JobId(found[0])) if found else None
    if job is None or job.user_id != user_id:
        raise NotShown(
            "You have no job `{typed}`. Its id is the end of its picture's file name.",
            typed=typed[:60].replace("`", ""),
        )
    if not job.has_ended:
        raise NotShown("The job `{id}` is not finished yet. It will be shown by itself.", id=job.id)
    if job.status is not JobStatus.SUCCEEDED:
        raise NotShown("The job `{id}` ended without a picture. Send its prompt again.", id=job.id)
    return job, await make_file(job, upload_limit, studio)


async def move_result(job: Job, message: MessageRef, *, studio: Studio) -> None:
    """From now on `message` is the one that reactions count on."""
    async with studio.db.transaction() as tx:
        await tx.jobs.set_result_message(job.id, message)
