"""What members are still to be told by direct message."""

from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import LetterRow
from bot.db.upsert import insert_for
from bot.domain.job import UserId
from bot.domain.letter import Letter


class SqlLetters:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def owe(self, letter: Letter) -> None:
        columns = {
            "id": letter.id,
            "user_id": letter.user_id,
            "text": letter.text,
            "due_at": letter.due_at,
            "attempts": letter.attempts,
        }
        await self._session.execute(insert_for(self._session, LetterRow).values(columns).on_conflict_do_nothing())

    async def claim(self, now: datetime, until: datetime, limit: int) -> list[Letter]:
        due = select(LetterRow.id).where(LetterRow.due_at <= now).order_by(LetterRow.due_at).limit(limit)
        taken = (
            update(LetterRow)
            .where(LetterRow.id.in_(due.with_for_update(skip_locked=True)))
            .values(due_at=until, attempts=LetterRow.attempts + 1)
            .returning(LetterRow)
        )
        return [to_letter(row) for row in await self._session.scalars(taken)]

    async def next_due(self) -> datetime | None:
        return await self._session.scalar(select(func.min(LetterRow.due_at)))

    async def postpone(self, letter_id: str, due_at: datetime) -> None:
        await self._session.execute(update(LetterRow).where(LetterRow.id == letter_id).values(due_at=due_at))

    async def settle(self, letter_id: str) -> None:
        await self._session.execute(delete(LetterRow).where(LetterRow.id == letter_id))


def to_letter(row: LetterRow) -> Letter:
    return Letter(row.id, UserId(row.user_id), row.text, row.due_at, row.attempts)
