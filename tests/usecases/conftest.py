"""The use cases on a real SQLite file and a real image folder, with a scripted engine, a chat in memory and a clock."""

import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.db.database import SqlDatabase, open_database
from bot.domain.errors import InvalidLink
from bot.domain.gallery import Picture
from bot.domain.job import Job, JobId, JobStatus, UserId
from bot.domain.place import Place
from bot.domain.plan import Limits
from bot.image_store import open_image_store
from bot.tasks import BackgroundTasks
from bot.usecases.admission import attach_waiting_message
from bot.usecases.courier import Courier
from bot.usecases.dispatch import Dispatcher
from bot.usecases.run_job import run_job
from bot.usecases.studio import Studio
from bot.usecases.submit_imagine import Submitted, submit_imagine
from tests.domain.factories import ANN, NOW
from tests.fakes import FakeEngine
from tests.patience import PATIENCE_SECONDS
from tests.usecases.notifier import FakeNotifier


@dataclass
class World:
    """A studio whose dispatcher and courier run only inside `working`."""

    studio: Studio
    engine: FakeEngine
    notifier: FakeNotifier
    clock: "TestClock"
    listeners: "list[Callable[[], None]]"
    links: "ShelfOfLinks"
    pauses: list[int]

    async def imagine(self, prompt: str = "a fox", user_id: UserId = ANN, *, is_waiting: bool = True) -> Job:
        """A job as `/imagine` leaves it, with its waiting message in the chat unless told otherwise."""
        submitted = await submit_imagine(prompt, place_of(user_id), studio=self.studio)
        assert isinstance(submitted, Submitted)
        [job] = submitted.jobs
        if is_waiting:
            await attach_waiting_message(job.id, self.notifier.wait(job), studio=self.studio)
        return await self.job(job.id)

    async def claim(self, job: Job) -> Job:
        """The job as the dispatcher would hand it out."""
        running = job.start(self.studio.now())
        async with self.studio.db.transaction() as tx:
            await tx.jobs.save(running, expected=JobStatus.QUEUED)
        return running

    async def drawn(self, prompt: str = "a fox", user_id: UserId = ANN) -> Job:
        """A job that succeeded and is not delivered yet."""
        job = await self.imagine(prompt, user_id)
        await run_job(await self.claim(job), studio=self.studio)
        return await self.job(job.id)

    async def job(self, job_id: JobId) -> Job:
        async with self.studio.db.transaction() as tx:
            return await tx.jobs.get(job_id)

    async def pictures(self, job_id: JobId) -> list[Picture]:
        async with self.studio.db.transaction() as tx:
            return await tx.gallery.list_of_job(job_id)

    @contextlib.asynccontextmanager
    async def working(self, capacity: int = 8) -> AsyncIterator[Dispatcher]:
        """Dispatcher and courier at work. At the end nothing more is claimed, and what is under way is finished."""
        async with BackgroundTasks() as jobs, BackgroundTasks() as deliveries, BackgroundTasks() as loops:
            dispatcher = Dispatcher(self.studio, jobs, capacity)
            courier = Courier(self.studio, deliveries)
            self.listeners += [dispatcher.wake, courier.wake]
            dispatching = loops.start(dispatcher.run(), name="dispatcher")
            delivering = loops.start(courier.run(), name="courier")
            self.studio.wake()
            yield dispatcher
            dispatcher.close()
            await dispatching
            await jobs.settle(PATIENCE_SECONDS)
            courier.close()
            await delivering
            await deliveries.settle(PATIENCE_SECONDS)
            self.listeners.clear()


@dataclass
class TestClock:
    """Turned by tests."""

    __test__ = False
    now: datetime = NOW

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class ShelfOfLinks:
    """Addresses and what they answer with; `asked` lists them in order."""

    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        if url not in self.files:
            raise InvalidLink(f"`{url}` cannot be opened from here")
        return self.files[url]


def place_of(user_id: UserId) -> Place:
    return Place(user_id, "someone", channel_id=500, guild_id=7)


@pytest.fixture
async def database(empty_database: Path, tmp_path: Path) -> AsyncIterator[SqlDatabase]:
    path = shutil.copy(empty_database, tmp_path / "easel.db")
    async with open_database(f"sqlite:///{path}") as opened:
        yield opened


@pytest.fixture
def world(database: SqlDatabase, tmp_path: Path) -> World:
    return make_world(database, tmp_path)


def make_world(database: SqlDatabase, folder: Path) -> World:
    engine, notifier, clock, links = FakeEngine(), FakeNotifier(), TestClock(), ShelfOfLinks()
    listeners: list[Callable[[], None]] = []
    pauses: list[int] = []

    def pause(attempt: int) -> float:
        pauses.append(attempt)
        return 0.0

    def wake() -> None:
        for listener in listeners:
            listener()

    studio = Studio(
        db=database,
        engine=engine,
        store=open_image_store(folder / "images"),
        notifier=notifier,
        links=links,
        wake=wake,
        now=lambda: clock.now,
        limits=Limits(max_running=3, max_waiting=10),
        page_size=9,
        pause=pause,
    )
    return World(studio, engine, notifier, clock, listeners, links, pauses)
