"""Who writes next, where only one can. Knows no database."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator

from bot.usecases.ports import DatabaseTrouble

IN_A_ROW = 4
"""So many who are waited for go before one who can wait, that members pressing without a pause hold up nothing."""


class Turns:
    """One at a time, in the order of arrival, except that those who can wait let others go first."""

    def __init__(self, patience_seconds: float) -> None:
        self._patience_seconds = patience_seconds
        self._is_taken = False
        self._in_a_row = 0
        self._hurried: deque[asyncio.Future[None]] = deque()
        self._patient: deque[asyncio.Future[None]] = deque()

    @contextlib.asynccontextmanager
    async def turn(self, *, can_wait: bool) -> AsyncIterator[None]:
        """Raises `DatabaseTrouble` when it does not come within the patience."""
        try:
            async with asyncio.timeout(self._patience_seconds):
                await self._take(self._patient if can_wait else self._hurried)
        except TimeoutError as stuck:
            raise DatabaseTrouble(f"no turn to write within {self._patience_seconds} seconds") from stuck
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, line: deque[asyncio.Future[None]]) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        mine = asyncio.get_running_loop().create_future()
        line.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if not mine.cancelled():
                self._pass_on()  # it came in the same moment
            raise

    def _pass_on(self) -> None:
        _drop_gone(self._hurried)
        _drop_gone(self._patient)
        must_let_pass = self._in_a_row >= IN_A_ROW and self._patient
        if self._hurried and not must_let_pass:
            self._in_a_row += 1
            self._hurried.popleft().set_result(None)
        elif self._patient:
            self._in_a_row = 0
            self._patient.popleft().set_result(None)
        else:
            self._is_taken = False


def _drop_gone(line: deque[asyncio.Future[None]]) -> None:
    """Who went away stays in the line until it is their turn: a task that is cancelled runs too late to leave it."""
    while line and line[0].cancelled():
        line.popleft()
