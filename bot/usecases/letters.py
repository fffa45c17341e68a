"""Tells members what they are owed to know, by direct message. Of several processes one does; after a crash it is told
again rather than not at all."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog

from bot.domain.letter import Letter
from bot.usecases.courier import MAX_ATTEMPTS
from bot.usecases.patience import LeftForLater, outlast
from bot.usecases.ports import DeliveryDelayed, DeliveryError
from bot.usecases.studio import Studio

log = structlog.get_logger(__name__)

T = TypeVar("T")

TRY_FOR = timedelta(minutes=1)
"""How long one process has a letter to itself."""
AT_ONCE = 20


class Herald:
    """`run` goes on until it was closed. A database that is away is waited for, see `outlast`."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()

    def wake(self) -> None:
        self._changed.set()

    def close(self) -> None:
        self._closing.set()
        self._changed.set()

    async def run(self) -> None:
        with contextlib.suppress(LeftForLater):
            while not self._closing.is_set():
                seconds = await self.tell_due()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(seconds):
                        await self._changed.wait()
                self._changed.clear()

    async def tell_due(self) -> float | None:
        """Returns the seconds until the next one is due; None when none is owed."""
        for letter in await self._outlast(self._claim):
            if not self._closing.is_set():
                await self._tell(letter)
        next_due = await self._outlast(self._next_due)
        return max(0.0, (next_due - self._studio.now()).total_seconds()) if next_due else None

    async def _outlast(self, work: Callable[[], Awaitable[T]]) -> T:
        return await outlast(work, "letters", studio=self._studio, stop=self._closing)

    async def _claim(self) -> list[Letter]:
        now = self._studio.now()
        async with self._studio.db.transaction(can_wait=True) as tx:
            return await tx.letters.claim(now, now + TRY_FOR, AT_ONCE)

    async def _next_due(self) -> datetime | None:
        async with self._studio.db.reading() as tx:
            return await tx.letters.next_due()

    async def _tell(self, letter: Letter) -> None:
        studio, wait = self._studio, None
        try:
            await studio.notifier.send_direct(letter.user_id, letter.text, [])
        except DeliveryDelayed as delay:
            wait = delay.retry_after if delay.retry_after is not None else studio.pause(letter.attempts)
        except DeliveryError as refusal:
            log.warning("member not told", member=letter.user_id, why=str(refusal))
        postponed = None if wait is None or letter.attempts >= MAX_ATTEMPTS else timedelta(seconds=wait)
        await self._outlast(lambda: self._write_down(letter, postponed))

    async def _write_down(self, letter: Letter, postponed: timedelta | None) -> None:
        async with self._studio.db.transaction(can_wait=True) as tx:
            if postponed is None:
                await tx.letters.settle(letter.id)
            else:
                await tx.letters.postpone(letter.id, self._studio.now() + postponed)
