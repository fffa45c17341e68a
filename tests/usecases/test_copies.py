"""Copies by direct message: owed with the delivery, sent once whatever happens, never instead of the result."""

import asyncio
from dataclasses import replace

import pytest

from bot.domain.job import Job, UserId
from bot.domain.lease import LEASE, Lease
from bot.domain.place import Place
from bot.tasks import BackgroundTasks
from bot.usecases.copies import send_copy
from bot.usecases.courier import MAX_ATTEMPTS, Courier
from bot.usecases.deliver import deliver_job
from bot.usecases.ports import ConflictingChange, DeliveryDelayed, DeliveryRefused, FileTooLarge
from bot.usecases.run_job import run_job
from bot.usecases.settings import change_settings
from bot.usecases.studio import Studio
from bot.usecases.submit_imagine import Submitted, submit_imagine
from tests.domain.factories import ANN, BOB
from tests.patience import PATIENCE_SECONDS
from tests.usecases.conftest import World, place_of


async def wants_copies(world: World, user_id: UserId = ANN) -> None:
    await change_settings(place_of(user_id), lambda held: replace(held, is_auto_dm=True), studio=world.studio)


async def owed(world: World) -> list[str]:
    async with world.studio.db.reading() as tx:
        return list(await tx.copies.list_owed())


async def delivered(world: World, user_id: UserId = ANN) -> Job:
    job = await world.drawn("a fox", user_id)
    await deliver_job(job.id, studio=world.studio)
    return job


async def test_a_copy_follows_the_result(world: World) -> None:
    await wants_copies(world)
    async with world.working():
        job = await world.imagine()
        await world.notifier.until(lambda: len(world.notifier.said("copy")) == 1)
    [result], [copy] = world.notifier.said("result"), world.notifier.said("copy")
    assert (copy.text, copy.files) == (job.id, result.files)
    assert await owed(world) == []


async def test_nobody_else_gets_copies(world: World) -> None:
    await wants_copies(world)
    await delivered(world, BOB)
    assert await owed(world) == []


async def test_a_job_without_a_picture_is_not_copied(world: World) -> None:
    await wants_copies(world)
    job = await world.imagine()
    async with world.studio.db.transaction() as tx:
        await tx.jobs.save(job.cancel(world.studio.now()), expected=job.status)
    await deliver_job(job.id, studio=world.studio)
    assert await owed(world) == []


async def test_what_came_by_direct_message_is_not_copied(world: World) -> None:
    await wants_copies(world)
    world.notifier.refuse("post_result", DeliveryRefused("no"))
    await delivered(world)
    assert await owed(world) == []


async def test_direct_messages_need_no_copy(world: World) -> None:
    await wants_copies(world)
    submitted = await submit_imagine("a fox", Place(ANN, "Ann", 9, None), studio=world.studio)
    assert isinstance(submitted, Submitted)
    await run_job(await world.claim(submitted.jobs[0]), studio=world.studio)
    await deliver_job(submitted.jobs[0].id, studio=world.studio)
    assert await owed(world) == []


async def test_a_copy_whose_confirmation_was_lost_is_not_sent_again(world: World) -> None:
    await wants_copies(world)
    job = await delivered(world)
    world.notifier.lose("post_copy")
    with pytest.raises(DeliveryDelayed):
        await send_copy(job.id, studio=world.studio)
    assert await owed(world) == [job.id]
    await send_copy(job.id, studio=world.studio)
    await send_copy(job.id, studio=world.studio)  # settled: nothing more happens
    assert len(world.notifier.said("copy")) == 1
    assert await owed(world) == []


async def test_a_copy_that_was_begun_and_did_not_arrive_is_sent(world: World) -> None:
    await wants_copies(world)
    job = await delivered(world)
    world.notifier.refuse("post_copy", DeliveryDelayed("not now"))
    with pytest.raises(DeliveryDelayed):
        await send_copy(job.id, studio=world.studio)
    await send_copy(job.id, studio=world.studio)
    assert len(world.notifier.said("copy")) == 1


async def test_two_who_try_at_once_send_one(world: World) -> None:
    await wants_copies(world)
    job = await delivered(world)
    async with world.studio.db.transaction() as tx:
        await tx.copies.begin(job.id, 0)
    async with world.studio.db.transaction() as tx:
        with pytest.raises(ConflictingChange):
            await tx.copies.begin(job.id, 0)


async def test_of_several_processes_the_one_that_holds_the_job_sends_its_copy(world: World) -> None:
    await wants_copies(world)
    job = await delivered(world)
    now = world.studio.now()
    async with world.studio.db.transaction() as tx:
        assert await tx.jobs.claim_showing(job.id, Lease.from_now("one", now), now)
    await look_once(replace(world.studio, owner="two"))
    assert world.notifier.said("copy") == []
    world.clock.advance(LEASE.total_seconds() + 1)
    await look_once(replace(world.studio, owner="two"))
    assert len(world.notifier.said("copy")) == 1


async def look_once(studio: Studio) -> None:
    """A courier that ends when it has done what is due."""
    async with BackgroundTasks() as deliveries:
        courier = Courier(studio, deliveries)
        looking = asyncio.create_task(courier.run())
        await asyncio.sleep(0)  # it waits to be woken
        courier.close()
        await looking
        await deliveries.settle(PATIENCE_SECONDS)


async def test_closed_direct_messages_end_it(world: World) -> None:
    await wants_copies(world)
    job = await delivered(world)
    world.notifier.refuse("post_copy", DeliveryRefused("closed"))
    await send_copy(job.id, studio=world.studio)
    assert await owed(world) == []


async def test_a_copy_too_large_is_made_smaller(world: World) -> None:
    await wants_copies(world)
    job = await delivered(world)
    world.notifier.refuse("post_copy", FileTooLarge("too large"))
    await send_copy(job.id, studio=world.studio)
    assert await owed(world) == []


async def test_the_courier_gives_up_in_the_end(world: World) -> None:
    await wants_copies(world)
    job = await delivered(world)
    world.notifier.refuse("post_copy", *(DeliveryDelayed("not now") for _ in range(MAX_ATTEMPTS)))
    async with world.working():
        await world.notifier.until(lambda: world.notifier.calls.count("post_copy") == MAX_ATTEMPTS)
    assert await owed(world) == []
    assert world.notifier.said("copy") == []
    assert (await world.job(job.id)).result_message is not None


async def test_a_copy_that_breaks_ends_no_studio(world: World) -> None:
    """Its picture cannot be read any more; with the studio would end what goes well, and so at every start."""
    await wants_copies(world)
    job = await delivered(world)
    for picture in await world.pictures(job.id):
        await world.studio.store.put(picture.store_key, b"not a picture")
    async with world.working():
        await world.notifier.until(lambda: "remove_waiting" in world.notifier.calls)
        other = await world.imagine("an owl")
        await world.notifier.until(lambda: len(world.notifier.said("copy")) == 1)
    assert [said.text for said in world.notifier.said("copy")] == [other.id]
    assert await owed(world) == []
