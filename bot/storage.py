"""Opens what outlives the program: the database and the place of the pictures, each with a sentence when it cannot."""

import contextlib
from collections.abc import AsyncIterator

import structlog

from bot.db.database import SqlDatabase, held_alone, migrate, open_database
from bot.domain.errors import StoreFull, StoreUnreachable
from bot.image_store import open_image_store
from bot.usecases.ports import ImageStore

log = structlog.get_logger(__name__)


class StoreUnavailable(Exception):
    """Pictures cannot be kept where the settings say; the message says what to change."""


@contextlib.asynccontextmanager
async def opened_database(url: str) -> AsyncIterator[SqlDatabase]:
    """With its tables up to date. Raises `DatabaseUnavailable`."""
    with held_alone(url):  # first, so that nobody alters tables that are in use
        await migrate(url)
        async with open_database(url) as db:
            yield db


async def open_store(place: str) -> ImageStore:
    """One that is full is opened: what it has can still be looked at, and members are told of the rest.

    Raises `StoreUnavailable`.
    """
    try:
        store = open_image_store(place)
    except (OSError, ValueError) as trouble:
        raise StoreUnavailable(f"The image store `{place}` cannot be used: {trouble}") from trouble
    try:
        await store.check()
    except StoreUnreachable as trouble:
        raise StoreUnavailable(f"The image store cannot be used: {trouble.why}.") from trouble
    except StoreFull:
        log.critical("image store full", store=place)
    return store
