"""Pictures that a member links to or uploads: fetched, checked, and kept by us before a job may name them."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from bot.domain.errors import DuplicateImages, InvalidLink, UnreadablePicture
from bot.domain.job import Job
from bot.domain.prompt.linked import kept_keys, links_of
from bot.domain.prompt.links import show_link
from bot.pictures import decode_rgb, encode_png, shrink_rgb
from bot.usecases.studio import Studio
from engine.protocol import Pixels

MAX_SIDE = 2_048
"""Pixels: more of a picture than any model looks at."""

MAX_AT_ONCE = 4

Kept = Mapping[str, str]
"""From an address to the key in the image store under which its picture is kept."""

T = TypeVar("T")


class PicturesMissing(Exception):
    """A job names pictures that were not brought in yet. Nothing of it may have been written down."""

    def __init__(self, urls: Iterable[str]) -> None:
        self.urls = tuple(urls)
        super().__init__(f"{len(self.urls)} pictures are missing")


async def with_pictures(submit: Callable[[Kept], Awaitable[T]], *, studio: Studio) -> T:
    """Submit, and where pictures are missing fetch them and submit anew: no transaction waits for the network."""
    kept: dict[str, str] = {}
    while True:
        try:
            return await submit(kept)
        except PicturesMissing as missing:
            kept |= await bring_in(missing.urls, studio=studio)


def with_sources(job: Job, kept: Kept) -> Job:
    """The job with the keys of what its prompt links to. Raises `PicturesMissing` or `DuplicateImages`."""
    links = links_of(job.params)
    if not links:
        return job
    kept = {**kept, **kept_keys(job.params)}
    if missing := [url for url in links if url not in kept]:
        raise PicturesMissing(missing)
    images = [kept[image.url] for image in job.params.images]
    if len(set(images)) < len({image.url for image in job.params.images}):
        raise DuplicateImages
    return replace(job, operation=replace(job.operation, source_keys=tuple(kept[url] for url in links)))


def sources_of(job: Job) -> Kept:
    return dict(zip(links_of(job.params), job.operation.source_keys, strict=False))


async def bring_in(urls: Iterable[str], *, studio: Studio) -> Kept:
    """What they are kept under. Raises `InvalidLink` or `StoreFull`.

    The same picture has the same key, whoever brings it and however often.
    """
    room = asyncio.Semaphore(MAX_AT_ONCE)

    async def bring_one(url: str) -> str:
        async with room:
            pixels = await fetch_picture(url, studio=studio)
            data = await asyncio.to_thread(encode_png, await asyncio.to_thread(shrink_rgb, pixels, MAX_SIDE))
        key = f"inputs/{hashlib.sha256(data).hexdigest()}.png"
        await studio.store.put(key, data)
        return key

    wanted = list(dict.fromkeys(urls))
    outcomes = await asyncio.gather(*map(bring_one, wanted), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return {url: key for url, key in zip(wanted, outcomes, strict=True) if isinstance(key, str)}


async def fetch_picture(url: str, *, studio: Studio) -> Pixels:
    """Whatever a file calls itself, its bytes decide. Raises `InvalidLink`."""
    data = await studio.links.fetch(url)
    try:
        return await asyncio.to_thread(decode_rgb, data)
    except UnreadablePicture as trouble:
        raise InvalidLink("`{link}`: {trouble}", link=show_link(url), trouble=trouble.sentence) from trouble
