"""What a member may know of their own account."""

from dataclasses import dataclass

from bot.domain.job import Job, JobStatus, UserId
from bot.usecases.studio import Studio


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """`jobs_done` counts a grid as one; `engine_seconds` is their share of the machine's time."""

    plan_name: str
    running: list[Job]
    waiting: list[Job]
    jobs_done: int
    engine_seconds: float


async def account_info(user_id: UserId, *, studio: Studio) -> AccountInfo:
    async with studio.db.reading() as tx:
        plan = await studio.plan_of(user_id, tx)
        running = await tx.jobs.list_of_member(user_id, [JobStatus.RUNNING])
        waiting = await tx.jobs.list_of_member(user_id, [JobStatus.QUEUED])
        jobs_done, engine_seconds = await tx.jobs.count_ended(user_id)
    return AccountInfo(plan.name, running, waiting, jobs_done, engine_seconds)
