"""Patience with a database that is away for a while: what it holds up goes on afterwards, and nothing else ends."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog

from bot.usecases.ports import DatabaseTrouble, Transaction
from bot.usecases.studio import Studio

log = structlog.get_logger(__name__)

T = TypeVar("T")

PATIENCE = timedelta(minutes=2)
"""A server's restart or its replacement, or a file that somebody has locked. What takes longer is not passing."""
LONGEST_PAUSE = 3
"""The pause before this try is the longest, 8 seconds: members wait for who does not come back at once."""


class LeftForLater(Exception):
    """The program is about to end, so what was to be done is left for the next start."""


async def outlast(
    work: Callable[[], Awaitable[T]], what: str, *, studio: Studio, stop: asyncio.Event | None = None
) -> T:
    """What `work` gives as soon as the database lets it. `what` names it in the log.

    Where an answer got lost, it was done already; so to do it twice must be the same as to do it once. Raises
    `LeftForLater` once `stop` is set while the database is away, and `DatabaseTrouble` after `PATIENCE`.
    """
    began, attempt = studio.now(), 0
    stop = stop or asyncio.Event()
    while True:
        try:
            done = await work()
        except DatabaseTrouble as trouble:
            began = began if attempt else studio.now()
            away = studio.now() - began
            if away >= PATIENCE:
                log.critical("database away for too long", what=what, seconds=away.total_seconds(), why=str(trouble))
                raise
            log.warning("database away", what=what, seconds=away.total_seconds(), why=str(trouble))
            await _pause(studio.pause(min(attempt, LONGEST_PAUSE)), stop)
            attempt += 1
        else:
            if attempt:
                log.info("database back", what=what, seconds=(studio.now() - began).total_seconds())
            return done


async def ask(question: Callable[[Transaction], Awaitable[T]], what: str, *, studio: Studio) -> T:
    """What the database answers as soon as it does. Raises `DatabaseTrouble` as `outlast` does."""

    async def read() -> T:
        async with studio.db.reading() as tx:
            return await question(tx)

    return await outlast(read, what, studio=studio)


async def _pause(seconds: float, stop: asyncio.Event) -> None:
    """Raises `LeftForLater`."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
    raise LeftForLater
