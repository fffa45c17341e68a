"""Which job is drawn next, how many at once, and what a restart takes up again."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.domain.job import DeliveryStatus, JobStatus
from bot.usecases.cancel import cancel_job
from bot.usecases.dispatch import resume_jobs
from engine.protocol import Event, Failed, FailureCode, Queued, Request
from tests.domain.factories import ANN, BOB, CID
from tests.fakes import FakeEngine
from tests.usecases.conftest import World


class DyingEngine(FakeEngine):
    async def generate(self, request: Request) -> AsyncIterator[Event]:
        self.record(request)
        yield Queued()
        yield Failed(FailureCode.ENGINE_STOPPED, "the thread died")


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


async def test_an_engine_that_dies_ends_the_dispatcher_instead_of_spinning(world: World) -> None:
    engine = DyingEngine()
    world.studio = replace(world.studio, engine=engine)
    job = await world.imagine()
    async with world.working() as dispatching:
        await asyncio.wait({dispatching})
    assert len(engine.requests) == 1
    assert (await world.job(job.id)).status is JobStatus.QUEUED


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
