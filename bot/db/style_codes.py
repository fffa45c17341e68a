"""Styles that members saved under numbers."""

from collections.abc import Collection

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import SavedStyleRow
from bot.domain.job import UserId
from bot.domain.saved_style import SavedStyle


class SqlStyleCodes:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, style: SavedStyle) -> None:
        columns = {
            "code": style.code,
            "user_id": style.user_id,
            "words": style.words,
            "picture_keys": list(style.picture_keys),
            "created_at": style.created_at,
            "is_shared": style.is_shared,
        }
        await self._session.execute(insert(SavedStyleRow).values(columns))

    async def find(self, code: int) -> SavedStyle | None:
        row = await self._session.scalar(select(SavedStyleRow).where(SavedStyleRow.code == code))
        return _to_style(row) if row else None

    async def find_all(self, codes: Collection[int]) -> dict[int, SavedStyle]:
        rows = await self._session.scalars(select(SavedStyleRow).where(SavedStyleRow.code.in_(codes)))
        return {row.code: _to_style(row) for row in rows}

    async def list_of_member(self, user_id: UserId) -> list[SavedStyle]:
        newest = SavedStyleRow.created_at.desc(), SavedStyleRow.code
        rows = select(SavedStyleRow).where(SavedStyleRow.user_id == user_id).order_by(*newest)
        return [_to_style(row) for row in await self._session.scalars(rows)]

    async def share(self, code: int) -> None:
        await self._session.execute(update(SavedStyleRow).where(SavedStyleRow.code == code).values(is_shared=True))

    async def remove(self, code: int) -> None:
        await self._session.execute(delete(SavedStyleRow).where(SavedStyleRow.code == code))


def _to_style(row: SavedStyleRow) -> SavedStyle:
    return SavedStyle(row.code, UserId(row.user_id), row.words, tuple(row.picture_keys), row.created_at, row.is_shared)
