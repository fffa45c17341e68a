"""Pictures in the database: who may see which, newest first. Knows nothing of their bytes."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, UnaryExpression, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased

from bot.db.models import ImageRow
from bot.domain.errors import JobGone
from bot.domain.gallery import GalleryQuery, Page, Picture, Visibility
from bot.domain.job import JobId, PictureRef, UserId

COUNTED = 1_000
"""Pictures of which the exact number is told; of more it is only told that they are more."""
LAST_PAGE = 9_999
SEARCHED = 100_000
"""Pictures that words are looked for in, the newest of those that may be seen."""
MAX_FILTER_WORDS = 20
"""Each word is one more condition on every row; a filter comes from a stranger."""


class SqlGallery:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, pictures: Sequence[Picture]) -> None:
        if pictures:
            await self._session.execute(insert(ImageRow), [to_columns(picture) for picture in pictures])

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
        row, matching = _rows(query)
        wanted = min(max(0, page), LAST_PAGE)
        bound = max(COUNTED, (wanted + 2) * page_size)
        counted = select(row.job_id).where(*matching).limit(bound).subquery()
        total = await self._session.scalar(select(func.count()).select_from(counted)) or 0
        number = min(wanted, max(0, (total - 1) // page_size))
        window = select(row).where(*matching).order_by(*_newest(row)).limit(page_size).offset(number * page_size)
        pictures = tuple(to_picture(each) for each in await self._session.scalars(window))
        return Page(pictures, number, page_size, total, is_whole=total < bound)

    async def set_trashed(self, job_id: JobId, at: datetime | None) -> None:
        await self._session.execute(update(ImageRow).where(ImageRow.job_id == job_id).values(trashed_at=at))


def _rows(query: GalleryQuery) -> tuple[type[ImageRow], list[ColumnElement[bool]]]:
    """What is looked through, and for what. Words stand in no index, so that they are looked for in the newest only."""
    trashed = ImageRow.trashed_at.is_not(None) if query.trashed else ImageRow.trashed_at.is_(None)
    visible = [*_visible_to(query.viewer_id, query.owner_id), trashed]
    words = fold(query.text).split()[:MAX_FILTER_WORDS]
    if not words:
        return ImageRow, visible
    newest = select(ImageRow).where(*visible).order_by(*_newest(ImageRow)).limit(SEARCHED).subquery()
    row = aliased(ImageRow, newest)
    return row, [row.search_text.contains(word, autoescape=True) for word in words]


def _newest(row: type[ImageRow]) -> tuple[UnaryExpression[Any] | InstrumentedAttribute[Any], ...]:
    return row.created_at.desc(), row.job_id.desc(), row.index


def _visible_to(viewer_id: UserId, owner_id: UserId | None) -> list[ColumnElement[bool]]:
    is_public = ImageRow.visibility == Visibility.PUBLIC
    if owner_id is None:
        return [or_(is_public, ImageRow.user_id == viewer_id)]
    if owner_id == viewer_id:
        return [ImageRow.user_id == owner_id]
    return [ImageRow.user_id == owner_id, is_public]


def fold(text: str) -> str:
    """Letters of any script without their case and width, and without what a database cannot hold."""
    storable = re.sub(r"[\x00\ud800-\udfff]", "", text)
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", storable).casefold())


def to_columns(picture: Picture) -> dict[str, Any]:
    return {
        "job_id": picture.job_id,
        "index": picture.index,
        "user_id": picture.user_id,
        "prompt": picture.prompt,
        "search_text": fold(picture.prompt),
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
