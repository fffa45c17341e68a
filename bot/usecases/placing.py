"""Finding the best file of a job's pictures that a place takes."""

import asyncio
from collections.abc import Awaitable, Callable

from bot.domain.errors import JobGone
from bot.domain.job import Job, MessageRef
from bot.domain.prompt.links import name_links
from bot.domain.said import Said
from bot.pictures import compose_grid, fit_bytes
from bot.usecases.ports import DeliveryRefused, FileTooLarge, ResultFile
from bot.usecases.studio import Studio

SMALLEST_UPLOAD = 64 * 1024
ALT_TEXT_LIMIT = 1_024


async def place_file(job: Job, post: Callable[[ResultFile], Awaitable[MessageRef]], studio: Studio) -> MessageRef:
    """Post the best file that the place takes. Raises `DeliveryRefused` when that would be too poor."""
    limit = await studio.notifier.upload_limit(job)
    while True:
        file = await make_file(job, limit, studio)
        try:
            return await post(file)
        except FileTooLarge as refusal:
            limit = len(file.data) // 2
            if limit < SMALLEST_UPLOAD:
                raise DeliveryRefused(Said("the picture is too large for it")) from refusal


async def make_file(job: Job, limit: int, studio: Studio) -> ResultFile:
    """The job's grid or picture in at most `limit` bytes. The masters stay as they are. Raises `JobGone`."""
    async with studio.db.reading() as tx:
        pictures = await tx.gallery.list_of_job(job.id)
    if not pictures:
        raise JobGone
    masters = await asyncio.gather(*(studio.store.get(picture.store_key) for picture in pictures))
    whole = await asyncio.to_thread(compose_grid, masters)
    data, extension = await asyncio.to_thread(fit_bytes, whole, limit)
    return ResultFile(f"{job.id}.{extension}", data, name_links(job.prompt)[:ALT_TEXT_LIMIT])
