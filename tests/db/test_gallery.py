"""Who sees which pictures, in which order. What words find is told in test_search.py."""

from typing import Any

import pytest

from bot.db.database import SqlDatabase
from bot.domain.errors import JobGone
from bot.domain.gallery import GalleryQuery, Picture, Visibility
from bot.domain.job import PictureRef, UserId, new_job_id
from tests.domain.factories import ANN, BOB, CID, NOW, a_job, a_picture, after


async def keep(database: SqlDatabase, *, user_id: UserId = ANN, prompt: str = "a fox", **changes: Any) -> Picture:
    job = a_job(user_id=user_id, prompt=prompt)
    picture = a_picture(job.id, user_id=user_id, prompt=prompt, **changes)
    async with database.transaction() as tx:
        await tx.jobs.add(job)
        await tx.gallery.add([picture])
    return picture


async def found(database: SqlDatabase, query: GalleryQuery) -> list[Picture]:
    async with database.transaction() as tx:
        page = await tx.gallery.browse(query, 0, 50)
    assert page.total == len(page.pictures)
    return list(page.pictures)


async def test_every_field_comes_back(database: SqlDatabase) -> None:
    picture = await keep(database, visibility=Visibility.PRIVATE, trashed_at=after(1))
    async with database.transaction() as tx:
        assert await tx.gallery.get(picture.ref) == picture
        with pytest.raises(JobGone):
            await tx.gallery.get(PictureRef(picture.job_id, 1))
        assert await tx.gallery.list_of_job(new_job_id()) == []
        await tx.gallery.add([])


async def test_a_grid_keeps_its_order_and_is_trashed_and_restored_as_one(database: SqlDatabase) -> None:
    job = a_job()
    four = [a_picture(job.id, index) for index in range(4)]
    other = await keep(database)
    async with database.transaction() as tx:
        await tx.jobs.add(job)
        await tx.gallery.add(four[::-1])
    async with database.transaction() as tx:
        assert await tx.gallery.list_of_job(job.id) == four
        await tx.gallery.set_trashed(job.id, after(5))
        assert [picture.trashed_at for picture in await tx.gallery.list_of_job(job.id)] == [after(5)] * 4
        await tx.gallery.set_trashed(job.id, None)
        assert await tx.gallery.list_of_job(job.id) == four
        await tx.gallery.set_trashed(job.id, after(6))
    assert await found(database, GalleryQuery(ANN)) == [other]
    trash = await found(database, GalleryQuery(ANN, ANN, trashed=True))
    assert [picture.index for picture in trash] == [0, 1, 2, 3]


async def test_pages_are_newest_first_and_end_at_the_last(database: SqlDatabase) -> None:
    pictures = [await keep(database, created_at=after(number)) for number in range(5)]
    newest = pictures[::-1]
    query = GalleryQuery(BOB, ANN)
    async with database.transaction() as tx:
        pages = [await tx.gallery.browse(query, number, 2) for number in (0, 1, 2, 3, 99, -1)]
        empty = await tx.gallery.browse(GalleryQuery(BOB, BOB), 3, 2)
    assert [page.number for page in pages] == [0, 1, 2, 2, 2, 0]
    assert [list(page.pictures) for page in pages[:3]] == [newest[:2], newest[2:4], newest[4:]]
    assert {page.total for page in pages} == {5}
    assert (empty.number, empty.total, empty.pictures) == (0, 0, ())


async def test_private_pictures_are_their_owners(database: SqlDatabase) -> None:
    bobs = await keep(database, user_id=BOB, created_at=NOW)
    private = await keep(database, created_at=after(1), visibility=Visibility.PRIVATE)
    public = await keep(database, created_at=after(2))
    assert await found(database, GalleryQuery(ANN, ANN)) == [public, private]
    assert await found(database, GalleryQuery(BOB, ANN)) == [public]
    assert await found(database, GalleryQuery(ANN)) == [public, private, bobs]
    assert await found(database, GalleryQuery(CID)) == [public, bobs]
