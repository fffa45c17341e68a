"""A member looks through pictures."""

import asyncio
from dataclasses import dataclass

from bot.domain.errors import JobGone, NotAllowed
from bot.domain.gallery import GalleryQuery, Page, Picture, Visibility
from bot.domain.job import Job, PictureRef, UserId
from bot.pictures import compose_contact_sheet
from bot.pictures.repeats import compose_repeated
from bot.usecases.studio import Studio


@dataclass(frozen=True, slots=True)
class OpenedPicture:
    """One picture in full: its record, the job that made it, the bytes of the master (PNG)."""

    picture: Picture
    job: Job
    data: bytes


async def browse_gallery(query: GalleryQuery, page: int, *, studio: Studio) -> Page:
    """Raises `NotAllowed`: a trash is its owner's alone."""
    if query.trashed and query.owner_id != query.viewer_id:
        raise NotAllowed("You can look into your own trash only.")
    async with studio.db.reading() as tx:
        return await tx.gallery.browse(query, page, studio.page_size)


async def open_picture(ref: PictureRef, viewer_id: UserId, *, studio: Studio) -> OpenedPicture:
    """Raises `JobGone` also for what the viewer may not see, so that nothing is told of it."""
    async with studio.db.reading() as tx:
        picture = await tx.gallery.get(ref)
        job = await tx.jobs.get(ref.job_id)
    if picture.user_id != viewer_id and (picture.visibility is not Visibility.PUBLIC or picture.trashed_at):
        raise JobGone
    return OpenedPicture(picture, job, await studio.store.get(picture.store_key))


async def open_repeated(ref: PictureRef, viewer_id: UserId, *, studio: Studio) -> bytes:
    """WebP of the picture two by two. Raises as `open_picture` does."""
    opened = await open_picture(ref, viewer_id, studio=studio)
    return await asyncio.to_thread(compose_repeated, opened.data)


async def open_thumbnails(page: Page, *, studio: Studio) -> bytes:
    """The page as one contact sheet (WebP), in the order of its pictures, each with its number."""
    masters = await asyncio.gather(*(_find_master(picture, studio) for picture in page.pictures))
    return await asyncio.to_thread(compose_contact_sheet, masters)


async def _find_master(picture: Picture, studio: Studio) -> bytes:
    """Nothing where it was lost: one picture must not keep a member from all others of its page."""
    try:
        return await studio.store.get(picture.store_key)
    except JobGone:
        return b""
