"""The time of the stand-in: real by default, and tests turn it forward. It knows nothing of Discord."""

import asyncio
import heapq
import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(order=True)
class Alarm:
    """One pending call; `cancel` makes it silent."""

    when: float
    order: int
    ring: Callable[[], None] = field(compare=False)
    cancelled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """Seconds since 1970 that only move forward: with `ticks`, and when they are turned."""

    def __init__(self, ticks: Callable[[], float] = time.monotonic) -> None:
        self._ticks = ticks
        self._offset = time.time() - ticks()
        self._alarms: list[Alarm] = []
        self._order = itertools.count()
        self._timer: asyncio.TimerHandle | None = None

    def now(self) -> float:
        return self._ticks() + self._offset

    def utcnow(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def after(self, seconds: float, ring: Callable[[], None]) -> Alarm:
        """Ring once `seconds` have passed, by themselves or because a test advanced the clock."""
        alarm = Alarm(self.now() + seconds, next(self._order), ring)
        heapq.heappush(self._alarms, alarm)
        self._arm()
        return alarm

    def advance(self, seconds: float) -> None:
        """Jump forward and ring everything that is now due, in order."""
        if seconds < 0:
            raise ValueError("the clock only goes forward")
        self._offset += seconds
        self._ring_due()

    def close(self) -> None:
        self._alarms.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring_due(self) -> None:
        while self._alarms and self._alarms[0].when <= self.now():
            alarm = heapq.heappop(self._alarms)
            if not alarm.cancelled:
                alarm.ring()
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._alarms:
            wait = max(0.0, self._alarms[0].when - self.now())
            self._timer = asyncio.get_running_loop().call_later(wait, self._ring_due)
