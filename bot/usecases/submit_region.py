"""A member marks a part of a picture and says what belongs there."""

import asyncio
import uuid

from bot.domain.buttons import Button
from bot.domain.canvas import Size
from bot.domain.job import Job, MessageRef, PictureRef
from bot.domain.place import Place
from bot.pictures.masks import read_mask, write_mask
from bot.usecases.studio import Studio
from bot.usecases.submit_press import submit_press


async def submit_region(
    button: Button, mask: bytes, place: Place, pressed: MessageRef, *, studio: Studio, wording: str | None = None
) -> Job:
    """`mask` is a picture of the same shape, white where it is to be drawn anew; `wording` the whole prompt, if edited.

    Raises `UnreadablePicture`, `UnusableMask`, `StoreFull` and whatever `submit_press` raises; then nothing is kept.
    """
    async with studio.db.reading() as tx:
        picture = await tx.gallery.get(PictureRef(button.job_id, button.index))
    prepared = await asyncio.to_thread(_prepare, mask, Size(picture.width, picture.height))
    key = f"masks/{uuid.uuid4()}.png"
    await studio.store.put(key, prepared)
    try:
        return await submit_press(button, place, pressed, studio=studio, wording=wording, mask_key=key)
    except BaseException:
        await studio.store.delete(key)
        raise


def _prepare(mask: bytes, size: Size) -> bytes:
    return write_mask(read_mask(mask, size))
