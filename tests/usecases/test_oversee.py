"""What operators do is done and written down together, and holds members and the queue as it says."""

import math
from datetime import timedelta

import pytest

from bot.domain.errors import (
    JobNotCancellable,
    MemberBlocked,
    NotAllowed,
    QueueClosed,
    SubscriptionRequired,
    UnknownPlan,
)
from bot.domain.job import JobStatus
from bot.domain.ledger import AccountKind
from bot.domain.operation import PLAIN
from bot.domain.oversight import Deed, Operator, Operators, QueueState
from bot.tasks import BackgroundTasks
from bot.usecases.answers import weigh_prompt
from bot.usecases.cancel import cancel_any_job
from bot.usecases.dispatch import Dispatcher
from bot.usecases.oversee import (
    Revoked,
    block_member,
    give_plan,
    give_time,
    hold_queue,
    look_at_queue,
    read_log,
    read_statistics,
    revoke_gifts,
    unblock_member,
)
from bot.usecases.submit_handed_in import HandedIn, submit_mask, submit_restyle, submit_upscale
from tests.domain.factories import ANN, BOB, NOW
from tests.usecases.conftest import World, place_of
from tests.usecases.paying import assert_sound, give, left, own, sell

OLGA = Operator(77, "olga")


async def deeds(world: World) -> list[tuple[Deed, str]]:
    return [(act.deed, act.details) for act in reversed(await read_log(99, None, studio=world.studio))]


def test_operators_are_those_whom_the_settings_name() -> None:
    operators = Operators(frozenset({1}), frozenset({50}))
    operators.check(1, None, can_manage=False)
    operators.check(2, 50, can_manage=True)
    for user, guild, can_manage in [(2, 50, False), (2, 51, True), (2, None, True)]:
        with pytest.raises(NotAllowed):
            operators.check(user, guild, can_manage=can_manage)
    with pytest.raises(NotAllowed):
        Operators().check(2, 50, can_manage=True)


async def test_a_plan_is_given_once_and_written_down(world: World) -> None:
    sell(world)
    for _ in range(2):
        await give_plan(ANN, "Basic", 30, "a", OLGA, studio=world.studio)
    assert await left(world) == 200 * 60
    assert await deeds(world) == [(Deed.GRANT_PLAN, "Basic for 30 days")]
    [act] = await read_log(9, ANN, studio=world.studio)
    assert (act.operator, act.member_id, act.at) == (OLGA, ANN, NOW)
    assert await read_log(9, BOB, studio=world.studio) == []
    world.clock.advance(30 * 86_400)
    with pytest.raises(SubscriptionRequired):
        await world.imagine()


async def test_a_deed_that_fails_leaves_no_row(world: World) -> None:
    sell(world)
    with pytest.raises(UnknownPlan):
        await give_plan(ANN, "Platinum", 30, "a", OLGA, studio=world.studio)
    assert await deeds(world) == []


async def test_revoking_takes_what_operators_gave_and_leaves_what_was_bought(world: World) -> None:
    sell(world)
    await own(world, source="shop")
    await give(world, 500, AccountKind.EXTRA, reference="bought")
    await give_plan(ANN, "Pro", None, "a", OLGA, studio=world.studio)
    for _ in range(2):
        await give_time(ANN, 3600, "b", OLGA, studio=world.studio)
    assert await left(world) == 30 * 3600 + 3600 + 500
    revoked = await revoke_gifts(ANN, OLGA, studio=world.studio)
    assert revoked == Revoked(("Pro",), 30 * 3600 + 3600)
    assert await left(world) == 200 * 60 + 500
    assert [deed for deed, _ in await deeds(world)] == [Deed.GRANT_PLAN, Deed.GRANT_TIME, Deed.REVOKE]
    await assert_sound(world)


async def test_a_blocked_member_starts_nothing_until_the_end(world: World) -> None:
    before = await world.imagine()
    block = await block_member(ANN, timedelta(hours=1), "Be kind.", OLGA, studio=world.studio)
    assert block.until == NOW + timedelta(hours=1)
    with pytest.raises(MemberBlocked, match=rf"until <t:{math.ceil(NOW.timestamp()) + 3600}>\. Be kind\."):
        await world.imagine()
    with pytest.raises(MemberBlocked):
        await weigh_prompt("a fox", ANN, studio=world.studio)
    picture, other = HandedIn("http://pictures/1.png", "1.png"), HandedIn("http://pictures/2.png", "2.png")
    with pytest.raises(MemberBlocked):
        await submit_upscale(picture, "v5_4x", place_of(ANN), studio=world.studio)
    with pytest.raises(MemberBlocked):
        await submit_restyle(picture, other, PLAIN, place_of(ANN), studio=world.studio)
    with pytest.raises(MemberBlocked):
        await submit_mask(before.id, "http://pictures/mask.png", place_of(ANN), 1, studio=world.studio)
    assert world.links.asked == []
    await world.imagine(user_id=BOB)
    assert (await world.job(before.id)).status is JobStatus.QUEUED
    world.clock.advance(3600)
    await world.imagine()


async def test_a_block_for_good_is_lifted_once(world: World) -> None:
    await block_member(ANN, None, "", OLGA, studio=world.studio)
    world.clock.advance(10**8)
    with pytest.raises(MemberBlocked, match="any more"):
        await world.imagine()
    assert await unblock_member(ANN, OLGA, studio=world.studio)
    assert not await unblock_member(ANN, OLGA, studio=world.studio)
    await world.imagine()
    assert [deed for deed, _ in await deeds(world)] == [Deed.BLOCK, Deed.UNBLOCK]


async def test_a_paused_queue_takes_jobs_and_begins_none(world: World) -> None:
    await hold_queue(QueueState.PAUSED, OLGA, studio=world.studio)
    job = await world.imagine()
    async with BackgroundTasks() as tasks:
        assert await Dispatcher(world.studio, tasks, 8)._claim() is None
    look = await look_at_queue(studio=world.studio)
    assert (look.state, [one.id for one in look.first], look.running) == (QueueState.PAUSED, [job.id], ())
    gate = world.engine.hold()
    async with world.working():
        await hold_queue(QueueState.OPEN, OLGA, studio=world.studio)
        await gate.reached()
        gate.open()
    assert (await world.job(job.id)).status is JobStatus.SUCCEEDED


async def test_a_draining_queue_draws_what_waits_and_takes_nothing(world: World) -> None:
    job = await world.imagine()
    await hold_queue(QueueState.DRAINING, OLGA, studio=world.studio)
    with pytest.raises(QueueClosed):
        await world.imagine()
    gate = world.engine.hold()
    async with world.working():
        await gate.reached()
        gate.open()
    assert (await world.job(job.id)).status is JobStatus.SUCCEEDED


async def test_any_job_can_be_cancelled_by_an_operator(world: World) -> None:
    sell(world)
    await own(world)
    job = await world.imagine()
    await cancel_any_job(job.id, OLGA, studio=world.studio)
    assert (await world.job(job.id)).status is JobStatus.CANCELLED
    assert await left(world) == 200 * 60
    with pytest.raises(JobNotCancellable):
        await cancel_any_job(job.id, OLGA, studio=world.studio)
    [(deed, details)] = await deeds(world)
    assert (deed, details) == (Deed.CANCEL, f"job {job.id} (queued): {job.prompt}")


async def test_statistics_count_what_was_drawn_and_how_long_it_waited(world: World) -> None:
    assert (await read_statistics(7, studio=world.studio)).wait(0.5) is None
    for seconds, user in [(4, ANN), (30, ANN), (2, BOB)]:
        job = await world.imagine(user_id=user)
        world.clock.advance(seconds)
        running = await world.claim(job)
        async with world.studio.db.transaction() as tx:
            await tx.jobs.save(running.succeed(world.clock.now, 2.5, ()), expected=JobStatus.RUNNING)
    await world.imagine(user_id=BOB)
    figures = await read_statistics(7, studio=world.studio)
    assert figures.jobs == {JobStatus.SUCCEEDED: 3, JobStatus.QUEUED: 1}
    assert (figures.engine_seconds, figures.members, figures.waits) == (7.5, 2, (2.0, 4.0, 30.0))
    assert (figures.wait(0.5), figures.wait(0.95)) == (4.0, 30.0)
    world.clock.advance(8 * 86_400)
    assert (await read_statistics(7, studio=world.studio)).jobs == {}
