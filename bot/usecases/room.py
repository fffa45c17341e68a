"""How many jobs a member may have under way: those that are drawn at once, and those that wait for one of them."""

from bot.domain.fair_share import expected_wait
from bot.domain.job import PRIORITY, UNFINISHED, Job, JobStatus, UserId
from bot.domain.plan import Limits
from bot.domain.prompt import Speed
from bot.domain.waiting import Waiting
from bot.usecases.ports import Transaction
from bot.usecases.studio import Studio

COUNTED = 1_000
"""Jobs before one's own that are worth counting."""


async def free_room(user_id: UserId, limits: Limits, tx: Transaction) -> int:
    """For so many more, beside those of the member that run or wait already."""
    return max(0, limits.max_running + limits.max_waiting - await tx.jobs.count_of_member(user_id, UNFINISHED))


async def find_waiting(job: Job, *, studio: Studio) -> Waiting | None:
    """Where a job stands that starts only when another of its member's has ended. None for one that does not wait for
    them.

    As many jobs are drawn at once as run now, and they take as long as those of late: nobody promises it.
    """
    async with studio.db.reading() as tx:
        unfinished = await tx.jobs.list_of_member(job.user_id, UNFINISHED)
        earlier = [other for other in unfinished if (other.created_at, other.id) < (job.created_at, job.id)]
        if len([other for other in earlier if _is_relaxed(other) == _is_relaxed(job)]) < _at_once(job, studio):
            return None
        line = await tx.shares.get_line(job.speed)
        faster = [speed for speed in Speed if PRIORITY[speed] < PRIORITY[job.speed]]
        ahead = await tx.jobs.count_ahead(job, COUNTED) + await tx.jobs.count_waiting(faster, COUNTED)
        running = len(await tx.jobs.list_by_status(JobStatus.RUNNING))
    return Waiting(ahead + 1, expected_wait(ahead, running, line.job_seconds) if line.job_seconds else None)


def _at_once(job: Job, studio: Studio) -> int:
    """How many of a member's jobs are drawn at the same time; those that take their time are counted apart."""
    limits = studio.plan_for(job).limits
    return limits.max_running_relax if _is_relaxed(job) else limits.max_running


def _is_relaxed(job: Job) -> bool:
    return job.speed is Speed.RELAX
