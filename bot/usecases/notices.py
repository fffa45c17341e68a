"""What members were told of where their waiting jobs stand. Knows nothing of the line itself."""

import asyncio
from collections import OrderedDict

from bot.domain.job import JobId
from bot.domain.waiting import Waiting

KEPT = 1_000


class Notices:
    """Owns what was said of which job, longest ago first. After a restart nothing is known of it, and those messages
    keep their words until the job starts."""

    def __init__(self) -> None:
        self._said: OrderedDict[JobId, Waiting] = OrderedDict()
        self._changed = asyncio.Event()

    def say(self, job_id: JobId, waiting: Waiting) -> None:
        self._said[job_id] = waiting
        while len(self._said) > KEPT:
            self._said.popitem(last=False)

    def take(self, limit: int) -> list[tuple[JobId, Waiting]]:
        """Those that were said longest ago. They are forgotten unless they are said again."""
        return [self._said.popitem(last=False) for _ in range(min(limit, len(self._said)))]

    def wake(self) -> None:
        """The line has moved."""
        self._changed.set()

    async def line_moved(self) -> None:
        await self._changed.wait()
        self._changed.clear()
