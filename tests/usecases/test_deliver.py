"""Every ended job is shown once: posted, made smaller, sent by direct message, or at last given up with a word."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest

from bot.domain.backoff import backoff
from bot.domain.errors import StoreUnreachable
from bot.domain.job import DeliveryStatus, Job
from bot.tasks import BackgroundTasks
from bot.ui.posting import REFUSALS, TOO_MANY_ANSWERS
from bot.ui.render import MESSAGE_LIMIT
from bot.usecases.cancel import cancel_job
from bot.usecases.courier import AT_ONCE, MAX_ATTEMPTS, Courier
from bot.usecases.deliver import deliver_job
from bot.usecases.ports import (
    Database,
    DatabaseTrouble,
    DeliveryDelayed,
    DeliveryRefused,
    FileTooLarge,
    ImageStore,
    Transaction,
)
from bot.usecases.run_job import run_job
from bot.usecases.submit_imagine import Submitted, submit_imagine
from bot.words.language import CODES
from engine.protocol import FailureCode, ModelInfo
from tests.domain.factories import ANN
from tests.fakes import FakeEngine, noise
from tests.usecases.conftest import World, place_of

CLOSED = DeliveryRefused("closed")


async def delivered(world: World, job: Job) -> DeliveryStatus:
    await deliver_job(job.id, studio=world.studio)
    return (await world.job(job.id)).delivery


async def test_a_result_takes_the_place_of_its_waiting_message(world: World) -> None:
    job = await world.drawn()
    assert await delivered(world, job) is DeliveryStatus.DELIVERED
    [(place, said)] = world.notifier.messages.items()
    assert (said.kind, said.files[0].name, said.files[0].description) == ("result", f"{job.id}.png", "a fox")
    assert (await world.job(job.id)).result_message == place


async def test_what_was_delivered_is_not_delivered_again(world: World) -> None:
    job = await world.drawn()
    await delivered(world, job)
    await deliver_job(job.id, studio=world.studio)
    assert world.notifier.calls.count("post_result") == 1


async def test_the_first_try_does_not_look_and_later_ones_do(world: World) -> None:
    job = await world.drawn()
    world.notifier.lose("post_result")
    with pytest.raises(DeliveryDelayed):
        await deliver_job(job.id, studio=world.studio)
    assert world.notifier.calls == ["post_result"]
    assert await delivered(world, job) is DeliveryStatus.DELIVERED
    assert world.notifier.calls == ["post_result", "find_result", "remove_waiting"]
    assert len(world.notifier.said("result")) == 1


async def test_a_cancelled_job_ends_in_its_waiting_message(world: World) -> None:
    job = await world.imagine()
    await cancel_job(job.id, ANN, studio=world.studio)
    assert await delivered(world, job) is DeliveryStatus.DELIVERED
    assert job.waiting_message is not None
    assert world.notifier.messages[job.waiting_message].text == f"{job.id} cancelled"


async def test_a_refused_channel_leads_to_a_direct_message(world: World) -> None:
    job = await world.drawn()
    world.notifier.refuse("post_result", DeliveryRefused("the channel is gone"))
    assert await delivered(world, job) is DeliveryStatus.BY_DM
    [said] = world.notifier.messages.values()
    assert said.text == (
        "**a fox**\nI could not show this in <#500>: the channel is gone. It is kept in your `/gallery`."
    )
    assert len(said.files) == 1


async def test_a_failure_that_cannot_be_shown_is_told_without_promising_a_picture(world: World) -> None:
    world.engine.fail_next(FailureCode.INTERNAL)
    job = await world.drawn()
    world.notifier.refuse("show_end", DeliveryRefused("the channel is gone"))
    assert await delivered(world, job) is DeliveryStatus.BY_DM
    [said] = world.notifier.messages.values()
    assert f"(incident {job.incident_id})" in said.text
    assert "gallery" not in said.text


async def test_with_direct_messages_closed_a_word_is_left_where_the_job_was(world: World) -> None:
    job = await world.drawn()
    world.notifier.refuse("post_result", CLOSED)
    world.notifier.refuse("send_direct", CLOSED, CLOSED)
    assert await delivered(world, job) is DeliveryStatus.UNDELIVERABLE
    [(place, said)] = world.notifier.messages.items()
    assert (place, said.kind) == (job.waiting_message, "end")
    assert len(await world.pictures(job.id)) == 4


async def test_with_everything_closed_the_job_ends_all_the_same(world: World) -> None:
    job = await world.drawn()
    for method in ("post_result", "send_direct", "send_direct", "show_end", "remove_waiting"):
        world.notifier.refuse(method, CLOSED)
    assert await delivered(world, job) is DeliveryStatus.UNDELIVERABLE


async def test_what_is_too_large_is_made_half_as_large_as_what_was_refused(world: World) -> None:
    model = ModelInfo("noisy", "fake", width=256, height=256, steps=1, supports_negative_prompt=False)
    job = await world.claim(await world.imagine())
    await run_job(job, studio=replace(world.studio, engine=FakeEngine([model], noise)))
    world.notifier.refuse("post_result", FileTooLarge("no"))
    assert await delivered(world, job) is DeliveryStatus.DELIVERED
    [file] = world.notifier.said("result")[0].files
    assert file.name.endswith(".webp")
    assert 64 * 1024 < len(file.data) <= 512 * 512 * 3 // 2
    masters = [await world.studio.store.get(picture.store_key) for picture in await world.pictures(job.id)]
    assert all(len(master) > 256 * 256 * 3 for master in masters)


async def test_what_is_too_large_for_anything_is_told_in_words(world: World) -> None:
    job = await world.drawn()
    world.notifier.refuse("post_result", FileTooLarge("no"))
    world.notifier.refuse("send_direct", FileTooLarge("no"))
    assert await delivered(world, job) is DeliveryStatus.UNDELIVERABLE
    [said] = world.notifier.messages.values()
    assert (said.kind, said.files) == ("direct", ())
    assert "too large" in said.text


async def test_the_courier_insists_and_then_sends_it_directly(world: World) -> None:
    await world.drawn()
    world.notifier.refuse("post_result", *(DeliveryDelayed("busy") for _ in range(MAX_ATTEMPTS)))
    world.notifier.refuse("send_direct", DeliveryDelayed("busy", retry_after=0.0))
    async with world.working():
        pass
    assert [said.kind for said in world.notifier.messages.values()] == ["direct"]
    assert world.pauses == list(range(MAX_ATTEMPTS)), "where Discord names a time, that is waited instead"


async def test_the_courier_gives_up_in_the_end(world: World) -> None:
    job = await world.drawn()
    delays = [DeliveryDelayed("busy") for _ in range(MAX_ATTEMPTS)]
    world.notifier.refuse("post_result", *delays)
    world.notifier.refuse("send_direct", *delays, DeliveryDelayed("busy"))
    async with world.working():
        pass
    assert (await world.job(job.id)).delivery is DeliveryStatus.UNDELIVERABLE
    assert [said.kind for said in world.notifier.messages.values()] == ["end"]


async def test_the_courier_loses_no_job(world: World) -> None:
    jobs = [await world.drawn(f"fox {number}") for number in range(12)]
    world.notifier.refuse("post_result", *(DeliveryDelayed("busy") for _ in range(9)), CLOSED, CLOSED)
    world.notifier.refuse("find_result", DeliveryDelayed("busy"))
    async with world.working():
        for _ in range(5):
            world.studio.wake()
    ends = [(await world.job(job.id)).delivery for job in jobs]
    assert sorted(ends) == [DeliveryStatus.BY_DM] * 2 + [DeliveryStatus.DELIVERED] * 10
    assert len(world.notifier.said("result")) == 10
    assert world.notifier.said("waiting") == []


async def test_lost_masters_and_bugs_are_told_and_recorded(world: World) -> None:
    gone, broken = await world.drawn("gone"), await world.drawn("broken")
    await world.studio.store.delete(f"{gone.id}/1.png")
    await world.studio.store.put(f"{broken.id}/1.png", b"no picture")
    async with world.working():
        pass
    for job, words in ((gone, "no longer in the store. Please draw it again."), (broken, "something went wrong here")):
        assert (await world.job(job.id)).delivery is DeliveryStatus.UNDELIVERABLE
        assert any(
            said.text.startswith(f"**{job.prompt}**") and words in said.text for said in world.notifier.said("direct")
        )
    assert world.notifier.said("waiting") == []


async def test_a_delivery_that_waits_for_another_try_is_left_for_the_next_start(world: World) -> None:
    job = await world.drawn()
    world.notifier.refuse("post_result", DeliveryDelayed("Discord asks to slow down", retry_after=3_600.0))
    async with BackgroundTasks() as deliveries, BackgroundTasks() as loops:
        courier = Courier(world.studio, deliveries)
        delivering = loops.start(courier.run(), name="courier")
        courier.wake()
        await world.notifier.until(lambda: "post_result" in world.notifier.calls)
        courier.close()
        await delivering
        courier.hurry()
        await deliveries.settle(3_600.0)  # at once, or never within the patience of a test
    left = await world.job(job.id)
    assert (left.delivery, world.notifier.said("result")) == (DeliveryStatus.PENDING, [])
    async with world.working():
        pass
    assert (await world.job(job.id)).delivery is DeliveryStatus.DELIVERED


def is_first(key: str) -> bool:
    """Of the pictures of a job, which are read beside each other."""
    return key.endswith("/0.png")


class ClosedStore:
    """Lets nobody read before it is opened. Who comes for a job's pictures is counted once."""

    def __init__(self, store: ImageStore) -> None:
        self._store = store
        self.readers = asyncio.Semaphore(0)  # one for each that has come
        self.is_open = asyncio.Event()
        self.come = 0

    async def put(self, key: str, data: bytes) -> None:
        await self._store.put(key, data)

    async def get(self, key: str) -> bytes:
        if is_first(key):
            self.come += 1
            self.readers.release()
        await self.is_open.wait()
        return await self._store.get(key)

    async def delete(self, key: str) -> None:
        await self._store.delete(key)


async def test_what_became_due_in_a_long_absence_does_not_come_all_at_once(world: World) -> None:
    jobs = [await world.drawn(f"fox {number}") for number in range(2 * AT_ONCE)]
    store = ClosedStore(world.studio.store)
    world.studio = replace(world.studio, store=store)
    async with world.working():
        for _ in range(AT_ONCE):
            await store.readers.acquire()
        for _ in range(AT_ONCE):  # whoever else could go on has had a turn to write before each of these
            async with world.studio.db.transaction(can_wait=True):
                pass
        come = store.come
        store.is_open.set()
    assert come == AT_ONCE
    assert {(await world.job(job.id)).delivery for job in jobs} == {DeliveryStatus.DELIVERED}


async def test_what_waits_for_another_try_keeps_nobody_waiting(world: World) -> None:
    for number in range(AT_ONCE):
        await world.drawn(f"slow {number}")
    world.notifier.refuse("post_result", *(DeliveryDelayed("busy", retry_after=3_600.0) for _ in range(AT_ONCE)))
    async with BackgroundTasks() as deliveries, BackgroundTasks() as loops:
        courier = Courier(world.studio, deliveries)
        loops.start(courier.run(), name="courier")
        courier.wake()
        await world.notifier.until(lambda: world.notifier.calls.count("post_result") == AT_ONCE)
        late = await world.drawn("late")
        courier.wake()
        await world.notifier.until(lambda: bool(world.notifier.said("result")))
    assert [said.text for said in world.notifier.said("result")] == [late.id]


class AwayStore:
    """Cannot be read the first `times` that somebody comes for a job's pictures."""

    def __init__(self, store: ImageStore, times: int) -> None:
        self._store = store
        self._times = times

    async def put(self, key: str, data: bytes) -> None:
        await self._store.put(key, data)

    async def get(self, key: str) -> bytes:
        if self._times:
            self._times -= is_first(key)
            raise StoreUnreachable("nobody answers")
        return await self._store.get(key)

    async def delete(self, key: str) -> None:
        await self._store.delete(key)


@pytest.mark.parametrize(
    ("times", "end", "kind"),
    [
        (MAX_ATTEMPTS - 1, DeliveryStatus.DELIVERED, "result"),
        (MAX_ATTEMPTS, DeliveryStatus.UNDELIVERABLE, "direct"),
    ],
)
async def test_a_store_that_cannot_be_read_is_waited_for_and_then_told(
    world: World, times: int, end: DeliveryStatus, kind: str
) -> None:
    job = await world.drawn()
    world.studio = replace(world.studio, store=AwayStore(world.studio.store, times))
    async with world.working():
        pass
    assert (await world.job(job.id)).delivery is end
    [said] = world.notifier.messages.values()
    assert said.kind == kind
    assert ("could not be reached" in said.text) is (kind == "direct")


def test_tries_come_ever_later_and_never_all_at_once() -> None:
    assert [backoff(attempt, lambda: 1.0) for attempt in range(7)] == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert [backoff(attempt, lambda: 0.0) for attempt in range(7)] == [0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]
    assert len({backoff(3) for _ in range(9)}) > 1


class BusyDatabase:
    """Takes nothing while `is_busy()`."""

    def __init__(self, database: Database, is_busy: Callable[[], bool]) -> None:
        self._database = database
        self._is_busy = is_busy
        self.is_shared = database.is_shared

    @contextlib.asynccontextmanager
    async def transaction(self, *, can_wait: bool = False) -> AsyncIterator[Transaction]:
        if self._is_busy():
            raise DatabaseTrouble("no turn to write")
        async with self._database.transaction(can_wait=can_wait) as tx:
            yield tx

    def reading(self) -> contextlib.AbstractAsyncContextManager[Transaction]:
        return self._database.reading()


async def test_the_longest_prompt_leaves_room_for_why(world: World) -> None:
    """In every language: a message is cut at its end, and there stands what the member is to know."""
    for locale in ("en-US", *CODES):
        place = replace(place_of(ANN), channel_id=10**18, locale=locale)
        submitted = await submit_imagine("fox " * 900, place, studio=world.studio)
        assert isinstance(submitted, Submitted)
        world.engine.fail_next(FailureCode.NOT_A_NUMBER)
        await run_job(await world.claim(submitted.jobs[0]), studio=world.studio)
        world.notifier.refuse("show_end", DeliveryRefused(REFUSALS[TOO_MANY_ANSWERS]))
        await deliver_job(submitted.jobs[0].id, studio=world.studio)
    told = [said.text for said in world.notifier.said("direct")]
    assert len(told) == 1 + len(CODES)
    assert max(map(len, told)) <= MESSAGE_LIMIT


async def test_a_database_that_does_not_take_the_end_leaves_it_to_the_next_start(world: World) -> None:
    """The result stands already: an apology and a refund would be wrong."""
    job = await world.drawn()
    database = world.studio.db
    world.studio = replace(world.studio, db=BusyDatabase(database, lambda: bool(world.notifier.said("result"))))
    async with world.working():
        await world.notifier.until(lambda: bool(world.notifier.said("result")))
    assert (await stored(database, job)).delivery is DeliveryStatus.PENDING
    assert world.notifier.said("direct") == []
    world.studio = replace(world.studio, db=database)
    async with world.working():
        await world.notifier.until(lambda: "remove_waiting" in world.notifier.calls)
    assert (await stored(database, job)).delivery is DeliveryStatus.DELIVERED
    assert [said.kind for said in world.notifier.messages.values()] == ["result"]


async def stored(database: Database, job: Job) -> Job:
    async with database.reading() as tx:
        return await tx.jobs.get(job.id)
