"""The lines of waiting jobs and where each member stands in them. Read and written by the row's key alone."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import LineRow, ShareRow, Table
from bot.db.upsert import insert_for
from bot.domain.fair_share import Line, Share
from bot.domain.job import UserId
from bot.domain.prompt import Speed


class SqlShares:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get_line(self, speed: Speed, *, lock: bool = False) -> Line:
        query = select(LineRow).where(LineRow.speed == speed)
        row = await self._session.scalar(query.with_for_update() if lock else query)
        return Line(row.clock, row.at, row.pace, row.job_seconds) if row else Line()

    async def save_line(self, speed: Speed, line: Line) -> None:
        changed = {"clock": line.clock, "at": line.at, "pace": line.pace, "job_seconds": line.job_seconds}
        await self._upsert(LineRow, {"speed": speed}, changed)

    async def get_share(self, user_id: UserId, speed: Speed) -> Share:
        query = select(ShareRow).where(ShareRow.user_id == user_id, ShareRow.speed == speed)
        row = await self._session.scalar(query)
        return Share(row.finish, row.used_seconds, row.month) if row else Share()

    async def save_share(self, user_id: UserId, speed: Speed, share: Share) -> None:
        changed: dict[str, float | datetime | None] = {
            "finish": share.finish,
            "used_seconds": share.used_seconds,
            "month": share.month,
        }
        await self._upsert(ShareRow, {"user_id": user_id, "speed": speed}, changed)

    async def _upsert(self, table: type[Table], key: dict[str, Any], changed: dict[str, Any]) -> None:
        statement = insert_for(self._session, table).values(key | changed)
        taken = {name: statement.excluded[name] for name in changed}
        await self._session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=taken))
