"""Tells members what they are owed to know, by direct message. Of several processes one does; after a crash it is told
again rather than not at all."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

import structlog

from bot.domain.letter import Letter
from bot.usecases.courier import MAX_ATTEMPTS
from bot.usecases.ports import DeliveryDelayed, DeliveryError
from bot.usecases.studio import Studio

log = structlog.get_logger(__name__)

TRY_FOR = timedelta(minutes=1)
"""How long one process has a letter to itself."""
AT_ONCE = 20


class Herald:
    """`pause` gives the seconds after the n-th failed try. `run` goes on until it was closed."""

    def __init__(self, studio: Studio, pause: Callable[[int], float]) -> None:
        self._studio = studio
        self._pause = pause
        self._changed = asyncio.Event()
        self._is_open = True

    def wake(self) -> None:
        self._changed.set()

    def close(self) -> None:
        self._is_open = False
        self._changed.set()

    async def run(self) -> None:
        while self._is_open:
            seconds = await self.tell_due()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._changed.wait()
            self._changed.clear()

    async def tell_due(self) -> float | None:
        """Returns the seconds until the next one is due; None when none is owed."""
        studio = self._studio
        async with studio.db.transaction(can_wait=True) as tx:
            due = await tx.letters.claim(studio.now(), studio.now() + TRY_FOR, AT_ONCE)
        for letter in due:
            if self._is_open:
                await self._tell(letter)
        async with studio.db.reading() as tx:
            next_due = await tx.letters.next_due()
        return max(0.0, (next_due - studio.now()).total_seconds()) if next_due else None

    async def _tell(self, letter: Letter) -> None:
        studio, wait = self._studio, None
        try:
            await studio.notifier.send_direct(letter.user_id, letter.text, [])
        except DeliveryDelayed as delay:
            wait = delay.retry_after if delay.retry_after is not None else self._pause(letter.attempts)
        except DeliveryError as refusal:
            log.warning("member not told", member=letter.user_id, why=str(refusal))
        async with studio.db.transaction(can_wait=True) as tx:
            if wait is None or letter.attempts >= MAX_ATTEMPTS:
                await tx.letters.settle(letter.id)
            else:
                await tx.letters.postpone(letter.id, studio.now() + timedelta(seconds=wait))
