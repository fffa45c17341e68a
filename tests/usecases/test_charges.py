"""What drawing costs: set aside at the wish, used when it succeeds, given back when it comes to nothing."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.buttons import Action, Button
from bot.domain.errors import (
    CreditsExhausted,
    NotInPlan,
    QueueFull,
    SubscriptionPaused,
    SubscriptionRequired,
)
from bot.domain.job import DeliveryStatus, Job, JobStatus, MessageRef
from bot.domain.ledger import AccountKind
from bot.domain.plan import OPEN, OTHERS_TERMS, Limits
from bot.domain.prices import Unit
from bot.domain.prompt import Speed
from bot.usecases.account import Usage
from bot.usecases.cancel import cancel_job
from bot.usecases.deliver import deliver_job
from bot.usecases.dispatch import claim_next, resume_jobs
from bot.usecases.end_job import end_job
from bot.usecases.ports import DeliveryRefused
from bot.usecases.run_job import EngineStopped, run_job
from bot.usecases.submit_imagine import BatchQuestion, confirm_batch, submit_imagine
from bot.usecases.submit_press import submit_press
from engine.protocol import FailureCode
from tests.domain.factories import ANN, BOB, CATALOGUE
from tests.usecases.conftest import World, place_of
from tests.usecases.paying import assert_sound, give, info, left, own, sell

BASIC = 200 * 60


async def press(world: World, action: Action, job: Job) -> Job:
    return await submit_press(Button(action, job.id, 0), place_of(ANN), MessageRef(500, 900), studio=world.studio)


async def test_an_open_studio_counts_nothing(world: World) -> None:
    await world.drawn()
    async with world.studio.db.reading() as tx:
        assert await tx.ledger.list_members() == []
    assert (await info(world)).lifetime == Usage(1, 0.25)


async def test_without_a_plan_nothing_is_drawn(world: World) -> None:
    sell(world)
    with pytest.raises(SubscriptionRequired):
        await world.imagine()
    await own(world, is_paused=True)
    with pytest.raises(SubscriptionPaused):
        await world.imagine()
    async with world.studio.db.reading() as tx:
        assert await tx.jobs.list_waiting(9) == []


async def test_a_picture_costs_what_the_list_says(world: World) -> None:
    sell(world)
    await own(world)
    grid = await world.drawn("a fox --draft")
    assert await left(world) == BASIC - 30
    waiting = await press(world, Action.VARIATION, grid)
    assert await left(world) == BASIC - 30 - 27  # half of 54 for a draft; it is gone while it is held
    await press(world, Action.UPSCALE, grid)
    assert await left(world) == BASIC - 57
    await run_job(await world.claim(waiting), studio=world.studio)
    account = await info(world)
    assert (account.left, account.lifetime) == (BASIC - 57, Usage(2, 57))
    assert (await world.job(grid.id)).engine_seconds == 0.25  # what was measured stands beside it
    await assert_sound(world)


async def test_nothing_is_charged_for_what_came_to_nothing(world: World) -> None:
    sell(world)
    await own(world)
    for code in set(FailureCode) - {FailureCode.ENGINE_STOPPED, FailureCode.ENGINE_DIED}:
        world.engine.fail_next(code)
        assert (await world.drawn()).status is JobStatus.FAILED
    queued, running = await world.imagine(), await world.claim(await world.imagine())
    assert await left(world) == BASIC - 120
    for job in (queued, running):
        await cancel_job(job.id, ANN, studio=world.studio)
    assert (await info(world)).lifetime == Usage(0, 0)
    assert await left(world) == BASIC
    await assert_sound(world)


async def test_what_is_drawn_and_cannot_be_shown_is_refunded(world: World) -> None:
    sell(world)
    await own(world)
    job = await world.drawn()
    closed = DeliveryRefused("closed")
    world.notifier.refuse("post_result", closed)
    world.notifier.refuse("send_direct", closed, closed)
    world.notifier.refuse("show_end", closed)
    await deliver_job(job.id, studio=world.studio)
    assert (await world.job(job.id)).delivery is DeliveryStatus.UNDELIVERABLE
    assert await left(world) == BASIC
    await deliver_job(job.id, studio=world.studio)
    assert await left(world) == BASIC
    await assert_sound(world)


async def test_what_goes_by_direct_message_is_delivered_and_paid(world: World) -> None:
    sell(world)
    await own(world)
    job = await world.drawn()
    world.notifier.refuse("post_result", DeliveryRefused("no permission"))
    await deliver_job(job.id, studio=world.studio)
    assert await left(world) == BASIC - 60
    await assert_sound(world)


async def test_a_restart_charges_once(world: World) -> None:
    sell(world)
    await own(world)
    first = await world.claim(await world.imagine())
    await resume_jobs(studio=world.studio)
    second = await world.claim(await world.job(first.id))
    await run_job(first, studio=world.studio)  # the former process wakes up late
    assert (await info(world)).lifetime.amount == 0
    await world.engine.stop()
    with pytest.raises(EngineStopped):
        await run_job(second, studio=world.studio)
    await world.engine.start()
    await run_job(await world.claim(await world.job(first.id)), studio=world.studio)
    assert (await info(world)).lifetime == Usage(1, 60)
    assert await left(world) == BASIC - 60
    await assert_sound(world)


async def test_relaxed_jobs_cost_nothing_and_are_counted(world: World) -> None:
    sell(world)
    await own(world, "Standard")
    await world.drawn("a fox --relax")
    account = await info(world)
    assert (account.left, account.usage[Speed.RELAX]) == (15 * 3600, Usage(1, 60))
    assert account.usage[Speed.FAST] == Usage(0, 0)
    await assert_sound(world)


async def test_relaxed_use_makes_the_share_smaller_until_the_plans_month_is_over(world: World) -> None:
    """Whatever the calendar says: the plan began on the 20th."""
    began = datetime(2026, 3, 20, 12, tzinfo=UTC)
    sell(world)
    world.clock.now = began
    await own(world, "Standard", starts_at=began)
    weight = CATALOGUE.plans[1].weight
    first = await world.claim(await world.imagine("a fox --relax"))
    assert first.ticket.weight == weight
    async with world.studio.db.transaction() as tx:
        await end_job(first.succeed(world.clock.now, 3_600.0), tx, expected=JobStatus.RUNNING, attempt=first.attempt)
    world.clock.now = datetime(2026, 4, 1, tzinfo=UTC)
    assert (await world.imagine("a fox --relax")).ticket.weight == pytest.approx(weight / 2)
    assert (await world.imagine("a fox")).ticket.weight == weight
    world.clock.now = datetime(2026, 4, 20, 12, tzinfo=UTC)
    assert (await world.imagine("a fox --relax")).ticket.weight == weight


async def test_turbo_costs_twice(world: World) -> None:
    sell(world)
    await own(world)
    job = await world.drawn("a fox --turbo")
    assert (job.speed, world.engine.requests[0].priority) == (Speed.TURBO, 0)
    assert (await info(world)).usage[Speed.TURBO] == Usage(1, 120)


async def test_a_plan_without_relax_refuses_it(world: World) -> None:
    sell(world)
    await own(world)
    with pytest.raises(NotInPlan, match="standard plan or higher"):
        await world.imagine("a fox --relax")
    await own(world, "Pro", BOB)
    shared = await world.drawn("a fox --relax", BOB)
    with pytest.raises(NotInPlan, match="standard plan or higher"):
        await press(world, Action.REROLL, shared)


async def test_time_that_is_used_up_is_told_with_the_ways_that_are_left(world: World) -> None:
    sell(world, replace(CATALOGUE, plans=tuple(replace(plan, fast_seconds=90) for plan in CATALOGUE.plans)))
    await own(world)
    await world.imagine()
    with pytest.raises(CreditsExhausted, match=r"takes 1 min; you have 30 s left\. `/subscribe`") as basic:
        await world.imagine()
    assert "--relax" not in basic.value.sentence
    await own(world, "Standard", BOB)
    await world.imagine("a fox", BOB)
    with pytest.raises(CreditsExhausted, match="`--relax`"):
        await world.imagine("a fox", BOB)
    await world.imagine("a fox --relax", BOB)
    await world.imagine("a fox --draft", BOB)


async def test_a_batch_is_paid_whole_or_not_at_all(world: World) -> None:
    sell(world, replace(CATALOGUE, plans=(replace(CATALOGUE.plans[0], fast_seconds=150),)))
    await own(world)
    question = await submit_imagine("a {red, green, blue} fox", place_of(ANN), studio=world.studio)
    assert isinstance(question, BatchQuestion)
    assert (question.price, await left(world)) == (180, 150)
    with pytest.raises(CreditsExhausted):
        await confirm_batch(question.batch.id, place_of(ANN), studio=world.studio)
    assert await left(world) == 150
    async with world.studio.db.reading() as tx:
        assert await tx.jobs.list_waiting(9) == []


@pytest.mark.parametrize("prompt", ["a {red, green, blue, grey, black} fox", "a fox --repeat 5"])
async def test_how_many_jobs_a_command_may_make_is_the_plans(world: World, prompt: str) -> None:
    sell(world)
    await own(world)
    await own(world, "Standard", BOB)
    with pytest.raises(NotInPlan, match="5 jobs; one command may make at most 4"):
        await submit_imagine(prompt, place_of(ANN), studio=world.studio)
    question = await submit_imagine(prompt, place_of(BOB), studio=world.studio)
    assert isinstance(question, BatchQuestion)
    assert question.price == 5 * 60


async def test_how_many_are_drawn_at_once_is_the_plans(world: World) -> None:
    small = replace(CATALOGUE.plans[0], limits=Limits(1, 9, 2), has_relax=True)
    large = replace(CATALOGUE.plans[1], limits=Limits(2, 9, 1))
    sell(world, replace(CATALOGUE, plans=(small, large)))
    await own(world)
    await own(world, "Standard", BOB)
    for member in (ANN, BOB):
        for flag in ("", "", "", "--relax", "--relax", "--relax"):
            await world.imagine(f"a fox {flag}", member)
    claimed = []
    while choice := await claim_next((), 0, studio=world.studio):
        claimed.append((choice.job.user_id, choice.job.speed))
    assert Counter(claimed) == {
        (ANN, Speed.FAST): 1,
        (ANN, Speed.RELAX): 2,
        (BOB, Speed.FAST): 2,
        (BOB, Speed.RELAX): 1,
    }


async def test_the_queue_of_a_plan_is_its_own(world: World) -> None:
    small = replace(CATALOGUE.plans[0], limits=Limits(1, 2))
    sell(world, replace(CATALOGUE, plans=(small, CATALOGUE.plans[1])))
    await own(world)
    for _ in range(3):
        assert (await world.imagine()).plan_name == "Basic"
    with pytest.raises(QueueFull, match="2 are waiting"):
        await world.imagine()
    assert await left(world) == BASIC - 180


async def test_pictures_carry_the_terms_of_the_plan(world: World) -> None:
    sell(world)
    await own(world)
    grid = await world.drawn()
    single = await press(world, Action.UPSCALE, grid)
    for job in (grid, single):
        assert {picture.terms for picture in await world.pictures(job.id)} == {CATALOGUE.plans[0].terms}


async def test_what_an_open_studio_says_of_its_pictures_stands_on_each(world: World) -> None:
    world.studio = replace(world.studio, catalogue=replace(OPEN, terms="For fun only."))
    job = await world.drawn()
    assert {picture.terms for picture in await world.pictures(job.id)} == {"For fun only."}
    assert (await info(world)).standing.require_plan().terms == "For fun only."


async def test_credits_are_one_a_request(world: World) -> None:
    sell(world, replace(CATALOGUE, unit=Unit.CREDITS))
    await own(world)
    await give(world, 115)
    await world.drawn("a fox --q 4")
    await world.drawn("a fox --turbo")
    account = await info(world)
    assert (account.left, account.lifetime) == (75 + 115 - 3, Usage(2, 3))
    assert [lot.account.kind for lot in account.lots] == [AccountKind.MONTH, AccountKind.EXTRA]


async def test_many_wishes_at_once_spend_nothing_twice(world: World) -> None:
    """Balance checked before and charged after would let them all through."""
    sell(world, replace(CATALOGUE, plans=(replace(CATALOGUE.plans[0], fast_seconds=200),)))
    await own(world)
    outcomes = await asyncio.gather(*(world.imagine() for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(outcome, Job) for outcome in outcomes) == 3
    assert sum(isinstance(outcome, CreditsExhausted) for outcome in outcomes) == 5
    assert await left(world) == 20
    await assert_sound(world)


async def test_what_is_taken_from_anothers_grid_stays_theirs(world: World) -> None:
    sell(world)
    await own(world)
    await own(world, "Pro", BOB)
    theirs = await world.drawn("a fox", BOB)
    split = await press(world, Action.UPSCALE, theirs)
    varied = await press(world, Action.VARIATION, theirs)
    await run_job(await world.claim(varied), studio=world.studio)
    assert [picture.terms for picture in await world.pictures(split.id)] == [OTHERS_TERMS]
    assert {picture.terms for picture in await world.pictures(varied.id)} == {CATALOGUE.plans[0].terms}
