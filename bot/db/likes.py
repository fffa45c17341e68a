"""Which pictures members like."""

from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import LikeRow
from bot.domain.job import JobId, UserId


class SqlLikes:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, user_id: UserId, job_id: JobId, now: datetime) -> None:
        """The member's row is locked, so nobody writes the same like in between."""
        named = select(LikeRow.job_id).where(LikeRow.user_id == user_id, LikeRow.job_id == job_id)
        if await self._session.scalar(named) is None:
            await self._session.execute(insert(LikeRow).values(user_id=user_id, job_id=job_id, created_at=now))

    async def list_jobs(self, user_id: UserId) -> list[JobId]:
        latest = LikeRow.created_at.desc(), LikeRow.job_id
        liked = await self._session.scalars(select(LikeRow.job_id).where(LikeRow.user_id == user_id).order_by(*latest))
        return [JobId(job_id) for job_id in liked]
