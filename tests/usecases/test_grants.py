"""What members are given, when it comes, in which order it goes, and when it is gone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.domain.buttons import Action, Button
from bot.domain.errors import CreditsExhausted, PlanCancelled, SubscriptionRequired, UnknownPlan
from bot.domain.job import MessageRef, UserId
from bot.domain.ledger import AccountKind
from bot.domain.plan import Billing, Plan
from bot.usecases.account import account_info
from bot.usecases.cancel import cancel_job
from bot.usecases.grants import grant_plan, revoke_plan, revoke_time
from bot.usecases.submit_press import submit_press
from tests.domain.factories import ANN, CATALOGUE, NOW, after, an_entitlement
from tests.usecases.conftest import World, place_of
from tests.usecases.paying import assert_sound, give, info, left, own, sell

BASIC, STANDARD = 200 * 60, 15 * 3600
MONTH, BONUS, EXTRA = AccountKind.MONTH, AccountKind.BONUS, AccountKind.EXTRA
TRIAL = Plan("Trial", 0, CATALOGUE.plans[0].limits, fast_seconds=150, has_relax=False)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def lots(world: World) -> list[tuple[str, int]]:
    return [(lot.account.kind.value, lot.balance) for lot in (await info(world)).lots]


async def test_the_month_comes_once_and_does_not_roll_over(world: World) -> None:
    sell(world)
    world.clock.now = at("2026-01-31T10:00")
    await own(world, starts_at=world.clock.now)
    await world.drawn()
    await world.drawn()
    assert await lots(world) == [("month", BASIC - 120)]
    world.clock.now = at("2026-02-28T09:59:59")
    assert await left(world) == BASIC - 120
    world.clock.now = at("2026-02-28T10:00")
    assert await lots(world) == [("month", BASIC)]
    world.clock.now = at("2026-03-31T10:00")
    await world.drawn()
    assert await lots(world) == [("month", BASIC - 60)]
    await assert_sound(world)


async def test_a_yearly_plan_is_refilled_every_month_on_the_same_day(world: World) -> None:
    sell(world)
    world.clock.now = at("2027-12-31T10:00")
    await own(world, starts_at=world.clock.now, billing=Billing.YEARLY, ends_at=at("2028-12-31T10:00"))
    refills = []
    for _ in range(12):
        world.clock.advance(1)
        await world.drawn()
        [lot] = (await info(world)).lots
        assert lot.expires_at is not None
        assert lot.balance == BASIC - 60
        refills.append(lot.expires_at)
        world.clock.now = lot.expires_at
    assert [(end.month, end.day, end.hour) for end in refills] == [
        (1, 31, 10),
        (2, 29, 10),
        (3, 31, 10),
        (4, 30, 10),
        (5, 31, 10),
        (6, 30, 10),
        (7, 31, 10),
        (8, 31, 10),
        (9, 30, 10),
        (10, 31, 10),
        (11, 30, 10),
        (12, 31, 10),
    ]
    with pytest.raises(SubscriptionRequired):
        await world.imagine()


async def test_months_in_which_nobody_came_by_give_nothing(world: World) -> None:
    sell(world)
    await own(world)
    world.clock.advance(200 * 86_400)
    assert await lots(world) == [("month", BASIC)]
    async with world.studio.db.reading() as tx:
        assert len(await tx.ledger.list_of_member(ANN)) == 1


async def test_month_then_bonus_then_extra(world: World) -> None:
    sell(world, replace(CATALOGUE, plans=(replace(CATALOGUE.plans[0], fast_seconds=100),)))
    await own(world)
    await give(world, 60, EXTRA, "bought")
    await give(world, 30, BONUS, "won")
    assert await lots(world) == [("month", 100), ("bonus", 30), ("extra", 60)]
    await world.imagine()
    await world.imagine()
    assert await lots(world) == [("bonus", 10), ("extra", 60), ("month", 0)]
    third = await world.imagine()
    assert await lots(world) == [("extra", 10), ("month", 0), ("bonus", 0)]
    await cancel_job(third.id, ANN, studio=world.studio)
    assert await lots(world) == [("bonus", 10), ("extra", 60), ("month", 0)]
    await assert_sound(world)


async def test_extra_time_lasts_sixty_days_and_a_bonus_thirty(world: World) -> None:
    sell(world)
    await give(world, 60, EXTRA, "bought")
    await give(world, 60, BONUS, "won")
    for day, expected in ((29.9, 120), (30, 60), (59.9, 60), (60, 0)):
        world.clock.now = NOW + timedelta(days=day)
        assert await left(world) == expected
    await assert_sound(world)


async def test_extra_time_needs_a_plan(world: World) -> None:
    sell(world)
    await give(world, 600)
    with pytest.raises(SubscriptionRequired):
        await world.imagine()
    assert await left(world) == 600


async def test_what_comes_back_after_the_month_is_gone_is_gone(world: World) -> None:
    """The job was cancelled too late: its time would have expired in any case."""
    sell(world)
    await own(world)
    job = await world.imagine()
    world.clock.advance(40 * 86_400)
    assert await lots(world) == [("month", BASIC)]
    await cancel_job(job.id, ANN, studio=world.studio)
    assert await lots(world) == [("month", BASIC)]
    await assert_sound(world)


async def test_what_comes_back_before_anybody_looked_goes_with_the_rest(world: World) -> None:
    sell(world)
    await own(world)
    job = await world.imagine()
    world.clock.advance(40 * 86_400)
    await cancel_job(job.id, ANN, studio=world.studio)
    assert await lots(world) == [("month", BASIC)]
    await assert_sound(world)


async def test_the_same_gift_comes_once(world: World) -> None:
    sell(world)
    assert await give(world, 60, reference="stripe:1")
    assert not await give(world, 60, reference="stripe:1")
    assert await give(world, 60, reference="stripe:2")
    assert await left(world) == 120


async def test_a_gift_is_taken_back_once_and_never_below_nothing(world: World) -> None:
    sell(world)
    await own(world)
    world.studio = replace(
        world.studio, catalogue=replace(CATALOGUE, plans=(replace(CATALOGUE.plans[0], fast_seconds=0),))
    )
    await give(world, 200)
    await world.drawn()
    held = await world.imagine()
    assert await revoke_time("gift", ANN, source="stripe", studio=world.studio) == 80
    assert await revoke_time("gift", ANN, source="stripe", studio=world.studio) == 0
    assert await left(world) == 0
    await cancel_job(held.id, ANN, studio=world.studio)
    assert await left(world) == 0
    assert not await give(world, 200)
    await assert_sound(world)


async def test_a_gift_that_was_taken_back_before_it_came_does_not_come(world: World) -> None:
    sell(world)
    assert await revoke_time("gift", ANN, source="stripe", studio=world.studio) == 0
    assert not await give(world, 60)
    assert await left(world) == 0
    await assert_sound(world)


async def test_an_upgrade_takes_the_rest_of_the_old_month_and_gives_a_new_one(world: World) -> None:
    sell(world)
    reference = await own(world)
    await world.drawn()
    world.clock.advance(5 * 86_400)
    upgraded = an_entitlement(
        reference=reference,
        plan_name="Standard",
        starts_at=world.clock.now,
        as_of=world.clock.now,
        ends_at=None,
    )
    assert await grant_plan(upgraded, studio=world.studio)
    assert await grant_plan(upgraded, studio=world.studio)  # told twice
    assert await lots(world) == [("month", STANDARD)]
    await assert_sound(world)


async def test_an_upgrade_of_somebody_who_drew_nothing_yet(world: World) -> None:
    sell(world)
    reference = await own(world, "Standard")
    renamed = an_entitlement(reference=reference, plan_name="Basic", starts_at=NOW, as_of=after(1), ends_at=None)
    await grant_plan(renamed, studio=world.studio)
    assert await lots(world) == [("month", BASIC)]
    await grant_plan(replace(renamed, plan_name="Standard", as_of=after(2)), studio=world.studio)
    assert await lots(world) == [("month", STANDARD)]
    await assert_sound(world)


async def test_a_renewal_changes_nothing_but_the_end(world: World) -> None:
    sell(world)
    first = an_entitlement(plan_name="Basic", starts_at=NOW, ends_at=after(86_400))
    await grant_plan(first, studio=world.studio)
    await world.drawn()
    assert await grant_plan(replace(first, ends_at=after(2 * 86_400), as_of=after(9)), studio=world.studio)
    assert not await grant_plan(first, studio=world.studio)  # yesterday's news
    world.clock.advance(86_401)
    assert await lots(world) == [("month", BASIC - 60)]


async def test_a_plan_that_is_revoked_ends_at_once(world: World) -> None:
    sell(world)
    reference = await own(world)
    grid = await world.drawn()
    world.clock.advance(60)
    assert await revoke_plan(reference, ANN, as_of=world.clock.now, studio=world.studio) == BASIC - 60
    assert await revoke_plan(reference, ANN, as_of=world.clock.now, studio=world.studio) == 0
    assert await revoke_plan("unheard of", ANN, as_of=world.clock.now, studio=world.studio) == 0
    with pytest.raises(PlanCancelled):
        await world.imagine()
    with pytest.raises(PlanCancelled):
        await submit_press(Button(Action.VARIATION, grid.id), place_of(ANN), MessageRef(500, 900), studio=world.studio)
    await assert_sound(world)


async def test_a_plan_that_is_not_sold_is_named(world: World) -> None:
    sell(world)
    with pytest.raises(UnknownPlan, match=r"`Gold`.*Basic, Standard, Pro, Mega"):
        await own(world, "Gold")


async def test_a_plan_by_role_and_by_server(world: World) -> None:
    sell(world, replace(CATALOGUE, role_plans={5: "Standard"}, guild_plans={8: "Basic"}))
    place = place_of(ANN)
    with_role = await account_info(replace(place, role_ids=frozenset({5})), studio=world.studio)
    assert (with_role.left, with_role.renews_at) == (STANDARD, at("2026-04-01"))
    again = await account_info(replace(place, role_ids=frozenset({5}), guild_id=9), studio=world.studio)
    assert again.left == STANDARD
    elsewhere = await account_info(replace(place, guild_id=8), studio=world.studio)
    assert elsewhere.standing.plan is not None
    assert (elsewhere.standing.plan.name, elsewhere.left) == ("Basic", STANDARD + BASIC)


async def test_a_trial_comes_once(world: World) -> None:
    sell(world, replace(CATALOGUE, trial=TRIAL))
    job = await world.drawn()
    await world.imagine()
    assert (await info(world)).left == 30
    with pytest.raises(SubscriptionRequired):
        await world.imagine()
    assert job.plan_name == "Trial"
    world.clock.advance(400 * 86_400)
    assert await left(world) == 30
    await own(world)
    assert await lots(world) == [("month", BASIC), ("bonus", 30)]
    await assert_sound(world)


async def test_those_who_own_none_may_have_a_plan_of_their_own(world: World) -> None:
    """Credits that are bought by the pack need no subscription where everyone has a plan."""
    guest = replace(CATALOGUE.plans[0], name="Guest", fast_seconds=60)
    sell(world, replace(CATALOGUE, plans=(guest, *CATALOGUE.plans), everyone=guest))
    await world.drawn()
    with pytest.raises(CreditsExhausted):
        await world.imagine()
    await give(world, 60)
    await world.drawn()
    assert await left(world) == 0


async def test_a_member_who_never_came_by_can_be_given_time(world: World) -> None:
    sell(world)
    stranger = UserId(99)
    await own(world, "Basic", stranger)
    await give(world, 60, user_id=stranger)
    assert await left(world, stranger) == BASIC + 60
