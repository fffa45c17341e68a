"""The one door by which a job starts: it, its member's room and its place in the line are one transaction."""

from datetime import datetime

from bot.domain.fair_share import members_without_room
from bot.domain.job import Job, JobStatus
from bot.domain.lease import Lease
from bot.usecases.line import start_in_line
from bot.usecases.ports import ConflictingChange, Transaction
from bot.usecases.studio import Studio


async def start_job(job: Job, now: datetime, tx: Transaction, *, studio: Studio) -> Job:
    """The job as it runs, which from now on is this process's.

    It was chosen among what was read before. Raises `ConflictingChange` when another process was first: with this job,
    or with one that took its member's last room. The member's row is taken before the job's, as everywhere. The same
    may be done again with the same `now`, when it is not known whether it was done.
    """
    await tx.users.hold(job.user_id, now)
    running = await tx.jobs.list_of_member(job.user_id, [JobStatus.RUNNING])
    beside = [each for each in running if each.id != job.id]
    if job.user_id in members_without_room(beside, lambda each: studio.plan_for(each).limits)[job.speed]:
        raise ConflictingChange(f"the member of job {job.id} has no room for it any more")
    started = job.start(now)
    if not await tx.jobs.claim(started, Lease.from_now(studio.owner, studio.now())):
        raise ConflictingChange(f"job {job.id} was claimed elsewhere")
    await start_in_line(started, now, tx)
    return started
