"""Drawing one job: each end is written once, and whoever ended it first wins."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from bot.domain.errors import JobGone, JobNotCancellable, NotAllowed, StoreFull, StoreUnreachable
from bot.domain.job import DeliveryStatus, FailureReason, Job, JobId, JobKind, JobStatus, PictureRef, new_job_id
from bot.usecases.cancel import cancel_job
from bot.usecases.dispatch import resume_jobs
from bot.usecases.ports import ConflictingChange, ImageStore
from bot.usecases.run_job import EngineStopped, run_job
from engine.protocol import Event, FailureCode, Queued, Request
from tests.domain.factories import ANN, BOB
from tests.fakes import FakeEngine
from tests.usecases.conftest import World


class RaisingEngine(FakeEngine):
    def __init__(self) -> None:
        super().__init__()
        self.cancelled: list[str] = []

    def cancel(self, request_id: str) -> None:
        self.cancelled.append(request_id)

    async def generate(self, request: Request) -> AsyncIterator[Event]:
        yield Queued()
        raise RuntimeError("a bug")


class DeafEngine(FakeEngine):
    """Hears of a cancel only when all is drawn."""

    def cancel(self, request_id: str) -> None:
        return


class FullStore:
    """Has room for `room` pictures."""

    def __init__(self, store: ImageStore, room: int) -> None:
        self._store = store
        self._room = room

    async def put(self, key: str, data: bytes) -> None:
        if not self._room:
            raise StoreFull
        self._room -= 1
        await self._store.put(key, data)

    async def get(self, key: str) -> bytes:
        return await self._store.get(key)

    async def delete(self, key: str) -> None:
        await self._store.delete(key)


async def test_what_was_drawn_is_kept_whole(world: World) -> None:
    world.engine.note_next("this model knows no foxes")
    job = await world.drawn("a fox --seed 4294967295")
    pictures = await world.pictures(job.id)
    assert (job.status, job.delivery, job.attempt) == (JobStatus.SUCCEEDED, DeliveryStatus.PENDING, 1)
    assert (job.engine_seconds, job.notes) == (0.25, ("this model knows no foxes",))
    assert [picture.seed for picture in pictures] == [4294967295, 0, 1, 2]
    masters = [await world.studio.store.get(picture.store_key) for picture in pictures]
    assert len(set(masters)) == 4
    assert all(earlier <= later for earlier, later in pairwise(world.notifier.progress))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (FailureCode.OUT_OF_MEMORY, FailureReason.OUT_OF_MEMORY),
        (FailureCode.NOT_A_NUMBER, FailureReason.BAD_PICTURE),
        (FailureCode.MODEL_BROKEN, FailureReason.MODEL),
        (FailureCode.UNKNOWN_MODEL, FailureReason.MODEL),
        (FailureCode.INVALID_REQUEST, FailureReason.ENGINE),
        (FailureCode.INTERNAL, FailureReason.ENGINE),
    ],
)
async def test_a_failure_keeps_its_reason(world: World, code: FailureCode, reason: FailureReason) -> None:
    world.engine.fail_next(code)
    job = await world.drawn()
    assert (job.status, job.failure, job.delivery) == (JobStatus.FAILED, reason, DeliveryStatus.PENDING)
    assert job.incident_id
    assert await world.pictures(job.id) == []


async def test_an_engine_that_raises_ends_the_job_and_is_told_to_stop(world: World) -> None:
    engine = RaisingEngine()
    job = await world.claim(await world.imagine())
    await run_job(job, studio=replace(world.studio, engine=engine))
    ended = await world.job(job.id)
    assert (ended.status, ended.failure) == (JobStatus.FAILED, FailureReason.ENGINE)
    assert engine.cancelled == [f"{job.id}:1"]


async def test_an_engine_that_stops_puts_the_job_back_with_its_seed(world: World) -> None:
    job = await world.claim(await world.imagine("a fox --seed 5"))
    await world.engine.stop()
    with pytest.raises(EngineStopped):
        await run_job(job, studio=world.studio)
    back = await world.job(job.id)
    assert (back.status, back.attempt, back.seeds) == (JobStatus.QUEUED, 1, (5, 6, 7, 8))


async def test_a_full_store_keeps_nothing_of_the_job(world: World, tmp_path: Path) -> None:
    job = await world.claim(await world.imagine())
    await run_job(job, studio=replace(world.studio, store=FullStore(world.studio.store, room=2)))
    ended = await world.job(job.id)
    assert (ended.status, ended.failure) == (JobStatus.FAILED, FailureReason.DISK_FULL)
    assert list((tmp_path / "images").rglob("*.png")) == []


class AwayStore(FullStore):
    """Answers nothing more once it has taken so many."""

    async def put(self, key: str, data: bytes) -> None:
        if not self._room:
            raise StoreUnreachable("nobody answers")
        await super().put(key, data)

    async def delete(self, key: str) -> None:
        raise StoreUnreachable("nobody answers")


async def test_a_store_that_cannot_be_reached_fails_the_job_and_says_so(world: World) -> None:
    job = await world.claim(await world.imagine())
    await run_job(job, studio=replace(world.studio, store=AwayStore(world.studio.store, room=2)))
    ended = await world.job(job.id)
    assert (ended.status, ended.failure) == (JobStatus.FAILED, FailureReason.STORE)
    assert await world.pictures(job.id) == []


async def test_a_source_that_is_gone_is_told(world: World) -> None:
    job = await world.imagine()
    orphan = replace(job, id=new_job_id(), kind=JobKind.VARIATION, parent=PictureRef(JobId(new_job_id()), 0))
    async with world.studio.db.transaction() as tx:
        await tx.jobs.add(orphan)
    await run_job(await world.claim(orphan), studio=world.studio)
    ended = await world.job(orphan.id)
    assert (ended.status, ended.failure) == (JobStatus.FAILED, FailureReason.SOURCE_GONE)


async def test_cancelled_while_the_engine_finishes_nothing_counts_as_drawn(world: World, tmp_path: Path) -> None:
    """The last step is done when the cancel is written; the engine hears of it too late."""
    engine = DeafEngine()
    world.studio = replace(world.studio, engine=engine)
    gate = engine.hold(step=4)
    async with world.working():
        job = await world.imagine()
        await gate.reached()
        await cancel_job(job.id, ANN, studio=world.studio)
        gate.open()
    ended = await world.job(job.id)
    assert (ended.status, ended.delivery) == (JobStatus.CANCELLED, DeliveryStatus.DELIVERED)
    assert await world.pictures(job.id) == []
    assert list((tmp_path / "images").rglob("*.png")) == [], "what no gallery names is not kept"
    assert [said.text for said in world.notifier.messages.values()] == [f"{job.id} cancelled"]


async def test_cancelled_while_it_fails_it_stays_cancelled(world: World) -> None:
    job = await world.claim(await world.imagine())
    await cancel_job(job.id, ANN, studio=world.studio)
    world.engine.fail_next(FailureCode.INTERNAL)
    await run_job(job, studio=world.studio)
    assert (await world.job(job.id)).status is JobStatus.CANCELLED


async def test_a_former_attempt_that_ends_late_changes_nothing(world: World) -> None:
    first = await world.claim(await world.imagine())
    assert await resume_jobs(studio=world.studio) == 1
    second = await world.claim(await world.job(first.id))
    await run_job(first, studio=world.studio)
    now = await world.job(first.id)
    assert (now.status, now.attempt) == (JobStatus.RUNNING, 2)
    await run_job(second, studio=world.studio)
    assert (await world.job(first.id)).status is JobStatus.SUCCEEDED
    await run_job(first, studio=world.studio)
    pictures = await world.pictures(first.id)
    assert [len(await world.studio.store.get(each.store_key)) > 0 for each in pictures] == [True] * 4
    assert world.engine.requests[0].seeds == world.engine.requests[1].seeds


async def test_who_may_cancel_what(world: World) -> None:
    job = await world.imagine()
    with pytest.raises(NotAllowed):
        await cancel_job(job.id, BOB, studio=world.studio)
    with pytest.raises(JobGone):
        await cancel_job(JobId(new_job_id()), ANN, studio=world.studio)
    assert (await cancel_job(job.id, ANN, studio=world.studio)).status is JobStatus.CANCELLED
    with pytest.raises(JobNotCancellable):
        await cancel_job(job.id, ANN, studio=world.studio)


async def test_a_job_that_is_claimed_in_the_same_moment_is_cancelled_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On PostgreSQL a claim can come between the look and the change; the change is then refused once."""
    from bot.db.jobs import SqlJobs

    job, save, refusals = await world.imagine(), SqlJobs.save, [ConflictingChange("claimed meanwhile")]

    async def claimed_first(jobs: SqlJobs, job: Job, *, expected: JobStatus, attempt: int | None = None) -> None:
        if refusals:
            raise refusals.pop()
        await save(jobs, job, expected=expected, attempt=attempt)

    monkeypatch.setattr(SqlJobs, "save", claimed_first)
    await cancel_job(job.id, ANN, studio=world.studio)
    assert (await world.job(job.id)).status is JobStatus.CANCELLED
