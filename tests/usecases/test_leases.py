"""Two processes on one job table: each works on what it holds, and takes over from whoever is silent."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from bot.db.database import SqlDatabase
from bot.domain.job import DeliveryStatus, JobStatus
from bot.domain.lease import LEASE, Lease
from bot.domain.plan import Limits
from bot.domain.ticket import Ticket
from bot.usecases import dispatch
from bot.usecases.cancel import cancel_job
from bot.usecases.dispatch import claim_next, keep_leases, take_over
from bot.usecases.ports import ConflictingChange, Database, DatabaseTrouble, Transaction
from bot.usecases.run_job import run_job
from bot.usecases.studio import Studio
from tests.domain.factories import ANN, a_job, after
from tests.usecases.conftest import World


def process(world: World, name: str) -> Studio:
    return replace(world.studio, owner=name)


async def test_a_claimed_job_is_nobody_elses(world: World) -> None:
    await world.imagine()
    choice = await claim_next((), 0, studio=process(world, "one"))
    assert choice is not None
    assert await claim_next((), 0, studio=process(world, "two")) is None
    assert await take_over(studio=process(world, "two")) == 0
    assert (await world.job(choice.job.id)).status is JobStatus.RUNNING


async def test_who_lives_keeps_its_jobs(world: World) -> None:
    one = process(world, "one")
    await world.imagine()
    choice = await claim_next((), 0, studio=one)
    assert choice is not None
    for _ in range(3):
        world.clock.advance(LEASE.total_seconds() * 0.9)
        async with one.db.transaction() as tx:
            await tx.jobs.renew(Lease.from_now("one", one.now()))
        assert await take_over(studio=process(world, "two")) == 0


async def test_who_is_silent_is_taken_over_and_writes_nothing_any_more(world: World) -> None:
    one, two = process(world, "one"), process(world, "two")
    await world.imagine()
    late = await claim_next((), 0, studio=one)
    assert late is not None
    world.clock.advance(LEASE.total_seconds() + 1)
    assert await take_over(studio=two) == 1
    again = await claim_next((), 0, studio=two)
    assert again is not None
    assert (again.job.id, again.job.attempt, again.job.seeds) == (late.job.id, 2, late.job.seeds)
    await run_job(late.job, studio=one)
    assert (await world.job(late.job.id)).status is JobStatus.RUNNING, "the first attempt is fenced"
    await run_job(again.job, studio=two)
    assert (await world.job(late.job.id)).status is JobStatus.SUCCEEDED
    assert len(await world.pictures(late.job.id)) == 4


async def test_one_process_delivers(world: World) -> None:
    job = await world.drawn()
    now = world.studio.now()
    async with world.studio.db.transaction() as tx:
        assert await tx.jobs.claim_showing(job.id, Lease.from_now("one", now), now)
        assert await tx.jobs.claim_showing(job.id, Lease.from_now("one", now), now), "again by the same"
        assert not await tx.jobs.claim_showing(job.id, Lease.from_now("two", now), now)
        assert await tx.jobs.list_undelivered("two", now) == []
        assert [each.id for each in await tx.jobs.list_undelivered("one", now)] == [job.id]
    world.clock.advance(LEASE.total_seconds() + 1)
    now = world.studio.now()
    async with world.studio.db.transaction() as tx:
        assert await tx.jobs.claim_showing(job.id, Lease.from_now("two", now), now)
        with pytest.raises(ConflictingChange):
            await tx.jobs.save_delivery(job.delivered(None, DeliveryStatus.DELIVERED), owner="one")
        await tx.jobs.save_delivery(job.delivered(None, DeliveryStatus.DELIVERED), owner="two")


async def test_where_no_word_of_others_arrives_each_looks_when_it_renews(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what a silent one held is found then."""
    monkeypatch.setattr(dispatch, "RENEWAL_SECONDS", 0.0)
    await world.imagine()
    choice = await claim_next((), 0, studio=process(world, "one"))
    assert choice is not None
    world.clock.advance(LEASE.total_seconds() + 1)
    woken, stop = asyncio.Queue[None](), asyncio.Event()
    world.listeners.append(lambda: woken.put_nowait(None))
    monkeypatch.setattr(SqlDatabase, "is_shared", True)
    looking = asyncio.create_task(keep_leases(stop, studio=process(world, "two")))
    for _ in range(3):
        await woken.get()
    stop.set()
    await looking
    assert (await world.job(choice.job.id)).status is JobStatus.QUEUED


@dataclass
class ShakyDatabase:
    """Shared. `beats` says of each renewal what fails of it: the renewal, the look for abandoned jobs, or nothing.

    At each one `turn` turns the clock; behind the last one `end` is called."""

    database: Database
    beats: Iterator[str]
    turn: Callable[[], None]
    end: Callable[[], None]
    beat: str = ""
    is_shared: bool = True

    @contextlib.asynccontextmanager
    async def transaction(self, *, can_wait: bool = False) -> AsyncIterator[Transaction]:
        self.turn()
        self.beat = next(self.beats, "end")
        if self.beat == "end":
            self.end()
        with failing(self.beat == "renewal"):
            async with self.database.transaction(can_wait=can_wait) as tx:
                yield tx

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        with failing(self.beat == "look"):
            async with self.database.reading() as tx:
                yield tx


@contextlib.contextmanager
def failing(is_down: bool) -> Iterator[None]:
    if is_down:
        raise DatabaseTrouble("the connection was lost")
    yield


@pytest.mark.parametrize("beats", ["ok renewal renewal ok renewal ok", "ok look look ok renewal look ok", "renewal ok"])
async def test_a_renewal_that_fails_is_tried_again(world: World, monkeypatch: pytest.MonkeyPatch, beats: str) -> None:
    """Also past the end of the lease."""
    monkeypatch.setattr(dispatch, "RENEWAL_SECONDS", 0.0)
    stop, left = asyncio.Event(), iter(beats.split())
    database = ShakyDatabase(world.studio.db, left, lambda: world.clock.advance(19.9), stop.set)
    await keep_leases(stop, studio=replace(process(world, "one"), db=database))
    assert list(left) == []


async def test_what_a_process_leaves_in_order_is_free_at_once(world: World) -> None:
    one = process(world, "one")
    await world.imagine()
    assert await claim_next((), 0, studio=one)
    async with one.db.transaction() as tx:
        await tx.jobs.release("one")
    assert await take_over(studio=process(world, "two")) == 1


async def test_what_jobs_really_took_moves_those_behind_them(world: World) -> None:
    """Whoever draws longer than was expected stands further back with what they asked for already."""
    for number in range(2):
        await world.imagine(f"fox {number}", ANN)
    choice = await claim_next((), 0, studio=world.studio)
    assert choice is not None
    async with world.studio.db.reading() as tx:
        [behind] = await tx.jobs.list_waiting(9)
    await run_job(choice.job, studio=world.studio)
    moved = await world.job(behind.id)
    assert moved.ticket.tag == pytest.approx(behind.ticket.tag - choice.job.ticket.seconds + 0.25)


async def test_who_gives_up_what_was_asked_for_last_gains_no_place(world: World) -> None:
    """Else whoever asks for ten and cancels nine would go before all others."""
    first = await world.imagine("fox 0", ANN)
    world.clock.advance(1)
    last = await world.imagine("fox 1", ANN)
    await cancel_job(last.id, ANN, studio=world.studio)
    assert (await world.job(first.id)).ticket.tag == first.ticket.tag


async def test_who_gives_up_what_was_asked_for_first_stands_where_that_stood(world: World) -> None:
    first = await world.imagine("fox 0", ANN)
    world.clock.advance(1)
    last = await world.imagine("fox 1", ANN)
    assert last.ticket.tag > first.ticket.tag
    await cancel_job(first.id, ANN, studio=world.studio)
    assert (await world.job(last.id)).ticket.tag == first.ticket.tag


@dataclass
class BusyDatabase:
    """Somebody else does something, once, between what this process has read and what it writes."""

    database: Database
    meanwhile: Callable[[], Awaitable[object]] | None
    is_shared: bool = True

    @contextlib.asynccontextmanager
    async def transaction(self, *, can_wait: bool = False) -> AsyncIterator[Transaction]:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            await meanwhile()
        async with self.database.transaction(can_wait=can_wait) as tx:
            yield tx

    def reading(self) -> contextlib.AbstractAsyncContextManager[Transaction]:
        return self.database.reading()


async def test_two_processes_give_no_member_more_room_than_one(world: World) -> None:
    """Each begins another of the member's jobs, the other process one for a model that is at work there."""
    at_work = a_job(params=replace(a_job().params, model="warm"))
    one = replace(process(world, "one"), limits=Limits(max_running=1, max_waiting=9))
    two = replace(one, owner="two")
    for number, model in enumerate(("", "warm")):
        params = replace(a_job().params, model=model)
        job = a_job(params=params, ticket=Ticket(seconds=60.0), created_at=after(number))
        async with world.studio.db.transaction() as tx:
            await tx.jobs.add(job)
    late = replace(one, db=BusyDatabase(one.db, lambda: claim_next((at_work,), 0, studio=two)))
    with pytest.raises(ConflictingChange):
        await claim_next((), 0, studio=late)
    async with world.studio.db.reading() as tx:
        [running] = await tx.jobs.list_by_status(JobStatus.RUNNING)
    assert running.params.model == "warm"
