"""The kept originals: what a job has drawn, as bytes, and the way there and back through the image store."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.errors import StoreUnreachable
from bot.domain.gallery import Picture
from bot.pictures import decode_rgb, encode_png
from bot.usecases.studio import Studio
from engine.protocol import Pixels


@dataclass(frozen=True, slots=True)
class Master:
    """One original, encoded without loss. Width and height are pixels."""

    data: bytes
    width: int
    height: int
    extension: str = "png"


async def encode_masters(pictures: Sequence[Pixels]) -> tuple[Master, ...]:
    encoded = await asyncio.gather(*(asyncio.to_thread(encode_png, pixels) for pixels in pictures))
    return tuple(Master(data, p.width, p.height) for data, p in zip(encoded, pictures, strict=True))


async def read_master(picture: Picture, studio: Studio) -> Pixels:
    """Raises `JobGone`."""
    return await asyncio.to_thread(decode_rgb, await studio.store.get(picture.store_key))


async def put_masters(keys: Sequence[str], masters: Sequence[Master], studio: Studio) -> None:
    """All or nothing: a full disk is not made fuller by parts that no gallery names.

    Raises `StoreFull` or `StoreUnreachable`.
    """
    puts = (studio.store.put(key, master.data) for key, master in zip(keys, masters, strict=True))
    outcomes = await asyncio.gather(*puts, return_exceptions=True)
    if troubles := [outcome for outcome in outcomes if outcome is not None]:
        await drop_masters(keys, studio)
        raise troubles[0]


async def drop_masters(keys: Sequence[str], studio: Studio) -> None:
    """As far as the store can be reached."""
    for key in keys:
        with contextlib.suppress(StoreUnreachable):
            await studio.store.delete(key)
