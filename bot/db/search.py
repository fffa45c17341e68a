"""How each database finds pictures by words: what holds of one row, and what its index answers.

PostgreSQL has a generated column of search words under a GIN index; SQLite a table of FTS5: see `search_index`.
Neither asks its database what a word is: `bot.domain.search` cuts them, and leaves no sign that means something here.
"""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import CTE, ColumnElement, bindparam, column, func, literal_column, select, table, text
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import ImageRow
from bot.db.search_index import INDEX, OF_USER, PREFIX, PUBLIC, TRASH_OF_USER
from bot.domain.gallery import GalleryQuery

Conditions = Sequence[ColumnElement[bool]]

_WORDS: ColumnElement[str] = literal_column("images.words")
_FOUND = table(INDEX, column("rowid"))


class Words(Protocol):
    """What members look for, in the terms of one database."""

    def of_a_row(self) -> Conditions:
        """Whether a row has them all, as a question that no index answers."""
        ...

    def of_all(self, query: GalleryQuery, visible: Conditions, limit: int) -> CTE:
        """Their numbers by the index, at least `limit` of the newest."""
        ...

    async def has_index(self, session: AsyncSession) -> bool: ...


def words_for(session: AsyncSession, words: Sequence[str]) -> Words:
    return PostgresWords(words) if session.get_bind().dialect.name == "postgresql" else SqliteWords(words)


class PostgresWords:
    """Words of a row are compared by the function behind `@@`, because the planner may look `@@` up in the index."""

    def __init__(self, words: Sequence[str]) -> None:
        wanted = " & ".join(f"'{word}':*" for word in words)
        self._wanted = bindparam("wanted", wanted, type_=TSQUERY)

    def of_a_row(self) -> Conditions:
        return [func.ts_match_vq(_WORDS, self._wanted)]

    def of_all(self, query: GalleryQuery, visible: Conditions, limit: int) -> CTE:  # noqa: ARG002
        """All of them: a GIN index knows no order. It is asked first, whatever the planner thinks of the order."""
        return select(ImageRow.number).where(_WORDS.op("@@")(self._wanted), *visible).cte("seen")

    async def has_index(self, session: AsyncSession) -> bool:  # noqa: ARG002
        return True


class SqliteWords:
    def __init__(self, words: Sequence[str]) -> None:
        self._words = words

    def of_a_row(self) -> Conditions:
        return _begin(self._words)

    def of_all(self, query: GalleryQuery, visible: Conditions, limit: int) -> CTE:  # noqa: ARG002
        """They come in the order of their numbers, and no more of them are looked at than are wanted."""
        wanted = [*(f'"{word[:PREFIX]}" *' for word in self._words), _who(query)]
        found = select(_FOUND.c.rowid.label("number")).where(literal_column(INDEX).op("MATCH")(" AND ".join(wanted)))
        if longer := [word for word in self._words if len(word) > PREFIX]:
            found = found.join(ImageRow, ImageRow.number == _FOUND.c.rowid).where(*_begin(longer))
        return found.order_by(_FOUND.c.rowid.desc()).limit(limit).cte("seen")

    async def has_index(self, session: AsyncSession) -> bool:
        return bool(await session.scalar(text(f"SELECT 1 FROM sqlite_master WHERE name = '{INDEX}_added'")))


def _begin(words: Sequence[str]) -> Conditions:
    return [(" " + ImageRow.search_text).contains(f" {word}") for word in words]


def _who(query: GalleryQuery) -> str:
    if query.trashed:
        return f'"{TRASH_OF_USER}{query.viewer_id}"'
    match query.owner_id:
        case None:
            return f'("{PUBLIC}" OR "{OF_USER}{query.viewer_id}")'
        case query.viewer_id:
            return f'"{OF_USER}{query.viewer_id}"'
        case owner_id:
            return f'"{OF_USER}{owner_id}" AND "{PUBLIC}"'
