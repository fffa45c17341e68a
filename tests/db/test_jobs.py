"""Jobs survive the round trip, and every change replaces exactly the state that it names."""

import asyncio
import itertools
from dataclasses import replace
from typing import Any

import pytest

from bot.db.database import SqlDatabase, open_database
from bot.domain.errors import JobGone
from bot.domain.job import (
    DeliveryStatus,
    FailureReason,
    Job,
    JobId,
    JobKind,
    JobStatus,
    MessageRef,
    PictureRef,
    new_job_id,
)
from bot.domain.prompt.parameters import GenerationParams, Speed
from bot.usecases.ports import ConflictingChange
from tests.domain.factories import ANN, BOB, NOW, a_job, after


async def add(database: SqlDatabase, *jobs: Job) -> None:
    async with database.transaction() as tx:
        for job in jobs:
            await tx.jobs.add(job)


async def stored(database: SqlDatabase, job: Job) -> Job:
    async with database.transaction() as tx:
        return await tx.jobs.get(job.id)


async def test_every_field_comes_back(database: SqlDatabase) -> None:
    full = a_job(
        kind=JobKind.VARY_STRONG,
        guild_id=None,
        prompt="ein Füchslein 🦊 --no x",
        params=GenerationParams("ein Füchslein 🦊", 0, negative="x", aspect=(16, 9), quality=0.25, model="toy"),
        status=JobStatus.FAILED,
        delivery=DeliveryStatus.BY_DM,
        attempt=3,
        delivery_attempts=2,
        parent=PictureRef(new_job_id(), 3),
        pressed_message=MessageRef(2**62, 2**62 + 1),
        waiting_message=MessageRef(2**62, 2**62 + 2),
        result_message=MessageRef(2**62, 2**62 + 3),
        started_at=after(1),
        finished_at=after(2),
        engine_seconds=1.25,
        failure=FailureReason.OUT_OF_MEMORY,
        incident_id="ab12",
        notes=("one", "two"),
    )
    bare = a_job()
    await add(database, full, bare)
    for job in (full, bare):
        found = await stored(database, job)
        assert found == job
        assert found.created_at.utcoffset() is not None


async def test_what_is_not_there(database: SqlDatabase) -> None:
    async with database.transaction() as tx:
        assert await tx.jobs.find(new_job_id()) is None
        with pytest.raises(JobGone):
            await tx.jobs.get(new_job_id())
        with pytest.raises(ConflictingChange):
            await tx.jobs.save(a_job(), expected=JobStatus.QUEUED)
        with pytest.raises(ConflictingChange):
            await tx.jobs.set_waiting_message(new_job_id(), MessageRef(1, 2))


async def test_save_replaces_only_the_expected_status_and_attempt(database: SqlDatabase) -> None:
    job = a_job()
    running = job.start(after(1))
    await add(database, job)
    async with database.transaction() as tx:
        with pytest.raises(ConflictingChange):
            await tx.jobs.save(running, expected=JobStatus.RUNNING)
        await tx.jobs.save(running, expected=JobStatus.QUEUED, attempt=0)
        assert await tx.jobs.get(job.id) == running  # also within the transaction that read and wrote it before
        ended = running.succeed(after(9), 2.5, ("small",))
        with pytest.raises(ConflictingChange):
            await tx.jobs.save(ended, expected=JobStatus.RUNNING, attempt=2)
        await tx.jobs.save(ended, expected=JobStatus.RUNNING, attempt=1)
    assert await stored(database, job) == ended


async def test_a_save_leaves_the_waiting_message_to_its_owner(database: SqlDatabase) -> None:
    job = a_job()
    message = MessageRef(5, 6)
    await add(database, job)
    async with database.transaction() as tx:
        await tx.jobs.set_waiting_message(job.id, message)
    async with database.transaction() as tx:
        await tx.jobs.save(job.start(after(1)), expected=JobStatus.QUEUED)
    assert (await stored(database, job)).waiting_message == message


async def test_a_delivery_is_recorded_once(database: SqlDatabase) -> None:
    job = a_job().start(after(1)).succeed(after(2), 1.0)
    await add(database, job)
    shown = replace(job.delivered(MessageRef(5, 7)), delivery_attempts=1)
    async with database.transaction() as tx:
        await tx.jobs.save_delivery(replace(job, delivery_attempts=1))
        await tx.jobs.save_delivery(shown)
        with pytest.raises(ConflictingChange):
            await tx.jobs.save_delivery(replace(shown, delivery=DeliveryStatus.UNDELIVERABLE))
    assert await stored(database, job) == shown


async def test_found_by_its_messages(database: SqlDatabase) -> None:
    job = a_job(waiting_message=MessageRef(5, 6), result_message=MessageRef(5, 7))
    await add(database, job, a_job())
    async with database.transaction() as tx:
        assert await tx.jobs.find_by_message(MessageRef(5, 6)) == job
        assert await tx.jobs.find_by_message(MessageRef(5, 7)) == job
        assert await tx.jobs.find_by_message(MessageRef(6, 6)) is None
        assert await tx.jobs.find_by_message(MessageRef(5, 8)) is None


async def test_lists_are_oldest_first(database: SqlDatabase) -> None:
    queued = [a_job(created_at=after(second)) for second in (3, 1, 2)]
    running = a_job(user_id=BOB).start(NOW)
    late = a_job(user_id=BOB).start(NOW).fail(after(20), FailureReason.ENGINE, "x")
    early = a_job().start(NOW).cancel(after(10))
    shown = a_job().start(NOW).succeed(after(5), 1.0).delivered(None)
    await add(database, *queued, running, late, early, shown)
    oldest = sorted(queued, key=lambda job: job.created_at)
    async with database.transaction() as tx:
        assert await tx.jobs.list_waiting(2) == oldest[:2]
        assert await tx.jobs.list_waiting(99) == oldest
        assert await tx.jobs.list_by_status(JobStatus.RUNNING) == [running]
        assert await tx.jobs.list_undelivered("me", NOW) == [early, late]
        assert await tx.jobs.list_of_member(BOB, [JobStatus.RUNNING, JobStatus.FAILED, JobStatus.QUEUED]) == sorted(
            [running, late], key=lambda job: job.id
        )
        assert await tx.jobs.list_of_member(BOB, []) == []
        assert await tx.jobs.count_of_member(ANN, [JobStatus.QUEUED]) == 3
        assert await tx.jobs.count_of_member(BOB, [JobStatus.QUEUED]) == 0


async def test_usage_counts_what_was_drawn_at_each_speed(database: SqlDatabase) -> None:
    done = [a_job().start(NOW).succeed(after(1), seconds) for seconds in (1.5, 2.25)]
    relaxed = a_job(speed=Speed.RELAX).start(NOW).succeed(after(1), 4.0)
    split = a_job(kind=JobKind.UPSCALE).succeed(NOW, 0.0)
    await add(database, *done, relaxed, split, a_job(), a_job().cancel(NOW), a_job(user_id=BOB))
    async with database.transaction() as tx:
        assert await tx.jobs.usage(ANN) == {Speed.FAST: (2, 3.75), Speed.RELAX: (1, 4.0)}
        assert await tx.jobs.usage(BOB) == {}


async def test_the_states_of_all_jobs_of_a_member(database: SqlDatabase) -> None:
    waiting, done = a_job(), a_job().start(NOW).succeed(NOW, 1.0)
    await add(database, waiting, done, a_job(user_id=BOB))
    async with database.transaction() as tx:
        assert await tx.jobs.list_states(ANN) == {
            waiting.id: (JobStatus.QUEUED, DeliveryStatus.NOT_DUE),
            done.id: (JobStatus.SUCCEEDED, DeliveryStatus.PENDING),
        }


PARENT = PictureRef(new_job_id(), 1)
PRESSED = MessageRef(1, 2)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"created_at": after(-3)}, True),
        ({"created_at": after(-4)}, False),
        ({"user_id": BOB}, False),
        ({"kind": JobKind.VARY_SUBTLE}, False),
        ({"parent": PictureRef(PARENT.job_id, 2)}, False),
        ({"parent": None}, False),
        ({"pressed_message": MessageRef(1, 3)}, False),
        ({"pressed_message": None}, False),
        ({"status": JobStatus.CANCELLED}, True),
    ],
)
async def test_has_recent(database: SqlDatabase, changes: dict[str, Any], expected: bool) -> None:
    pressed = a_job(kind=JobKind.VARIATION, parent=PARENT, pressed_message=PRESSED)
    await add(database, replace(pressed, id=new_job_id(), **changes))
    async with database.transaction() as tx:
        assert await tx.jobs.has_recent(ANN, pressed, after(-3)) is expected


async def test_has_recent_without_parent_and_not_by_itself(database: SqlDatabase) -> None:
    job = a_job()
    await add(database, job)
    async with database.transaction() as tx:
        assert not await tx.jobs.has_recent(ANN, job, NOW)
        assert await tx.jobs.has_recent(ANN, a_job(), NOW)


async def test_of_many_claims_one_wins(database: SqlDatabase, database_url: str) -> None:
    """Half of them come through a second pool, as from another process."""
    jobs = [a_job(created_at=after(number)) for number in range(5)]
    await add(database, *jobs)

    async def claim(database: SqlDatabase, gate: asyncio.Barrier) -> list[JobId]:
        won = []
        async with database.transaction() as tx:
            waiting = await tx.jobs.list_waiting(10)
        await gate.wait()
        for job in waiting:
            try:
                async with database.transaction() as tx:
                    await tx.jobs.save(job.start(NOW), expected=JobStatus.QUEUED)
            except ConflictingChange:
                continue
            won.append(job.id)
        return won

    async with open_database(database_url) as other:
        gate = asyncio.Barrier(8)
        won = await asyncio.gather(*(claim(pool, gate) for pool in [database, other] * 4))
    assert sorted(itertools.chain(*won)) == sorted(job.id for job in jobs)
    async with database.transaction() as tx:
        assert [job.attempt for job in await tx.jobs.list_by_status(JobStatus.RUNNING)] == [1] * 5
