"""Which pictures members like."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import LikeRow
from bot.db.upsert import insert_for
from bot.domain.job import JobId, UserId


class SqlLikes:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, user_id: UserId, job_id: JobId, now: datetime) -> None:
        columns = {"user_id": user_id, "job_id": job_id, "created_at": now}
        await self._session.execute(insert_for(self._session, LikeRow).values(columns).on_conflict_do_nothing())
