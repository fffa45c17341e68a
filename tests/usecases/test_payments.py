"""What is paid for at Stripe becomes plans and time here, whatever the order in which we hear of it."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import CreditsExhausted, SubscriptionPaused, SubscriptionRequired
from bot.domain.job import UserId
from bot.domain.oversight import Deed
from bot.domain.period import add_months
from bot.domain.plan import Billing
from bot.domain.prices import Unit
from bot.domain.standing import State
from bot.usecases.buying import is_customer, open_checkout, open_portal
from bot.usecases.cancel import cancel_job
from bot.usecases.oversee import read_log
from bot.usecases.payments import catch_up
from bot.usecases.till import TillClosed
from tests.domain.factories import ANN, BOB, NOW
from tests.stripe_stand_in.account import Json
from tests.usecases.conftest import World
from tests.usecases.paying import assert_sound, info, left
from tests.usecases.selling import GUESTS, SHOP, Shop, open_shop, open_shop_at_hand

BASIC, PRO = 200 * 60, 30 * 3600
HOURS = 5 * 3600
GRID = 60


@pytest.fixture
async def shop(world: World) -> AsyncIterator[Shop]:
    async with open_shop(world) as shop:
        yield shop
        await assert_sound(world)


async def plan_name(shop: Shop) -> str | None:
    standing = (await info(shop.world)).standing
    return standing.plan.name if standing.plan else None


async def test_nothing_is_opened_for_those_who_only_look(shop: Shop) -> None:
    assert shop.account.list("checkout.session") == []
    first = await open_checkout(ANN, "price_pro_month", "one", "", shop.till, studio=shop.world.studio)
    assert first == await open_checkout(ANN, "price_pro_month", "one", "", shop.till, studio=shop.world.studio)
    [session] = shop.account.list("checkout.session")
    assert (session["client_reference_id"], session["mode"]) == (str(ANN), "subscription")
    assert await open_checkout(ANN, "price_gone", "two", "", shop.till, studio=shop.world.studio) is None


async def test_a_plan_holds_when_it_is_paid_and_not_before(shop: Shop) -> None:
    session = await shop.checkout("price_pro_month")
    assert (await info(shop.world)).standing.state is State.NONE
    shop.account.pay(session)
    await shop.hear()
    assert (await plan_name(shop), await left(shop.world)) == ("Pro", PRO)
    assert any("Your plan is **Pro** now. It brings 30 h a month." in text for text in await shop.letters())
    assert await is_customer(ANN, studio=shop.world.studio)
    assert not await is_customer(BOB, studio=shop.world.studio)


async def test_a_plan_by_the_year_brings_its_time_by_the_month(shop: Shop) -> None:
    await shop.buy("price_pro_year")
    await shop.hear()
    account = await info(shop.world)
    assert (account.standing.billing, account.left) == (Billing.YEARLY, PRO)
    for _ in range(3):
        shop.world.clock.now = add_months(shop.world.clock.now, 1)
        assert await left(shop.world) == PRO


# --- orders of events ---

Story = Callable[[Shop, UserId], AsyncIterator[None]]


async def raised(shop: Shop, member: UserId) -> AsyncIterator[None]:
    subscription = await shop.buy("price_basic_month", member)
    yield
    shop.world.clock.now += timedelta(days=11)
    shop.account.change(subscription, "price_pro_month")
    yield


async def failed_and_paid(shop: Shop, member: UserId) -> AsyncIterator[None]:
    subscription = await shop.buy("price_basic_month", member)
    yield
    shop.world.clock.now = add_months(NOW, 1)
    shop.account.renew(subscription, succeeds=False)
    yield
    shop.world.clock.now += timedelta(days=3)
    shop.account.pay_invoice(subscription)
    yield


async def refunded_in_part(shop: Shop, member: UserId) -> AsyncIterator[None]:
    payment = await shop.buy("price_hours", member)
    yield
    shop.account.refund(payment, 500)
    yield
    shop.account.refund(payment, 300)
    yield


async def refunded_and_ended(shop: Shop, member: UserId) -> AsyncIterator[None]:
    subscription = await shop.buy("price_basic_month", member)
    yield
    shop.account.refund(subscription)
    yield
    shop.account.end(subscription)
    yield


async def lowered_and_cancelled(shop: Shop, member: UserId) -> AsyncIterator[None]:
    subscription = await shop.buy("price_pro_month", member)
    shop.account.plan_change(subscription, "price_basic_month")
    yield
    shop.world.clock.now = add_months(NOW, 1)
    shop.account.renew(subscription)
    yield
    shop.account.cancel(subscription)
    yield


async def asked_back_and_won(shop: Shop, member: UserId) -> AsyncIterator[None]:
    payment = await shop.buy("price_hours", member)
    yield
    shop.account.refund(payment, 400)
    dispute = shop.account.dispute(payment, 1600)
    yield
    shop.account.settle_dispute(dispute, "won")
    yield


async def asked_back_and_lost(shop: Shop, member: UserId) -> AsyncIterator[None]:
    payment = await shop.buy("price_hours", member)
    yield
    dispute = shop.account.dispute(payment, 1500, "warning_needs_response")
    yield
    shop.account.escalate(dispute)
    yield
    shop.account.settle_dispute(dispute, "lost")
    yield


async def a_month_asked_back_and_won(shop: Shop, member: UserId) -> AsyncIterator[None]:
    subscription = await shop.buy("price_basic_month", member)
    yield
    dispute = shop.account.dispute(subscription)
    yield
    shop.world.clock.now += timedelta(days=20)
    shop.account.settle_dispute(dispute, "won")
    yield


async def raised_twice(shop: Shop, member: UserId) -> AsyncIterator[None]:
    subscription = await shop.buy("price_basic_month", member)
    yield
    shop.world.clock.now += timedelta(days=5)
    shop.account.change(subscription, "price_standard_month")
    yield
    shop.world.clock.now += timedelta(days=5)
    shop.account.change(subscription, "price_pro_month")
    yield


async def raised_twice_and_lowered(shop: Shop, member: UserId) -> AsyncIterator[None]:
    """At once, by an operator."""
    subscription = await shop.buy("price_basic_month", member)
    for price in ("price_standard_month", "price_pro_month", "price_basic_month"):
        yield
        shop.world.clock.now += timedelta(days=5)
        shop.account.change(subscription, price)
    yield


async def raised_and_paid_by_the_year(shop: Shop, member: UserId) -> AsyncIterator[None]:
    subscription = await shop.buy("price_basic_month", member)
    for price in ("price_pro_month", "price_pro_year"):
        yield
        shop.world.clock.now += timedelta(days=5)
        shop.account.change(subscription, price)
    yield


async def raised_while_it_is_asked_back(shop: Shop, member: UserId) -> AsyncIterator[None]:
    subscription = await shop.buy("price_basic_month", member)
    yield
    dispute = shop.account.dispute(subscription)
    yield
    shop.world.clock.now += timedelta(days=11)
    shop.account.change(subscription, "price_pro_month")
    yield
    shop.account.settle_dispute(dispute, "won")
    yield


async def refunded_in_part_and_raised(shop: Shop, member: UserId) -> AsyncIterator[None]:
    subscription = await shop.buy("price_basic_month", member)
    yield
    shop.account.refund(subscription, 500)
    yield
    shop.world.clock.now += timedelta(days=11)
    shop.account.change(subscription, "price_pro_month")
    yield


async def refunded_and_raised(shop: Shop, member: UserId) -> AsyncIterator[None]:
    subscription = await shop.buy("price_basic_month", member)
    yield
    shop.account.refund(subscription)
    yield
    shop.world.clock.now += timedelta(days=11)
    shop.account.change(subscription, "price_pro_month")
    yield


async def refunded_in_part_and_ended(shop: Shop, member: UserId) -> AsyncIterator[None]:
    subscription = await shop.buy("price_basic_month", member)
    yield
    shop.account.refund(subscription, 500)
    yield
    shop.account.end(subscription)
    yield


STORIES: list[Story] = [
    raised,
    raised_twice,
    raised_twice_and_lowered,
    raised_and_paid_by_the_year,
    raised_while_it_is_asked_back,
    refunded_in_part_and_raised,
    refunded_and_raised,
    refunded_in_part_and_ended,
    failed_and_paid,
    refunded_in_part,
    refunded_and_ended,
    lowered_and_cancelled,
    asked_back_and_won,
    asked_back_and_lost,
    a_month_asked_back_and_won,
]
ORDERS = 8


async def outcome(shop: Shop, member: UserId) -> tuple[object, ...]:
    """What a member has in the end, and what all their accounts hold."""
    account = await info(shop.world, member)
    balances: Counter[str] = Counter()
    for entry in await shop.entries(member):
        balances.update({posting.account.kind: posting.amount for posting in entry.postings})
    return account.standing.state, account.standing.plan, account.renews_at, account.left, +balances, -balances


@pytest.mark.parametrize("story", STORIES)
async def test_any_order_of_events_comes_to_the_same(world: World, story: Story) -> None:
    """The same happens to many members. One hears everything at once; of the others, each event is told at some time
    after it happened, in an order of chance, some of them doubled, and all once more in the end."""
    shop, outcomes = open_shop_at_hand(world), []
    shop.sell(SHOP)
    for number in range(ORDERS):
        member, chance, waiting = UserId(1000 + number), random.Random(number), list[Json]()
        shop.world.clock.now, begun = NOW, len(shop.account.events)
        async for _ in story(shop, member):
            waiting += shop.news()
            chance.shuffle(waiting)
            told = len(waiting) if number == 0 else chance.randint(0, len(waiting))
            await shop.hear([*waiting[:told], *waiting[: told // 2]])
            waiting = waiting[told:]
        await shop.hear(waiting)
        everything = shop.account.events[begun:]
        assert not any(await shop.hear(chance.sample(everything, len(everything))))
        outcomes.append(await outcome(shop, member))
    assert all(one == outcomes[0] for one in outcomes), outcomes
    await assert_sound(world)


async def test_what_is_told_while_we_ask_is_not_overwritten_by_the_older_answer(shop: Shop) -> None:
    """Two processes: one has asked, and before it writes the other hears of the end."""
    subscription = await shop.buy("price_pro_month")
    await shop.hear()
    shop.account.cancel(subscription)
    [old] = shop.news()

    async def meanwhile() -> None:
        shop.stripe.on_read = None
        shop.account.end(subscription)
        assert await shop.hear() == [True]

    shop.stripe.on_read = meanwhile
    assert await shop.hear([old]) == [True]
    with pytest.raises(SubscriptionRequired):
        await shop.world.imagine()


async def test_what_is_told_while_we_ask_counts_although_it_changes_nothing(shop: Shop) -> None:
    """The other process finds the plan as it should be, and leaves a trace all the same: else the older answer wins."""
    subscription = await shop.buy("price_pro_month")
    await shop.hear()
    shop.account.pause(subscription)
    [old] = shop.news()

    async def meanwhile() -> None:
        shop.stripe.on_read = None
        shop.account.resume(subscription)
        assert await shop.hear() == [True]

    shop.stripe.on_read = meanwhile
    assert await shop.hear([old]) == [True]
    await shop.world.imagine()


async def test_when_stripe_does_not_answer_nothing_happens_and_the_next_telling_counts(shop: Shop) -> None:
    await shop.buy("price_pro_month")
    events = shop.news()
    shop.stripe.is_down = True
    for event in events:
        with pytest.raises(TillClosed):
            await shop.hear([event])
    assert await shop.entries() == []
    shop.stripe.is_down = False
    assert all(await shop.hear(events))
    assert await left(shop.world) == PRO


# --- changes ---


async def test_a_raise_holds_at_once_and_brings_the_difference_for_what_is_left_of_the_month(shop: Shop) -> None:
    subscription = await shop.buy("price_basic_month")
    await shop.hear()
    await shop.world.imagine()
    begun = shop.world.clock.now
    shop.world.clock.now = begun + (add_months(begun, 1) - begun) / 2
    shop.account.change(subscription, "price_pro_month")
    await shop.hear(2 * shop.news())
    assert await plan_name(shop) == "Pro"
    assert abs(await left(shop.world) - (BASIC - GRID + (PRO - BASIC) // 2)) <= 1
    shop.world.clock.now = add_months(begun, 1)
    shop.account.renew(subscription)
    await shop.hear()
    assert await left(shop.world) == PRO


async def test_a_raise_of_one_who_did_not_come_by_brings_the_former_month_too(shop: Shop) -> None:
    subscription = await shop.buy("price_basic_month")
    await shop.hear()
    shop.account.change(subscription, "price_pro_month")
    await shop.hear()
    assert await left(shop.world) == PRO


async def test_a_lower_plan_holds_when_the_month_is_over(shop: Shop) -> None:
    subscription = await shop.buy("price_pro_month")
    await shop.hear()
    shop.account.plan_change(subscription, "price_basic_month")
    await shop.hear()
    assert (await plan_name(shop), await left(shop.world)) == ("Pro", PRO)
    shop.world.clock.now = add_months(shop.world.clock.now, 1)
    shop.account.renew(subscription)
    await shop.hear()
    assert (await plan_name(shop), await left(shop.world)) == ("Basic", BASIC)


async def test_a_failed_payment_pauses_and_loses_nothing(shop: Shop) -> None:
    subscription = await shop.buy("price_pro_month")
    await shop.buy("price_hours")
    await shop.hear()
    shop.world.clock.now = add_months(shop.world.clock.now, 1)
    shop.account.renew(subscription, succeeds=False)
    await shop.hear()
    with pytest.raises(SubscriptionPaused):
        await shop.world.imagine()
    assert any("did not succeed, so it is paused" in text for text in await shop.letters())
    shop.account.pay_invoice(subscription)
    await shop.hear()
    assert await left(shop.world) == PRO + HOURS
    await shop.world.imagine()


async def test_a_paused_subscription_rests_until_it_is_resumed(shop: Shop) -> None:
    subscription = await shop.buy("price_pro_month")
    await shop.hear()
    shop.account.pause(subscription)
    await shop.hear()
    assert (await info(shop.world)).standing.state is State.PAUSED
    shop.account.resume(subscription)
    await shop.hear()
    assert (await info(shop.world)).standing.state is State.ACTIVE


async def test_a_cancelled_plan_is_kept_until_its_end(shop: Shop) -> None:
    subscription = await shop.buy("price_pro_month")
    shop.account.cancel(subscription)
    await shop.hear()
    account = await info(shop.world)
    assert account.renews_at == add_months(shop.world.clock.now, 1).replace(microsecond=0)
    await shop.world.imagine()
    shop.account.think_better(subscription)
    shop.account.cancel(subscription)
    shop.world.clock.now = add_months(shop.world.clock.now, 1)
    shop.account.renew(subscription)
    with pytest.raises(SubscriptionRequired):
        await shop.world.imagine()  # known beforehand, so no event is needed
    await shop.hear()
    with pytest.raises(SubscriptionRequired):
        await shop.world.imagine()


# --- what is bought once ---


async def test_hours_are_given_once_and_for_the_usual_time(shop: Shop) -> None:
    await shop.buy("price_basic_month")
    await shop.buy("price_hours")
    events = shop.news()
    await shop.hear(3 * events)
    assert await left(shop.world) == BASIC + HOURS
    shop.world.clock.now += timedelta(days=61)
    assert await left(shop.world) == BASIC
    await shop.buy("price_hours")
    await shop.buy("price_hours")
    await shop.hear()
    assert await left(shop.world) == BASIC + 2 * HOURS


async def test_packs_are_credits(shop: Shop) -> None:
    shop.sell(replace(SHOP, unit=Unit.CREDITS))
    await shop.buy("price_pack")
    await shop.hear()
    assert await left(shop.world) == 115
    assert any("115 credits more are yours" in text for text in await shop.letters())


async def test_a_slow_payment_counts_when_it_has_arrived(shop: Shop) -> None:
    session = await shop.checkout("price_hours")
    shop.account.pay_slowly(session)
    await shop.hear()
    assert await left(shop.world) == 0
    shop.account.settle(session, succeeds=True)
    await shop.hear()
    assert await left(shop.world) == HOURS


async def test_a_slow_payment_that_fails_brings_nothing_and_is_told(shop: Shop) -> None:
    session = await shop.checkout("price_hours")
    shop.account.pay_slowly(session)
    shop.account.settle(session, succeeds=False)
    await shop.hear()
    assert await left(shop.world) == 0
    assert [text for text in await shop.letters() if "nothing was bought" in text]


@pytest.mark.parametrize(("refunded", "expected"), [(None, 0), (500, HOURS * 3 // 4)])
async def test_refunds_take_back_their_share(shop: Shop, refunded: int | None, expected: int) -> None:
    payment = await shop.buy("price_hours")
    await shop.hear()
    shop.account.refund(payment, refunded)
    await shop.hear(2 * shop.news())
    assert await left(shop.world) == expected


async def test_a_refund_takes_back_only_what_was_not_used(shop: Shop) -> None:
    await shop.buy("price_basic_month")
    payment = await shop.buy("price_hours")
    await shop.hear()
    for _ in range(3):
        await shop.world.drawn()
    shop.account.refund(payment)
    await shop.hear()
    assert await left(shop.world) == BASIC - 3 * GRID  # the month's time goes first
    assert [text for text in await shop.letters() if "what you had not used: 5 h" in text]


async def test_a_refunded_month_ends_the_plan_until_the_next_is_paid(shop: Shop) -> None:
    subscription = await shop.buy("price_pro_month")
    await shop.hear()
    await shop.world.drawn()
    shop.account.refund(subscription)
    await shop.hear(2 * shop.news())
    with pytest.raises(SubscriptionRequired):
        await shop.world.imagine()
    assert await left(shop.world) == 0
    shop.world.clock.now = add_months(shop.world.clock.now, 1)
    shop.account.renew(subscription)
    await shop.hear()
    assert await left(shop.world) == PRO


async def test_a_month_refunded_in_part_loses_that_part_of_its_time(shop: Shop) -> None:
    subscription = await shop.buy("price_pro_month")
    await shop.hear()
    shop.account.refund(subscription, 1500)
    await shop.hear(2 * shop.news())
    assert (await plan_name(shop), await left(shop.world)) == ("Pro", PRO * 3 // 4)


async def test_a_year_refunded_in_part_loses_that_part_of_each_month_that_is_left(shop: Shop) -> None:
    subscription = await shop.buy("price_pro_year")
    await shop.hear()
    assert await left(shop.world) == PRO
    shop.world.clock.now = add_months(shop.world.clock.now, 1)
    shop.account.refund(subscription, 14_400)
    await shop.hear()
    for _ in range(11):
        assert await left(shop.world) == PRO * 3 // 4
        shop.world.clock.now = add_months(shop.world.clock.now, 1)
    assert await left(shop.world) == PRO  # before we hear that it was paid for again
    shop.account.renew(subscription)
    await shop.hear()
    assert await left(shop.world) == PRO


# --- what banks ask back ---


async def test_hours_that_are_disputed_rest_until_the_payment_stands(shop: Shop) -> None:
    shop.sell(GUESTS)
    payment = await shop.buy("price_hours")
    await shop.hear()
    await shop.world.drawn()
    held = await shop.world.imagine()
    dispute = shop.account.dispute(payment)
    await shop.hear(2 * shop.news())
    with pytest.raises(CreditsExhausted):
        await shop.world.imagine()
    await cancel_job(held.id, ANN, studio=shop.world.studio)
    assert await left(shop.world) == 0
    shop.account.settle_dispute(dispute, "won")
    await shop.hear(2 * shop.news())
    assert await left(shop.world) == HOURS - GRID
    letters = await shop.letters()
    assert [text for text in letters if text.endswith("what you had not used rests: 4 h 58 min.")]
    assert [text for text in letters if text.endswith("this is yours again: 4 h 59 min.")]


async def test_hours_whose_dispute_is_lost_stay_away(shop: Shop) -> None:
    shop.sell(GUESTS)
    dispute = shop.account.dispute(await shop.buy("price_hours"), 500)
    await shop.hear()
    assert await left(shop.world) == HOURS * 3 // 4
    shop.account.settle_dispute(dispute, "lost")
    await shop.hear()
    assert await left(shop.world) == HOURS * 3 // 4


async def test_a_question_of_a_bank_takes_nothing_until_it_becomes_a_dispute(shop: Shop) -> None:
    shop.sell(GUESTS)
    dispute = shop.account.dispute(await shop.buy("price_hours"), status="warning_needs_response")
    await shop.hear()
    assert (await left(shop.world), await disputes_told(shop)) == (HOURS, [])
    shop.account.escalate(dispute)
    await shop.hear()
    assert await left(shop.world) == 0
    assert len(await disputes_told(shop)) == 1


async def test_what_was_disputed_and_then_refunded_does_not_come_back(shop: Shop) -> None:
    payment = await shop.buy("price_hours")
    dispute = shop.account.dispute(payment)
    await shop.hear()
    shop.account.refund(payment)
    shop.account.settle_dispute(dispute, "won")
    await shop.hear()
    assert await left(shop.world) == 0


async def test_hours_that_ran_out_during_the_dispute_stay_gone(shop: Shop) -> None:
    dispute = shop.account.dispute(await shop.buy("price_hours"))
    await shop.hear()
    shop.world.clock.now += timedelta(days=61)
    assert await left(shop.world) == 0
    shop.account.settle_dispute(dispute, "won")
    await shop.hear()
    assert await left(shop.world) == 0


async def test_a_plan_that_is_disputed_is_paused_until_the_payment_stands(shop: Shop) -> None:
    subscription = await shop.buy("price_pro_month")
    await shop.hear()
    await shop.world.drawn()
    dispute = shop.account.dispute(subscription)
    await shop.hear(2 * shop.news())
    with pytest.raises(SubscriptionPaused):
        await shop.world.imagine()
    assert [
        text for text in await shop.letters() if "Your bank asks for the payment for your plan **Pro** back" in text
    ]
    shop.account.settle_dispute(dispute, "won")
    await shop.hear(2 * shop.news())
    assert (await plan_name(shop), await left(shop.world)) == ("Pro", PRO - GRID)


async def test_a_plan_whose_dispute_is_lost_ends_until_the_next_month_is_paid(shop: Shop) -> None:
    subscription = await shop.buy("price_pro_month")
    await shop.hear()
    await shop.world.drawn()
    dispute = shop.account.dispute(subscription)
    shop.account.settle_dispute(dispute, "lost")
    await shop.hear()
    with pytest.raises(SubscriptionRequired):
        await shop.world.imagine()
    assert await left(shop.world) == 0
    shop.world.clock.now = add_months(shop.world.clock.now, 1)
    shop.account.renew(subscription)
    await shop.hear()
    assert await left(shop.world) == PRO


async def test_a_dispute_that_is_won_while_we_ask_is_not_opened_again_by_the_older_answer(shop: Shop) -> None:
    dispute = shop.account.dispute(await shop.buy("price_hours"))
    [_, opened] = shop.news()

    async def meanwhile() -> None:
        shop.stripe.on_read = None
        shop.account.settle_dispute(dispute, "won")
        assert all(await shop.hear())

    shop.stripe.on_read = meanwhile
    assert await shop.hear([opened]) == [True]
    assert await left(shop.world) == HOURS
    assert len(await disputes_told(shop)) == 2


async def test_operators_are_told_of_disputes_once(shop: Shop) -> None:
    dispute = shop.account.dispute(await shop.buy("price_hours"), 500)
    shop.account.settle_dispute(dispute, "won")
    await shop.hear(2 * shop.news())
    order = shop.account.list("checkout.session")[0]["id"]
    assert await disputes_told(shop) == [
        f"5.00 USD open ({dispute}): stripe:{order}",
        f"5.00 USD won ({dispute}): stripe:{order}",
    ]


async def disputes_told(shop: Shop) -> list[str]:
    acts = await read_log(99, ANN, studio=shop.world.studio)
    return [act.details for act in reversed(acts) if act.deed is Deed.DISPUTE]


# --- the portal, and what is not ours ---


async def test_who_has_a_plan_changes_it_instead_of_paying_for_two(shop: Shop) -> None:
    assert await open_portal(ANN, shop.till, studio=shop.world.studio) is None
    subscription = await shop.buy("price_basic_month")
    await shop.hear()
    url = await open_checkout(ANN, "price_pro_month", "again", "", shop.till, studio=shop.world.studio)
    assert url == f"{shop.stripe.url}/portal/{shop.account.things[subscription]['customer']}"
    [portal] = shop.stripe.portals
    [item] = portal["flow_data"]["subscription_update_confirm"]["items"]
    assert item["price"] == "price_pro_month"
    await open_portal(ANN, shop.till, studio=shop.world.studio)
    [configuration] = shop.account.list("billing_portal.configuration")
    update = configuration["features"]["subscription_update"]
    assert update["proration_behavior"] == "always_invoice"
    assert {one["type"] for one in update["schedule_at_period_end"]["conditions"]} == {
        "decreasing_item_amount",
        "shortening_interval",
    }
    assert configuration["features"]["subscription_cancel"]["mode"] == "at_period_end"


async def test_what_others_sell_by_the_same_account_is_none_of_ours(shop: Shop) -> None:
    subscription = await shop.buy("price_pro_month")
    shop.account.things[subscription]["metadata"] = {}
    for session in shop.account.list("checkout.session"):
        session["metadata"] = {}
    assert not any(await shop.hear())
    assert await shop.entries() == []


async def test_an_event_about_a_price_that_is_not_named_can_be_sent_again(shop: Shop) -> None:
    shop.sell(replace(SHOP, price_tags=()))
    shop.sell(SHOP)
    session = await shop.checkout("price_hours")
    shop.account.pay(session)
    shop.sell(replace(SHOP, price_tags=()))
    events = shop.news()
    assert await shop.hear(events) == [False]
    shop.sell(SHOP)
    assert await shop.hear(events) == [True]
    assert await left(shop.world) == HOURS


async def test_what_never_reached_us_is_found_at_the_next_start(shop: Shop) -> None:
    subscription = await shop.buy("price_pro_month")
    await shop.hear()
    shop.account.end(subscription)
    assert await catch_up(shop.till, studio=shop.world.studio) == 1
    with pytest.raises(SubscriptionRequired):
        await shop.world.imagine()
    assert await catch_up(shop.till, studio=shop.world.studio) == 0


async def test_a_customer_who_was_deleted_at_stripe_begins_anew(shop: Shop) -> None:
    payment = await shop.buy("price_hours")
    await shop.hear()
    customer = shop.account.things[payment]["customer"]
    del shop.account.things[customer]
    again = await shop.buy("price_hours")
    assert shop.account.things[again]["customer"] != customer
    await shop.hear()
    assert await left(shop.world) == 2 * HOURS


async def test_while_a_lower_plan_is_planned_the_portal_itself_is_opened(shop: Shop) -> None:
    subscription = await shop.buy("price_pro_month")
    await shop.hear()
    shop.account.plan_change(subscription, "price_basic_month")
    await open_checkout(ANN, "price_pro_year", "up", "", shop.till, studio=shop.world.studio)
    [portal] = shop.stripe.portals
    assert "flow_data" not in portal


async def test_what_stripe_does_not_know_is_none_of_ours(shop: Shop) -> None:
    """Such as an event of the other mode, for tests or for real."""
    subscription = await shop.buy("price_pro_month")
    payment = await shop.buy("price_hours")
    shop.account.refund(payment)
    events = shop.news()
    for thing in [subscription, *(session["id"] for session in shop.account.list("checkout.session"))]:
        del shop.account.things[thing]
    assert not any(await shop.hear(events))


async def test_a_price_that_is_no_longer_offered_goes_on_for_those_who_have_it(shop: Shop) -> None:
    subscription = await shop.buy("price_basic_month")
    await shop.hear()
    shop.sell(replace(SHOP, price_tags=tuple(replace(tag, is_offered=False) for tag in SHOP.price_tags)))
    assert await open_checkout(BOB, "price_basic_month", "late", "", shop.till, studio=shop.world.studio) is None
    shop.world.clock.now = add_months(shop.world.clock.now, 1)
    shop.account.renew(subscription)
    assert all(await shop.hear())
    assert await left(shop.world) == BASIC


async def test_a_plan_whose_price_the_settings_forgot_can_still_end(shop: Shop) -> None:
    subscription = await shop.buy("price_basic_month")
    await shop.hear()
    shop.sell(replace(SHOP, price_tags=()))
    shop.account.renew(subscription)
    assert all(await shop.hear())
    assert await plan_name(shop) == "Basic"
    shop.account.end(subscription)
    assert all(await shop.hear())
    assert await plan_name(shop) is None


async def test_members_are_told_in_the_language_that_they_bought_in(shop: Shop) -> None:
    shop.locale = "de"
    await shop.buy("price_hours")
    subscription = await shop.buy("price_pro_month")
    await shop.hear()
    shop.account.pause(subscription)
    await shop.hear()
    letters = await shop.letters()
    assert len(letters) == 3
    assert all("Danke" in text or "Zahlung" in text for text in letters), letters
