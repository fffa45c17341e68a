"""What a member may know of their own account."""

from dataclasses import dataclass

from bot.domain.job import Job, JobStatus
from bot.domain.place import Place
from bot.domain.settings import MemberSettings
from bot.usecases.settings import settings_of
from bot.usecases.studio import Studio


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """`jobs_done` counts a grid as one; `engine_seconds` is their share of the machine's time."""

    plan_name: str
    running: list[Job]
    waiting: list[Job]
    jobs_done: int
    engine_seconds: float
    settings: MemberSettings


async def account_info(place: Place, *, studio: Studio) -> AccountInfo:
    user_id = place.user_id
    async with studio.db.reading() as tx:
        plan = await studio.plan_of(place, tx)
        running = await tx.jobs.list_of_member(user_id, [JobStatus.RUNNING])
        waiting = await tx.jobs.list_of_member(user_id, [JobStatus.QUEUED])
        settings = await settings_of(user_id, tx)
        jobs_done, engine_seconds = await tx.jobs.count_ended(user_id)
    return AccountInfo(plan.name, running, waiting, jobs_done, engine_seconds, settings)
