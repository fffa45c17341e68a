"""Prompts for several jobs that wait for their member's yes."""

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import BatchRow
from bot.domain.batch import BatchId, PendingBatch
from bot.domain.job import UserId


class SqlBatches:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, batch: PendingBatch) -> None:
        columns = {
            "id": batch.id,
            "user_id": batch.user_id,
            "prompt": batch.prompt,
            "created_at": batch.created_at,
        }
        await self._session.execute(insert(BatchRow).values(columns))

    async def find(self, batch_id: BatchId) -> PendingBatch | None:
        row = await self._session.scalar(select(BatchRow).where(BatchRow.id == batch_id))
        return PendingBatch(BatchId(row.id), UserId(row.user_id), row.prompt, row.created_at) if row else None

    async def remove(self, batch_id: BatchId) -> bool:
        """One statement, so that of several answers one counts."""
        removed = delete(BatchRow).where(BatchRow.id == batch_id).returning(BatchRow.id)
        return await self._session.scalar(removed) is not None

    async def remove_before(self, user_id: UserId, before: datetime) -> None:
        old = delete(BatchRow).where(BatchRow.user_id == user_id, BatchRow.created_at < before)
        await self._session.execute(old)
