"""What is at work as long as the studio is open: who draws, delivers and tells, who wakes them, and how they end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from bot.config import Config
from bot.db.wakes import Wakes, postgres_url
from bot.tasks import BackgroundTasks
from bot.usecases.courier import Courier
from bot.usecases.dispatch import Dispatcher, keep_leases
from bot.usecases.letters import Herald
from bot.usecases.restart_engine import keep_engine_running
from bot.usecases.studio import Studio
from bot.usecases.tell_news import keep_telling_news

DRAIN_SECONDS = 10.0
"""Time that jobs have, once the engine has stopped, to write down where they stand; and then what is being sent, to
arrive."""

CLOSING_SECONDS = 20.0
"""Time that is left for everything else: a letter that is being sent, answers, connections."""


def stop_seconds(config: Config) -> float:
    """How long stopping takes at most; who supervises the program should wait longer before killing it."""
    return config.engine.stop_timeout_seconds + 2 * DRAIN_SECONDS + CLOSING_SECONDS


class Bell:
    """Owns who is to hear that the job table has changed."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[], None]] = []

    def add(self, *listeners: Callable[[], None]) -> None:
        self._listeners += listeners

    def ring(self) -> None:
        for listener in self._listeners:
            listener()


@dataclass(frozen=True, slots=True)
class Tasks:
    """`jobs` and `deliveries` end by themselves, `loops` do not."""

    jobs: BackgroundTasks
    deliveries: BackgroundTasks
    loops: BackgroundTasks


@contextlib.asynccontextmanager
async def open_tasks() -> AsyncIterator[Tasks]:
    async with BackgroundTasks() as jobs, BackgroundTasks() as deliveries, BackgroundTasks() as loops:
        yield Tasks(jobs, deliveries, loops)


@dataclass(frozen=True, slots=True)
class Workers:
    """Those who look at the job table whenever it has changed."""

    dispatcher: Dispatcher
    courier: Courier
    herald: Herald

    @property
    def wakes(self) -> tuple[Callable[[], None], ...]:
        return self.dispatcher.wake, self.courier.wake, self.herald.wake


@dataclass(frozen=True, slots=True)
class Loops:
    """The tasks that are under way, by what the order of closing needs of them."""

    studio: Studio
    tasks: Tasks
    workers: Workers
    stopped: asyncio.Event
    dispatching: asyncio.Task[None]
    delivering: asyncio.Task[None]
    telling: asyncio.Task[None]
    holding: asyncio.Task[None]
    listening: tuple[asyncio.Task[None], ...]
    noticing: asyncio.Task[None]
    keeping: asyncio.Task[None]

    @property
    def watched(self) -> tuple[asyncio.Task[None], ...]:
        """They should never end: when one does, the studio is to be closed."""
        at_the_table = self.dispatching, self.delivering, self.telling, self.holding
        return *at_the_table, *self.listening, self.noticing, self.keeping

    async def close(self) -> None:
        """Nothing new is begun, what is under way is written down or shown, and what is left is free at once."""
        await self._stop_drawing()
        await self._stop_showing()
        self.stopped.set()
        await asyncio.wait({self.holding})
        release = self.tasks.loops.start(_release(self.studio), name="release")
        await asyncio.wait({release})

    async def _stop_drawing(self) -> None:
        self.keeping.cancel()  # from now on the engine ends because it is told to
        self.workers.dispatcher.close()
        await asyncio.wait({self.dispatching, self.keeping})
        await self.studio.engine.stop()
        await self.tasks.jobs.settle(DRAIN_SECONDS)  # what was being drawn is put back

    async def _stop_showing(self) -> None:
        self.workers.courier.close()
        self.workers.herald.close()
        await asyncio.wait({self.delivering, self.telling}, timeout=DRAIN_SECONDS)
        self.workers.courier.hurry()
        await self.tasks.deliveries.settle(DRAIN_SECONDS)  # what has ended is shown


def start_loops(workers: Workers, bell: Bell, database_url: str, tasks: Tasks, *, studio: Studio) -> Loops:
    start, stopped = tasks.loops.start, asyncio.Event()
    return Loops(
        studio,
        tasks,
        workers,
        stopped,
        dispatching=start(workers.dispatcher.run(), name="dispatcher"),
        delivering=start(workers.courier.run(), name="courier"),
        telling=start(workers.herald.run(), name="herald"),
        holding=start(keep_leases(stopped, studio=studio), name="leases"),
        listening=_listen_to_others(workers, bell, database_url, tasks.loops),
        noticing=_tell_news(bell, tasks.loops, studio),
        keeping=start(keep_engine_running(studio.engine, workers.dispatcher), name="engine"),
    )


def _listen_to_others(
    workers: Workers, bell: Bell, database_url: str, loops: BackgroundTasks
) -> tuple[asyncio.Task[None], ...]:
    """Where the database may be shared with other bots."""
    shared_url = postgres_url(database_url)
    if shared_url is None:
        return ()
    wakes = Wakes(shared_url, workers.wakes)
    bell.add(wakes.tell)
    return loops.start(wakes.listen(), name="listening"), loops.start(wakes.send(), name="telling")


def _tell_news(bell: Bell, loops: BackgroundTasks, studio: Studio) -> asyncio.Task[None]:
    bell.add(studio.notices.wake)
    return loops.start(keep_telling_news(studio=studio), name="news of the line")


async def _release(studio: Studio) -> None:
    async with studio.db.transaction() as tx:
        await tx.jobs.release(studio.owner)
