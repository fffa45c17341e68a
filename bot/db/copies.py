"""Copies of finished jobs that are still owed to members by direct message."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import CopyRow
from bot.db.upsert import insert_for
from bot.domain.job import JobId
from bot.usecases.ports import ConflictingChange


class SqlCopies:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def owe(self, job_id: JobId, now: datetime) -> None:
        columns = {"job_id": job_id, "attempts": 0, "created_at": now}
        await self._session.execute(insert_for(self._session, CopyRow).values(columns).on_conflict_do_nothing())

    async def list_owed(self) -> list[JobId]:
        query = select(CopyRow.job_id).order_by(CopyRow.created_at, CopyRow.job_id)
        return [JobId(job_id) for job_id in await self._session.scalars(query)]

    async def find_attempts(self, job_id: JobId) -> int | None:
        return await self._session.scalar(select(CopyRow.attempts).where(CopyRow.job_id == job_id))

    async def begin(self, job_id: JobId, attempts: int) -> None:
        counted = update(CopyRow).where(CopyRow.job_id == job_id, CopyRow.attempts == attempts)
        begun = counted.values(attempts=attempts + 1).returning(CopyRow.job_id)
        if await self._session.scalar(begun) is None:
            raise ConflictingChange(f"somebody else sends the copy of job {job_id}")

    async def settle(self, job_id: JobId) -> None:
        await self._session.execute(delete(CopyRow).where(CopyRow.job_id == job_id))
