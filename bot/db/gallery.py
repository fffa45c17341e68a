"""Pictures in the database: who may see which, newest first. Knows nothing of their bytes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import ImageRow
from bot.db.search import Conditions, Words, words_for
from bot.domain.errors import JobGone
from bot.domain.gallery import GalleryQuery, Page, Picture, Visibility
from bot.domain.job import JobId, PictureRef, UserId
from bot.domain.search import wanted_words, words_of

COUNTED = 1_000
"""Pictures of which the exact number is told; of more it is only told that they are more."""
LAST_PAGE = 9_999
WALKED = 100
"""Pictures looked at one by one for each that a page of a search wants, before the index is asked."""
SEARCHED = 100_000
"""The most that are looked at one by one, and as many as are where there is no index: SQLite without FTS5."""


class SqlGallery:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, pictures: Sequence[Picture]) -> None:
        """The last number is the newest, and the first of a grid is to stand before its others."""
        if pictures:
            in_order = sorted(pictures, key=lambda picture: (picture.created_at, -picture.index))
            await self._session.execute(insert(ImageRow), [to_columns(picture) for picture in in_order])

    async def get(self, ref: PictureRef) -> Picture:
        named = select(ImageRow).where(ImageRow.job_id == ref.job_id, ImageRow.index == ref.index)
        row = await self._session.scalar(named)
        if row is None:
            raise JobGone
        return to_picture(row)

    async def list_of_job(self, job_id: JobId) -> list[Picture]:
        of_job = select(ImageRow).where(ImageRow.job_id == job_id).order_by(ImageRow.index)
        return [to_picture(row) for row in await self._session.scalars(of_job)]

    async def browse(self, query: GalleryQuery, page: int, page_size: int) -> Page:
        """Pictures are counted only as far as it is worth to say, and never less far than one page on."""
        wanted = min(max(0, page), LAST_PAGE)
        if query.text.strip():
            return await self._search(query, wanted, page_size)
        limit = max(COUNTED, (wanted + 2) * page_size)
        return await self._read(_newest(_visible(query)).limit(limit).cte("seen"), wanted, page_size, limit)

    async def _search(self, query: GalleryQuery, wanted: int, page_size: int) -> Page:
        """Words that many pictures have are soon found among the newest, and words that few have by the index.

        Each way is slow at the other's: an index of words goes through all that match before it knows the newest.
        """
        if not (words := wanted_words(query.text)):
            return Page((), 0, page_size, 0)
        asked, visible, enough = words_for(self._session, words), _visible(query), (wanted + 2) * page_size
        numbers, is_whole = await self._walk(asked, visible, min(enough * WALKED, SEARCHED), enough)
        if len(numbers) < enough and not is_whole:
            limit = max(COUNTED, enough)
            if await asked.has_index(self._session):
                return await self._read(asked.of_all(query, visible, limit), wanted, page_size, limit)
            numbers, is_whole = await self._walk(asked, visible, SEARCHED, limit)
        return await self._load(numbers, wanted, page_size, is_whole=is_whole)

    async def _walk(self, asked: Words, visible: Conditions, width: int, limit: int) -> tuple[list[int], bool]:
        """Up to `limit` of the newest `width` that may be seen have the words; and whether there are no others."""
        beyond = _newest(visible).offset(width).limit(1)
        among = ImageRow.number > func.coalesce(beyond.scalar_subquery(), 0)
        found = await self._session.scalars(_newest([*visible, among, *asked.of_a_row()]).limit(limit))
        numbers = list(found)
        return numbers, len(numbers) < limit and await self._session.scalar(beyond) is None

    async def _load(self, numbers: Sequence[int], wanted: int, page_size: int, *, is_whole: bool) -> Page:
        number = min(wanted, max(0, len(numbers) - 1) // page_size)
        shown = numbers[number * page_size : (number + 1) * page_size]
        rows = await self._session.scalars(
            select(ImageRow).where(ImageRow.number.in_(shown)).order_by(ImageRow.number.desc())
        )
        return Page(tuple(to_picture(row) for row in rows), number, page_size, len(numbers), is_whole)

    async def _read(self, seen: CTE, wanted: int, page_size: int, limit: int) -> Page:
        """In one statement. `seen` are `limit` numbers if there are as many; it may be all, if it knows no order."""
        total = select(func.count()).select_from(seen).scalar_subquery()
        shown = select(seen.c.number).order_by(seen.c.number.desc()).limit(page_size).offset(wanted * page_size)
        asked = select(ImageRow, total).where(ImageRow.number.in_(shown)).order_by(ImageRow.number.desc())
        rows = (await self._session.execute(asked)).all()
        if not rows and wanted:
            last = max(0, (await self._session.scalar(select(total)) or 0) - 1) // page_size
            return await self._read(seen, last, page_size, limit)
        count: int = rows[0][1] if rows else 0
        return Page(tuple(to_picture(row) for row, _ in rows), wanted, page_size, count, is_whole=count != limit)

    async def set_trashed(self, job_id: JobId, at: datetime | None) -> None:
        await self._session.execute(update(ImageRow).where(ImageRow.job_id == job_id).values(trashed_at=at))


def _newest(conditions: Conditions) -> Select[int]:
    return select(ImageRow.number).where(*conditions).order_by(ImageRow.number.desc())


def _visible(query: GalleryQuery) -> Conditions:
    trashed = ImageRow.trashed_at.is_not(None) if query.trashed else ImageRow.trashed_at.is_(None)
    return [*_visible_to(query.viewer_id, query.owner_id), trashed]


def _visible_to(viewer_id: UserId, owner_id: UserId | None) -> list[ColumnElement[bool]]:
    is_public = ImageRow.visibility == Visibility.PUBLIC
    if owner_id is None:
        return [or_(is_public, ImageRow.user_id == viewer_id)]
    if owner_id == viewer_id:
        return [ImageRow.user_id == owner_id]
    return [ImageRow.user_id == owner_id, is_public]


def to_columns(picture: Picture) -> dict[str, Any]:
    return {
        "job_id": picture.job_id,
        "index": picture.index,
        "user_id": picture.user_id,
        "prompt": picture.prompt,
        "search_text": " ".join(words_of(picture.prompt)),
        "seed": picture.seed,
        "width": picture.width,
        "height": picture.height,
        "store_key": picture.store_key,
        "created_at": picture.created_at,
        "visibility": picture.visibility,
        "trashed_at": picture.trashed_at,
        "terms": picture.terms,
    }


def to_picture(row: ImageRow) -> Picture:
    return Picture(
        job_id=JobId(row.job_id),
        index=row.index,
        user_id=UserId(row.user_id),
        prompt=row.prompt,
        seed=row.seed,
        width=row.width,
        height=row.height,
        store_key=row.store_key,
        created_at=row.created_at,
        visibility=row.visibility,
        trashed_at=row.trashed_at,
        terms=row.terms,
    )
