"""What members are still to be told by direct message."""

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import NoticeRow
from bot.db.upsert import insert_for
from bot.domain.job import UserId
from bot.domain.notice import Notice


class SqlNotices:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def owe(self, notice: Notice) -> None:
        columns = {
            "id": notice.id,
            "user_id": notice.user_id,
            "text": notice.text,
            "due_at": notice.due_at,
            "attempts": notice.attempts,
        }
        await self._session.execute(insert_for(self._session, NoticeRow).values(columns).on_conflict_do_nothing())

    async def claim(self, now: datetime, until: datetime, limit: int) -> list[Notice]:
        due = select(NoticeRow.id).where(NoticeRow.due_at <= now).order_by(NoticeRow.due_at).limit(limit)
        taken = (
            update(NoticeRow)
            .where(NoticeRow.id.in_(due.with_for_update(skip_locked=True)))
            .values(due_at=until, attempts=NoticeRow.attempts + 1)
            .returning(NoticeRow)
        )
        return [to_notice(row) for row in await self._session.scalars(taken)]

    async def next_due(self) -> datetime | None:
        return await self._session.scalar(select(func.min(NoticeRow.due_at)))

    async def postpone(self, notice_id: str, due_at: datetime) -> None:
        await self._session.execute(update(NoticeRow).where(NoticeRow.id == notice_id).values(due_at=due_at))

    async def settle(self, notice_id: str) -> None:
        await self._session.execute(delete(NoticeRow).where(NoticeRow.id == notice_id))


def to_notice(row: NoticeRow) -> Notice:
    return Notice(row.id, UserId(row.user_id), row.text, row.due_at, row.attempts)
