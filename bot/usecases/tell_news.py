"""Says again where jobs stand that wait behind others of their member's: when the line has moved on, and not often."""

import asyncio

import structlog

from bot.domain.job import JobId, JobStatus
from bot.domain.waiting import Waiting
from bot.usecases.ports import DatabaseTrouble
from bot.usecases.room import find_waiting
from bot.usecases.studio import Studio

log = structlog.get_logger(__name__)

PAUSE_SECONDS = 15.0
"""Between two looks, however much moves meanwhile."""
LOOKED_AT = 20
"""Jobs in one look; the others have their turn in the next."""


async def keep_telling_news(*, studio: Studio) -> None:
    """Until it is cancelled."""
    while True:
        await studio.notices.line_moved()
        await tell_news(studio=studio)
        await asyncio.sleep(PAUSE_SECONDS)


async def tell_news(*, studio: Studio) -> None:
    """What the database does not say now is told another time: no job depends on it."""
    for job_id, said in studio.notices.take(LOOKED_AT):
        try:
            await _tell(job_id, said, studio)
        except DatabaseTrouble as trouble:
            log.warning("news of the line not told", job=job_id, why=str(trouble))
            studio.notices.say(job_id, said)


async def _tell(job_id: JobId, said: Waiting, studio: Studio) -> None:
    async with studio.db.reading() as tx:
        job = await tx.jobs.find(job_id)
    if job is None or job.status is not JobStatus.QUEUED:
        return
    waiting = await find_waiting(job, studio=studio)
    if waiting is None:  # nothing of its member's holds it any more: it starts soon
        return
    is_news = waiting.is_news_after(said)
    if is_news:
        await studio.notifier.show_waiting(job, waiting)
    studio.notices.say(job_id, waiting if is_news else said)
