"""Which job is drawn next, how many at once, and what a restart takes up again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.domain.job import MAX_INTERRUPTIONS, DeliveryStatus, FailureReason, JobStatus
from bot.tasks import BackgroundTasks
from bot.usecases.cancel import cancel_job
from bot.usecases.dispatch import resume_jobs
from bot.usecases.restart_engine import MAX_RESTARTS, keep_engine_running
from bot.usecases.run_job import EngineStopped, run_job
from engine.protocol import EngineStartError, FailureCode
from tests.domain.factories import ANN, BOB, CID
from tests.fakes import FakeEngine
from tests.patience import PATIENCE_SECONDS
from tests.usecases.conftest import World


@contextlib.asynccontextmanager
async def working(world: World, capacity: int = 8) -> AsyncIterator[asyncio.Task[None]]:
    """As `World.working`, with an engine that is started again; yields the task that does so."""
    async with world.working(capacity) as dispatcher, BackgroundTasks() as loops:
        yield loops.start(keep_engine_running(world.engine, dispatcher), name="engine")


async def until_told(world: World, kind: str, count: int) -> None:
    """Until the chat shows that many messages of a kind."""
    await world.notifier.until(lambda: len(world.notifier.said(kind)) >= count)


def drawn(world: World) -> list[str]:
    return [request.prompt for request in world.engine.requests]


async def test_members_take_turns_whoever_came_first(world: World) -> None:
    for number in range(4):
        await world.imagine(f"ann {number}", ANN)
        world.clock.advance(1)
    for number in range(2):
        await world.imagine(f"bob {number}", BOB)
        world.clock.advance(1)
    gates = [world.engine.hold(step=0) for _ in range(6)]
    async with world.working(capacity=1):
        for gate in gates:
            await gate.reached()
            gate.open()
    assert drawn(world) == ["ann 0", "bob 0", "ann 1", "bob 1", "ann 2", "ann 3"]


async def test_a_newcomer_is_next_after_whatever_runs(world: World) -> None:
    for number in range(10):
        await world.imagine(f"ann {number}", ANN)
    gates = [world.engine.hold(step=0) for _ in range(4)]
    async with world.working(capacity=2):
        await gates[0].reached()
        await gates[1].reached()
        await world.imagine("cid", CID)
        gates[0].open()
        await gates[2].reached()
        assert drawn(world)[2] == "cid"
        for gate in gates:
            gate.open()


async def test_the_engine_never_holds_more_than_its_capacity(world: World) -> None:
    members = [ANN, BOB, CID]
    for number in range(9):
        await world.imagine(f"job {number}", members[number % 3])
    gates = [world.engine.hold(step=1) for _ in range(9)]
    async with world.working(capacity=4):
        for number, gate in enumerate(gates):
            await gate.reached()
            async with world.studio.db.transaction() as tx:
                assert len(await tx.jobs.list_by_status(JobStatus.RUNNING)) <= 4
            if number >= 3:
                gates[number - 3].open()
        for gate in gates:
            gate.open()


async def test_one_member_runs_three_at_once_and_others_still_get_in(world: World) -> None:
    for number in range(5):
        await world.imagine(f"ann {number}", ANN)
        world.clock.advance(1)
    gates = [world.engine.hold(step=1) for _ in range(4)]
    async with world.working(capacity=8):
        for gate in gates[:3]:
            await gate.reached()
        await world.imagine("bob", BOB)
        await gates[3].reached()
        assert drawn(world) == ["ann 0", "ann 1", "ann 2", "bob"]
        for gate in gates:
            gate.open()


async def test_a_cancelled_job_is_never_claimed(world: World) -> None:
    job = await world.imagine("not this")
    await cancel_job(job.id, ANN, studio=world.studio)
    await world.imagine("but this")
    gate = world.engine.hold(step=0)
    async with world.working():
        await gate.reached()
        gate.open()
    assert drawn(world) == ["but this"]


async def test_a_closed_dispatcher_claims_nothing_more(world: World) -> None:
    gate = world.engine.hold(step=1)
    for number in range(3):
        await world.imagine(f"fox {number}")
    async with world.working(capacity=1):
        await gate.reached()
        await world.engine.stop()
    async with world.studio.db.transaction() as tx:
        assert len(await tx.jobs.list_waiting(10)) == 3
    assert len(world.engine.requests) == 1


async def test_an_engine_that_dies_is_started_again_and_draws_with_the_same_seeds(world: World) -> None:
    gates = [world.engine.hold(step=1) for _ in range(2)]
    jobs = [await world.imagine(f"fox {number}") for number in range(2)]
    async with working(world):
        for gate in gates:
            await gate.reached()
        world.engine.die()
        await until_told(world, "result", 2)
    assert world.engine.starts == 1
    first, second = world.engine.requests[:2], world.engine.requests[2:]
    assert {request.seeds for request in first} == {request.seeds for request in second}
    for job in jobs:
        ended = await world.job(job.id)
        assert (ended.status, ended.attempt, ended.interruptions) == (JobStatus.SUCCEEDED, 2, 1)
    assert world.notifier.progress.count(0.0) == 2, "each begins anew"


async def test_a_job_that_kills_the_engine_each_time_is_given_up_and_takes_nobody_with_it(world: World) -> None:
    world.engine.poison = "poison"
    gates = [world.engine.hold(step=2) for _ in range(2)]
    fox, poison = await world.imagine("a fox", ANN), await world.imagine("poison", BOB)
    async with working(world) as keeping:
        await until_told(world, "end", 1)
        owl = await world.imagine("an owl", CID)
        for gate in gates:
            gate.open()
        await until_told(world, "result", 2)
        assert not keeping.done()
    given_up = await world.job(poison.id)
    assert (given_up.status, given_up.failure) == (JobStatus.FAILED, FailureReason.INTERRUPTED)
    assert (given_up.attempt, given_up.delivery) == (MAX_INTERRUPTIONS, DeliveryStatus.DELIVERED)
    assert given_up.incident_id
    for job in (fox, owl):
        assert (await world.job(job.id)).status is JobStatus.SUCCEEDED


async def test_an_engine_that_dies_again_and_again_is_given_up(world: World) -> None:
    world.engine.poison = "poison"
    for number in range(2):
        await world.imagine(f"poison {number}")
    async with working(world, capacity=1) as keeping:
        await asyncio.wait({keeping}, timeout=PATIENCE_SECONDS)
        assert keeping.done()
    assert world.engine.starts == MAX_RESTARTS
    async with world.studio.db.reading() as tx:
        assert await tx.jobs.list_by_status(JobStatus.RUNNING) == []


async def test_an_engine_that_cannot_be_started_again_is_given_up(world: World) -> None:
    class Broken(FakeEngine):
        async def start(self) -> None:
            raise EngineStartError("the device is gone")

    world.engine = Broken()
    world.studio = replace(world.studio, engine=world.engine)
    gate, job = world.engine.hold(step=1), await world.imagine()
    async with working(world) as keeping:
        await gate.reached()
        world.engine.die()
        await asyncio.wait({keeping}, timeout=PATIENCE_SECONDS)
        assert keeping.done()
    assert (await world.job(job.id)).status is JobStatus.QUEUED


async def test_a_job_that_kills_the_program_each_time_is_given_up_and_told(world: World) -> None:
    job = await world.imagine()
    for resumed in (1, 1, 0):
        await world.claim(await world.job(job.id))
        assert await resume_jobs(studio=world.studio) == resumed
    async with world.working():
        pass
    ended = await world.job(job.id)
    assert (ended.status, ended.failure) == (JobStatus.FAILED, FailureReason.INTERRUPTED)
    assert (ended.delivery, bool(ended.incident_id)) == (DeliveryStatus.DELIVERED, True)
    assert world.engine.requests == []
    assert len(world.notifier.said("end")) == 1


async def test_restarts_in_order_are_held_against_nobody(world: World) -> None:
    job = await world.imagine()
    for _ in range(MAX_INTERRUPTIONS + 1):
        await world.engine.stop()
        with pytest.raises(EngineStopped):
            await run_job(await world.claim(await world.job(job.id)), studio=world.studio)
        await world.engine.start()
    back = await world.job(job.id)
    assert (back.status, back.interruptions) == (JobStatus.QUEUED, 0)


async def test_a_start_takes_up_what_was_running_waiting_and_undelivered(world: World) -> None:
    ran = await world.claim(await world.imagine("ran --seed 9"))
    waited = await world.imagine("waited")
    unseen = await world.drawn("unseen")
    world.engine.requests.clear()
    assert await resume_jobs(studio=world.studio) == 1
    gates = [world.engine.hold(step=0) for _ in range(2)]
    async with world.working():
        for gate in gates:
            await gate.reached()
            gate.open()
    assert [request.seeds[0] for request in world.engine.requests if request.prompt == "ran"] == [9]
    for job in (ran, waited, unseen):
        ended = await world.job(job.id)
        assert (ended.status, ended.delivery) == (JobStatus.SUCCEEDED, DeliveryStatus.DELIVERED)
    assert world.notifier.said("waiting") == []
    assert len(world.notifier.said("result")) == 3


@pytest.mark.parametrize("code", [FailureCode.INTERNAL, FailureCode.OUT_OF_MEMORY])
async def test_a_failure_frees_its_place(world: World, code: FailureCode) -> None:
    world.engine.fail_next(code)
    for number in range(3):
        await world.imagine(f"fox {number}")
    gates = [world.engine.hold(step=0) for _ in range(3)]
    async with world.working(capacity=1):
        await gates[1].reached()
        for gate in gates:
            gate.open()
        await gates[2].reached()
    assert len(world.notifier.said("result")) == 2
    assert len(world.notifier.said("end")) == 1


async def test_nobody_is_timed_out_for_waiting(world: World) -> None:
    job = await world.imagine("patience")
    world.clock.advance(7 * 24 * 60 * 60)
    async with world.working():
        await world.notifier.until(lambda: len(world.notifier.said("result")) == 1)
    assert (await world.job(job.id)).status is JobStatus.SUCCEEDED
