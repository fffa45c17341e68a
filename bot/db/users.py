"""What we remember of members, and the row at which one member's requests queue."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import PreferenceRow, Table, UserRow
from bot.db.upsert import insert_for
from bot.domain.job import UserId


class SqlUsers:
    """On PostgreSQL an upsert holds the row. On SQLite a transaction holds the whole file already."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, user_id: UserId, name: str, now: datetime) -> None:
        first = {"id": user_id, "name": name, "first_seen_at": now, "last_seen_at": now}
        await self._upsert(UserRow, first, key=["id"], changed=["name", "last_seen_at"])

    async def hold(self, user_id: UserId, now: datetime) -> None:
        first = {"id": user_id, "name": "", "first_seen_at": now, "last_seen_at": now}
        await self._upsert(UserRow, first, key=["id"], changed=["id"])

    async def find_preference(self, user_id: UserId, key: str) -> str | None:
        query = select(PreferenceRow.value).where(PreferenceRow.user_id == user_id, PreferenceRow.key == key)
        return await self._session.scalar(query)

    async def set_preference(self, user_id: UserId, key: str, value: str | None) -> None:
        if value is None:
            named = delete(PreferenceRow).where(PreferenceRow.user_id == user_id, PreferenceRow.key == key)
            await self._session.execute(named)
        else:
            columns = {"user_id": user_id, "key": key, "value": value}
            await self._upsert(PreferenceRow, columns, key=["user_id", "key"], changed=["value"])

    async def _upsert(
        self, table: type[Table], columns: dict[str, object], *, key: list[str], changed: list[str]
    ) -> None:
        statement = insert_for(self._session, table).values(columns)
        taken = {name: statement.excluded[name] for name in changed}
        await self._session.execute(statement.on_conflict_do_update(index_elements=key, set_=taken))
