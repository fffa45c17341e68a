"""A database that is away for a while ends nothing: each loop waits for it, and what it held up goes on."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from bot.db.database import migrate, open_database
from bot.domain.job import DeliveryStatus, JobStatus
from bot.domain.lease import Lease
from bot.domain.letter import Letter
from bot.domain.plan import Limits
from bot.tasks import BackgroundTasks
from bot.usecases.courier import Courier
from bot.usecases.dispatch import Dispatcher, keep_leases
from bot.usecases.letters import Herald
from bot.usecases.patience import PATIENCE
from bot.usecases.ports import Database, DatabaseTrouble, Transaction
from bot.usecases.run_job import run_job
from bot.usecases.studio import Studio
from tests.domain.factories import ANN
from tests.outage import Pauses, file_locked, server_away
from tests.usecases.conftest import World, make_world

LOOPS = ("dispatcher", "courier", "herald", "leases")


@dataclass
class Loop:
    running: asyncio.Task[None]
    close: Callable[[], None]


@contextlib.asynccontextmanager
async def at_work(name: str, studio: Studio) -> AsyncIterator[Loop]:
    """One of the loops, woken."""
    async with BackgroundTasks() as work, BackgroundTasks() as loops:
        if name == "leases":
            stop = asyncio.Event()
            yield Loop(loops.start(keep_leases(stop, studio=studio), name=name), stop.set)
        else:
            workers: dict[str, Dispatcher | Courier | Herald] = {
                "dispatcher": Dispatcher(studio, work, 8),
                "courier": Courier(studio, work),
            }
            worker = workers.get(name, Herald(studio))
            worker.wake()
            yield Loop(loops.start(worker.run(), name=name), worker.close)
        await work.settle(30)


async def give_work(name: str, world: World) -> Callable[[], Awaitable[object]]:
    """Something for the loop to do; what comes back waits until it is being done."""
    match name:
        case "dispatcher":
            await world.imagine()
            gate = world.engine.hold()
            gate.open()
            return gate.reached
        case "courier":
            await world.drawn()
            return lambda: world.notifier.until(lambda: bool(world.notifier.said("result")))
        case "herald":
            await owe_letter(world)
            return lambda: world.notifier.until(lambda: bool(world.notifier.said("direct")))
        case _:
            woken = asyncio.Queue[None]()
            world.listeners.append(lambda: woken.put_nowait(None))
            return woken.get


async def owe_letter(world: World) -> None:
    async with world.studio.db.transaction() as tx:
        await tx.letters.owe(Letter("one", ANN, "one", world.clock.now))


@pytest.fixture
async def on_postgres(fresh_postgres_url: str, tmp_path: Path) -> AsyncIterator[World]:
    await migrate(fresh_postgres_url)
    async with open_database(fresh_postgres_url) as database:
        yield make_world(database, tmp_path)


@pytest.mark.parametrize("name", LOOPS)
async def test_each_loop_goes_on_when_the_server_is_back(
    name: str, on_postgres: World, fresh_postgres_url: str
) -> None:
    pauses, done = Pauses(), await give_work(name, on_postgres)
    async with contextlib.AsyncExitStack() as stack:
        async with server_away(fresh_postgres_url):
            loop = await stack.enter_async_context(at_work(name, replace(on_postgres.studio, pause=pauses)))
            await pauses.begun(3)
        await done()
        assert not loop.running.done()
        loop.close()
        await loop.running


@pytest.mark.parametrize("name", LOOPS)
async def test_each_loop_ends_at_once_when_it_is_closed_in_a_pause(
    name: str, on_postgres: World, fresh_postgres_url: str
) -> None:
    pauses = Pauses(seconds=3_600.0)
    await give_work(name, on_postgres)
    async with server_away(fresh_postgres_url), at_work(name, replace(on_postgres.studio, pause=pauses)) as loop:
        await pauses.begun(1)
        loop.close()
        await loop.running


@dataclass
class FailingDatabase:
    """The next `away` transactions of any kind fail. Then the next `lost` that write are done without an answer."""

    database: Database
    away: int = 0
    lost: int = 0

    @property
    def is_shared(self) -> bool:
        return self.database.is_shared

    @contextlib.asynccontextmanager
    async def transaction(self, *, can_wait: bool = False) -> AsyncIterator[Transaction]:
        self._fail()
        async with self.database.transaction(can_wait=can_wait) as tx:
            yield tx
        if self.lost:
            self.lost -= 1
            raise DatabaseTrouble("the connection was lost while it was being committed")

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        self._fail()
        async with self.database.reading() as tx:
            yield tx

    def _fail(self) -> None:
        if self.away:
            self.away -= 1
            raise DatabaseTrouble("the connection was lost")


@pytest.mark.parametrize("name", LOOPS)
async def test_a_trouble_that_does_not_pass_ends_the_loop(name: str, world: World) -> None:
    """And so the studio, which may do better anew."""
    await give_work(name, world)
    pauses = Pauses(at_each=lambda: world.clock.advance(PATIENCE.total_seconds() / 3))
    database = FailingDatabase(world.studio.db, away=9)
    async with at_work(name, replace(world.studio, db=database, pause=pauses)) as loop:
        with pytest.raises(DatabaseTrouble):
            await loop.running
    assert database.away == 9 - 4, "at the beginning, and after each third of the patience"


async def test_a_locked_file_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.db.database.BUSY_SECONDS", 0.01)
    path = tmp_path / "easel.db"
    await migrate(f"sqlite:///{path}")
    async with open_database(f"sqlite:///{path}") as database, contextlib.AsyncExitStack() as stack:
        world, pauses = make_world(database, tmp_path), Pauses()
        done = await give_work("dispatcher", world)
        with file_locked(path):
            loop = await stack.enter_async_context(at_work("dispatcher", replace(world.studio, pause=pauses)))
            await pauses.begun(3)
        await done()
        loop.close()
        await loop.running


async def test_who_is_woken_in_a_pause_looks_again(world: World) -> None:
    """One that waits is woken for what comes while the database is away, too."""
    came = asyncio.Event()
    pauses, database = Pauses(at_each=came.set), FailingDatabase(world.studio.db)
    await world.drawn("a fox")
    studio = replace(world.studio, db=database, pause=pauses)
    async with BackgroundTasks() as deliveries, BackgroundTasks() as loops:
        courier = Courier(studio, deliveries)
        running = loops.start(courier.run(), name="courier")
        gate = world.notifier.hold("post_result")
        courier.wake()
        await gate.reached()
        database.away = 1
        courier.wake()
        await came.wait()
        await world.drawn("a moon")
        courier.wake()
        gate.open()
        await world.notifier.until(lambda: len(world.notifier.said("result")) == 2)
        assert not running.done()


async def test_a_claim_whose_answer_got_lost_is_drawn_once(world: World) -> None:
    """It stands as running under this bot, which nobody else would ever take over."""
    job = await world.imagine()
    one_each = Limits(max_running=1, max_waiting=10)
    world.studio = replace(world.studio, db=FailingDatabase(world.studio.db, lost=1), limits=one_each)
    async with world.working():
        await world.notifier.until(lambda: bool(world.notifier.said("result")))
    ended = await world.job(job.id)
    assert (ended.status, ended.attempt, len(world.engine.requests)) == (JobStatus.SUCCEEDED, 1, 1)


async def test_what_waits_is_claimed_by_one_who_knows_how_it_stands(world: World) -> None:
    """Another has taken over and put back what this one had claimed meanwhile."""
    job = await world.imagine()
    late = job.start(world.studio.now())
    await world.claim(job)
    async with world.studio.db.transaction() as tx:
        await tx.jobs.save(late.interrupt(world.studio.now(), "incident"), expected=JobStatus.RUNNING)
    async with world.studio.db.transaction() as tx:
        assert not await tx.jobs.claim(late, Lease.from_now("studio", world.studio.now()))


@pytest.mark.parametrize(("step", "away", "lost"), [(1, 3, 0), (4, 3, 0), (4, 0, 1)])
async def test_what_is_drawn_meanwhile_is_written_down_afterwards(
    world: World, step: int, away: int, lost: int
) -> None:
    """Progress is not worth waiting for, the end is."""
    job = await world.claim(await world.imagine())
    gate = world.engine.hold(step)
    database = FailingDatabase(world.studio.db)
    drawing = asyncio.create_task(run_job(job, studio=replace(world.studio, db=database)))
    await gate.reached()
    database.away, database.lost = away, lost
    gate.open()
    await drawing
    assert (database.away, database.lost) == (0, 0)
    assert (await world.job(job.id)).status is JobStatus.SUCCEEDED
    assert len(await world.pictures(job.id)) == 4
    assert len(world.engine.requests) == 1


@pytest.mark.parametrize(("away", "lost"), [(3, 0), (0, 1)])
async def test_what_was_shown_meanwhile_is_written_down_and_not_shown_again(world: World, away: int, lost: int) -> None:
    job = await world.drawn()
    gate = world.notifier.hold("post_result")
    database = FailingDatabase(world.studio.db)
    world.studio = replace(world.studio, db=database)
    async with world.working():
        await gate.reached()
        database.away, database.lost = away, lost
        gate.open()
        await world.notifier.until(lambda: not world.notifier.said("waiting"))
    assert (await world.job(job.id)).delivery is DeliveryStatus.DELIVERED
    assert world.notifier.calls.count("post_result") == 1


async def test_a_letter_that_was_sent_meanwhile_is_not_sent_again(world: World) -> None:
    await owe_letter(world)
    database, gate = FailingDatabase(world.studio.db), world.notifier.hold("send_direct")
    telling = asyncio.create_task(Herald(replace(world.studio, db=database)).tell_due())
    await gate.reached()
    database.away = 3
    gate.open()
    assert await telling is None
    world.clock.advance(3_600)
    await Herald(world.studio).tell_due()
    assert len(world.notifier.said("direct")) == 1
