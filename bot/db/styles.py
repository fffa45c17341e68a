"""Members' own styles by their codes, and what they are made of."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import JobRow, LikeRow, StyleRow
from bot.db.upsert import insert_for
from bot.domain.job import JobStatus, UserId
from bot.domain.prompt import GenerationParams, load_params
from bot.domain.prompt.parameters import PromptPart
from bot.domain.taste import Style


class SqlStyles:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def keep(self, style: Style) -> None:
        columns = {
            "code": style.code,
            "user_id": style.user_id,
            "words": [[part.text, part.weight] for part in style.words],
            "created_at": style.created_at,
        }
        await self._session.execute(insert_for(self._session, StyleRow).values(columns).on_conflict_do_nothing())

    async def find_all(self, codes: Collection[str]) -> dict[str, Style]:
        rows = await self._session.scalars(select(StyleRow).where(StyleRow.code.in_(codes)))
        return {row.code: _to_style(row) for row in rows}

    async def list_of_member(self, user_id: UserId, limit: int) -> list[Style]:
        newest = select(StyleRow).where(StyleRow.user_id == user_id).order_by(StyleRow.created_at.desc(), StyleRow.code)
        return [_to_style(row) for row in await self._session.scalars(newest.limit(limit))]

    async def list_liked(self, user_id: UserId, limit: int) -> list[GenerationParams]:
        liked = select(JobRow.params).join(LikeRow, LikeRow.job_id == JobRow.id).where(LikeRow.user_id == user_id)
        newest = await self._session.scalars(liked.order_by(LikeRow.created_at.desc(), LikeRow.job_id).limit(limit))
        return [load_params(params) for params in newest]

    async def list_drawn(self, user_id: UserId, limit: int) -> list[GenerationParams]:
        drawn = select(JobRow.params).where(JobRow.user_id == user_id, JobRow.status == JobStatus.SUCCEEDED)
        newest = await self._session.scalars(drawn.order_by(JobRow.created_at.desc()).limit(limit))
        return [load_params(params) for params in newest]


def _to_style(row: StyleRow) -> Style:
    words = tuple(PromptPart(str(text), float(weight)) for text, weight in row.words)
    return Style(row.code, UserId(row.user_id), words, row.created_at)
