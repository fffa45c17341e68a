"""How many jobs a member may have under way: those that are drawn at once, and those that wait for one of them."""

from dataclasses import dataclass

from bot.domain.job import Job, JobStatus, UserId
from bot.domain.plan import Limits
from bot.domain.prompt import Speed
from bot.usecases.ports import Transaction
from bot.usecases.studio import Studio

UNFINISHED = (JobStatus.QUEUED, JobStatus.RUNNING)


@dataclass(frozen=True, slots=True)
class Room:
    """`busy` jobs of the member run or wait already."""

    busy: int
    limits: Limits

    @property
    def free(self) -> int:
        return max(0, self.limits.max_running + self.limits.max_waiting - self.busy)


async def room_of(user_id: UserId, limits: Limits, tx: Transaction) -> Room:
    counts = [await tx.jobs.count_of_member(user_id, status) for status in UNFINISHED]
    return Room(sum(counts), limits)


async def is_held_back(job: Job, *, studio: Studio) -> bool:
    """Whether the job starts only when another of its member's has ended."""
    async with studio.db.reading() as tx:
        unfinished = await tx.jobs.list_of_member(job.user_id, UNFINISHED)
    earlier = [other for other in unfinished if (other.created_at, other.id) < (job.created_at, job.id)]
    is_relaxed = job.speed is Speed.RELAX
    alike = [other for other in earlier if (other.speed is Speed.RELAX) == is_relaxed]
    limits = studio.plan_for(job).limits
    return len(alike) >= (limits.max_running_relax if is_relaxed else limits.max_running)
