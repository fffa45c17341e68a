"""The heartbeats of gateway clients: counted, and who is silent for too long is cut off.

In real time, whatever the stand-in's clock is turned to: it is the client's program that has to keep up.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

TIMED_OUT = 4009
"""With this code Discord closes a line without heartbeats: the session is over, a new one may be begun."""
PATIENCE = 1.5
"""Intervals of silence until a client is taken for dead. Discord does not say how many it waits."""


@dataclass
class Heartbeats:
    """What came over all lines. `latest_seconds` is by how much the latest one missed its time."""

    interval_seconds: float
    arrived: int = 0
    missed: int = 0
    latest_seconds: float = 0.0


class Pulse:
    """One line's. `cut` is called when nothing came for too long."""

    def __init__(self, counted: Heartbeats, cut: Callable[[], None]) -> None:
        self._counted = counted
        self._cut = cut
        self._loop = asyncio.get_running_loop()
        self._last: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        self.end()
        self._timer = self._loop.call_later(self._counted.interval_seconds * PATIENCE, self._miss)

    def beat(self) -> None:
        now = self._loop.time()
        if self._last is not None:
            late = now - self._last - self._counted.interval_seconds
            self._counted.latest_seconds = max(self._counted.latest_seconds, late)
        self._last = now
        self._counted.arrived += 1
        self.begin()

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _miss(self) -> None:
        self._counted.missed += 1
        self._cut()
