"""Plans that are paid for at Stripe, through all that can become of them; of each change, we hear at any time."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule, run_state_machine_as_test

from bot.domain.job import UserId
from bot.domain.plan import Article, Billing, Plan
from bot.domain.standing import State
from bot.usecases.payments import catch_up
from tests.domain.factories import CATALOGUE, NOW
from tests.stripe_stand_in.account import Json
from tests.usecases.conftest import World
from tests.usecases.paying import info
from tests.usecases.selling import open_shop_at_hand
from tests.usecases.walking import (
    GRID,
    MEMBERS,
    PATIENCE,
    PRICES,
    Due,
    Walk,
    length,
    members,
    month_at,
    month_name,
    numbers,
)
from tests.usecases.wallet import Purse

PLANS = {
    "price_basic_month": replace(CATALOGUE.plans[0], fast_seconds=3 * GRID),
    "price_standard_month": replace(CATALOGUE.plans[1], fast_seconds=7 * GRID),
    "price_pro_month": replace(CATALOGUE.plans[2], fast_seconds=11 * GRID),
    "price_basic_year": replace(CATALOGUE.plans[0], fast_seconds=3 * GRID),
    "price_pro_year": replace(CATALOGUE.plans[2], fast_seconds=11 * GRID),
}
AMOUNTS = {"price_standard_month": 3_000, "price_basic_year": 9_600}
"""Those that the shop does not have already."""
LIVE = ("active", "past_due", "paused")


class Part(NamedTuple):
    """A lot of the current month: what it gives, and what was paid for it and went back."""

    plan: Plan
    amount: int
    paid: int
    refunded: int

    @property
    def taken(self) -> int:
        return self.amount * min(self.refunded, self.paid) // self.paid if self.paid else 0


@dataclass
class Standing:
    """What a member has, as we last heard of it."""

    state: State = State.NONE
    plan: Plan | None = None
    starts_at: datetime = NOW
    ends_at: datetime | None = None
    share: tuple[int, int] = 0, 1
    """Of what was paid for the period until then went back."""
    until: datetime = NOW


class WalkOfPlans(Walk):
    """Each member has one subscription at most. `waiting` is what Stripe told and we did not hear; `guessed` are the
    months that were given meanwhile, by plans that may no longer have been paid for."""

    catalogue = replace(
        CATALOGUE,
        plans=tuple(PLANS[price] for price in ("price_basic_month", "price_standard_month", "price_pro_month")),
        price_tags=tuple(
            Article(price, plan=plan.name, billing=Billing.YEARLY if price.endswith("year") else Billing.MONTHLY)
            for price, plan in PLANS.items()
        ),
        prices=PRICES,
    )

    def __init__(self, empty: Path) -> None:
        self.subscriptions: dict[UserId, str] = {}
        self.standings = {member: Standing() for member in MEMBERS}
        self.guessed: set[str] = set()
        self.waiting: list[Json] = []
        self.heard: list[Json] = []
        super().__init__(empty)

    async def open(self, world: World, stack: AsyncExitStack) -> None:
        self.shop = open_shop_at_hand(world)
        self.shop.sell(self.catalogue)
        self.stripe = self.shop.account
        for price, amount in AMOUNTS.items():
            self.stripe.add_price(price, amount, "year" if price.endswith("year") else "month")

    def standing_of(self, member: UserId) -> Standing:
        standing, now = self.standings[member], self.world.clock.now
        is_over = standing.ends_at is not None and standing.ends_at <= now
        return Standing() if is_over else standing

    def plan_of(self, member: UserId) -> Plan | None:
        standing = self.standing_of(member)
        return standing.plan if standing.state is State.ACTIVE else None

    def due(self, member: UserId) -> Due | None:
        plan = self.plan_of(member)
        if plan is None:
            return None
        standing, now = self.standings[member], self.world.clock.now
        start, end = month_at(standing.starts_at, now)
        refunded, paid = standing.share
        taken = plan.fast_seconds * refunded // paid if now < standing.until else 0
        return Due(month_name(member, plan.name, start), "month", plan.fast_seconds, end, taken)

    def replenish(self, member: UserId) -> None:
        due = self.due(member)
        if due and due.name not in self.wallets[member].purses and self.wait_for_news():
            self.guessed.add(due.name)
        super().replenish(member)

    # --- at Stripe ---

    def pick_live(self, member: UserId, *statuses: str) -> Json | None:
        subscription = self.stripe.things.get(self.subscriptions.get(member, ""))
        return subscription if subscription and subscription["status"] in (statuses or LIVE) else None

    @initialize(prices=st.tuples(*[st.sampled_from(list(PLANS))] * 2))
    def begin(self, prices: tuple[str, ...]) -> None:
        for member, price in zip(MEMBERS, prices, strict=True):
            self.subscribe(member, price)

    @rule(member=members, price=st.sampled_from(list(PLANS)))
    def subscribe(self, member: UserId, price: str) -> None:
        """Nobody ends a plan and pays for it again within a second, in which both would be the same month."""
        self.wait(0, True)
        if self.pick_live(member) or self.standing_of(member).state is not State.NONE:
            return
        self.subscriptions[member] = self.stripe.pay(self.do(self.shop.checkout(price, member)))

    @rule(member=members, days=st.sampled_from([0, 4]))
    def raise_plan(self, member: UserId, days: int) -> None:
        """To the next plan that is paid for in the same way, perhaps some days into the month."""
        self.wait(24 * days, True)
        subscription = self.pick_live(member, "active")
        if subscription and not subscription["schedule"] and (higher := self.others(subscription, 1)):
            self.stripe.change(subscription["id"], higher[0])

    @rule(member=members)
    def pay_by_the_year(self, member: UserId) -> None:
        subscription = self.pick_live(member, "active")
        is_certain = subscription and not subscription["schedule"] and not subscription["cancel_at"]
        if subscription and is_certain and price_of(subscription).endswith("month"):
            self.stripe.change(subscription["id"], "price_pro_year")

    @rule(member=members)
    def plan_a_lower_one(self, member: UserId) -> None:
        subscription = self.pick_live(member, "active")
        if subscription and not subscription["schedule"] and (lower := self.others(subscription, -1)):
            self.stripe.plan_change(subscription["id"], lower[0])

    def others(self, subscription: Json, direction: int) -> list[str]:
        present = price_of(subscription)
        mine = PLANS[present].rank
        alike = [price for price in PLANS if price.rpartition("_")[2] == present.rpartition("_")[2]]
        return [price for price in alike if (PLANS[price].rank - mine) * direction > 0]

    @rule(member=members)
    def cancel_plan(self, member: UserId) -> None:
        """Or think better of it."""
        if subscription := self.pick_live(member, "active"):
            change = self.stripe.think_better if subscription["cancel_at_period_end"] else self.stripe.cancel
            change(subscription["id"])

    @rule(member=members)
    def end_plan(self, member: UserId) -> None:
        if subscription := self.pick_live(member):
            self.stripe.end(subscription["id"])

    @rule(member=members)
    def pause_plan(self, member: UserId) -> None:
        """Or resume it."""
        if subscription := self.pick_live(member, "active", "paused"):
            change = self.stripe.pause if subscription["status"] == "active" else self.stripe.resume
            change(subscription["id"])

    @rule(member=members)
    def pay_what_is_due(self, member: UserId) -> None:
        if subscription := self.pick_live(member, "past_due"):
            self.stripe.pay_invoice(subscription["id"])

    @rule(member=members, number=numbers, amount=st.sampled_from([1, 333, None]))
    def refund(self, member: UserId, number: int, amount: int | None) -> None:
        if charge := self.pick_charge(member, number):
            self.stripe.refund(charge["payment_intent"], min(self.left_of(charge), amount or self.left_of(charge)))

    @rule(member=members, number=numbers, amount=st.sampled_from([1, 333, None]))
    def dispute(self, member: UserId, number: int, amount: int | None) -> None:
        charge = self.pick_charge(member, number)
        if charge and not charge["disputed"]:
            self.stripe.dispute(charge["payment_intent"], min(self.left_of(charge), amount or self.left_of(charge)))

    @rule(number=numbers, status=st.sampled_from(["won", "lost"]))
    def settle(self, number: int, status: str) -> None:
        if disputes := [one for one in self.stripe.list("dispute") if one["status"] == "needs_response"]:
            self.stripe.settle_dispute(disputes[number % len(disputes)]["id"], status)

    def pick_charge(self, member: UserId, number: int) -> Json | None:
        """One of which something is left."""
        invoices = [one for one in self.invoices(self.subscriptions.get(member, "")) if one["status"] == "paid"]
        charges = [charge for invoice in invoices if (charge := self.charge_of(invoice)) and self.left_of(charge)]
        return charges[number % len(charges)] if charges else None

    def invoices(self, subscription_id: str) -> list[Json]:
        return [
            one
            for one in self.stripe.list("invoice")
            if one["parent"]["subscription_details"]["subscription"] == subscription_id
        ]

    def charge_of(self, invoice: Json) -> Json | None:
        for payment in self.stripe.list("invoice_payment"):
            if payment["invoice"] == invoice["id"]:
                intent = self.stripe.things[payment["payment"]["payment_intent"]]
                return self.stripe.things[intent["latest_charge"]]
        return None

    def disputes_of(self, charge: Json, *statuses: str) -> list[Json]:
        every = [one for one in self.stripe.list("dispute") if one["charge"] == charge["id"]]
        return [one for one in every if one["status"] in statuses]

    def left_of(self, charge: Json) -> int:
        asked = sum(one["amount"] for one in self.disputes_of(charge, "needs_response", "lost"))
        return int(charge["amount"] - charge["amount_refunded"] - asked)

    # --- time, and with it what falls due at Stripe ---

    @rule(hours=st.sampled_from([1, 3 * 24, 11 * 24, 32 * 24]), succeeds=st.booleans())
    def wait(self, hours: int, succeeds: bool) -> None:
        until = self.world.clock.now + timedelta(hours=hours, seconds=1)
        while subscription := self.next_due(until):
            self.world.clock.now = max(self.world.clock.now, end_of(subscription))
            if subscription["status"] == "active":
                self.stripe.renew(subscription["id"], succeeds=succeeds)
            else:
                self.stripe.end(subscription["id"])
        self.world.clock.now = until

    def next_due(self, until: datetime) -> Json | None:
        live = [one for one in self.stripe.list("subscription") if one["status"] in LIVE and end_of(one) <= until]
        return min(live, key=end_of, default=None)

    # --- here ---

    def wait_for_news(self) -> list[Json]:
        self.waiting += self.shop.news()
        return self.waiting

    @rule(number=st.integers(0, 20), count=st.integers(1, 4))
    def hear(self, number: int, count: int) -> None:
        """Any of what we were not told yet."""
        for _ in range(count):
            if waiting := self.wait_for_news():
                event = waiting.pop(number % len(waiting))
                self.do(self.shop.hear([event]))
                self.heard.append(event)
                self.learn(self.subscription_of(event))

    @rule()
    def hear_everything(self) -> None:
        while waiting := self.wait_for_news():
            self.hear(0, len(waiting))
        for member in MEMBERS:
            self.look(member)
            self.has_what_is_paid_for(member)

    @rule(number=numbers)
    def hear_again(self, number: int) -> None:
        if self.heard:
            before = self.count_entries()
            assert self.do(self.shop.hear([self.heard[-1 - number % len(self.heard)]])) == [False]
            assert self.count_entries() == before

    @rule()
    def start_anew(self) -> None:
        """What we know to go on is asked for."""
        known = [self.subscriptions[member] for member in MEMBERS if self.standing_of(member).state is not State.NONE]
        self.do(catch_up(self.shop.till, studio=self.world.studio))
        for subscription_id in known:
            self.learn(self.stripe.things[subscription_id])

    def subscription_of(self, event: Json) -> Json:
        thing = event["data"]["object"]
        match thing["object"]:
            case "subscription":
                found = thing["id"]
            case "checkout.session":
                found = thing["subscription"]
            case "invoice":
                found = thing["parent"]["subscription_details"]["subscription"]
            case _:
                [paid] = [
                    one
                    for one in self.stripe.list("invoice_payment")
                    if one["payment"]["payment_intent"] == thing["payment_intent"]
                ]
                invoice = self.stripe.things[paid["invoice"]]
                found = invoice["parent"]["subscription_details"]["subscription"]
        return self.stripe.things[found]

    def learn(self, subscription: Json) -> None:
        """What stands at Stripe now is what we come to, whatever the event was."""
        member, now = UserId(int(subscription["metadata"]["easel_member"])), self.world.clock.now
        known = self.standing_of(member)
        if self.subscriptions[member] != subscription["id"]:
            return  # an old one, which has ended
        starts_at, state = at(subscription["billing_cycle_anchor"]), self.state_of(subscription)
        start, end = month_at(starts_at, now)
        if known.state is not State.NONE and known.starts_at != starts_at:
            for purse in self.month_of(member, month_at(known.starts_at, now)[0]).values():
                purse.close()
        if state is State.NONE:
            if known.state is not State.NONE:
                for purse in self.month_of(member, start).values():
                    purse.close()
            self.standings[member] = Standing()
            return
        item = subscription["items"]["data"][0]
        self.standings[member] = Standing(
            state,
            PLANS[item["price"]["id"]],
            starts_at,
            at(subscription["cancel_at"]) if subscription["cancel_at"] else None,
            self.share_of(subscription),
            at(item["current_period_end"]),
        )
        if state is State.ACTIVE:
            self.give_parts(member, self.parts_of(subscription), start, end)

    def give_parts(self, member: UserId, parts: list[Part], start: datetime, end: datetime) -> None:
        """What was given by a plan that held no more counts as a part of the first, or is taken back."""
        wallet, names = self.wallets[member], {month_name(member, part.plan.name, start): part for part in parts}
        for plan in self.catalogue.plans:
            higher = wallet.purses.get(month_name(member, plan.name, start))
            if higher and plan.rank > parts[-1].plan.rank:
                higher.close()
        there = self.month_of(member, start)
        if len(parts) == 1 and not parts[0].refunded and names.keys() >= there.keys():
            return
        surplus = sum(max(0, there[name].granted - (names[name].amount if name in names else 0)) for name in there)
        for name, part in names.items():
            if name not in there:
                wallet.give(name, "month", max(1, part.amount - surplus), end)
                surplus = max(0, surplus - part.amount)
        for name, purse in self.month_of(member, start).items():
            part = names.get(name, parts[0])
            wallet.take_part(name, part._replace(amount=purse.granted).taken)

    def month_of(self, member: UserId, start: datetime) -> dict[str, Purse]:
        names = [month_name(member, plan.name, start) for plan in self.catalogue.plans]
        purses = self.wallets[member].purses
        return {name: purses[name] for name in names if name in purses and not purses[name].is_over}

    def share_of(self, subscription: Json) -> tuple[int, int]:
        charges = self.charges_of(subscription)
        paid = sum(charge["amount"] for charge in charges)
        return sum(self.refunded(charge) for charge in charges), max(1, paid)

    def charges_of(self, subscription: Json) -> list[Json]:
        return [charge for one in self.current(subscription) if (charge := self.charge_of(one))]

    def state_of(self, subscription: Json) -> State:
        charges = self.charges_of(subscription)
        paid = sum(charge["amount"] for charge in charges)
        if subscription["status"] == "canceled" or 0 < paid <= sum(self.refunded(charge) for charge in charges):
            return State.NONE
        if subscription["status"] != "active" or any(self.disputes_of(one, "needs_response") for one in charges):
            return State.PAUSED
        return State.ACTIVE

    def current(self, subscription: Json) -> list[Json]:
        """The invoices of the present period that are paid, in their order."""
        begin = subscription["items"]["data"][0]["current_period_start"]
        every = self.invoices(subscription["id"])
        return [one for one in every if one["status"] == "paid" and one["created"] >= begin]

    def refunded(self, charge: Json) -> int:
        return int(charge["amount_refunded"] + sum(one["amount"] for one in self.disputes_of(charge, "lost")))

    def parts_of(self, subscription: Json) -> list[Part]:
        """What the present month brings: the plan of its beginning, whole, and for each raise in it the difference for
        as much of it as was left."""
        start, end = month_at(at(subscription["billing_cycle_anchor"]), self.world.clock.now)
        parts: list[Part] = []
        for invoice in self.current(subscription):
            charge = self.charge_of(invoice)
            paid, refunded = (charge["amount"], self.refunded(charge)) if charge else (0, 0)
            former, plan = plans_of(invoice)
            if former is None or at(invoice["created"]) <= start:
                before = parts.pop() if parts else Part(plan, 0, 0, 0)
                parts = [Part(plan, plan.fast_seconds, before.paid + paid, before.refunded + refunded)]
            else:
                left = (end - at(invoice["created"])) / (end - start)
                amount = max(1, round((plan.fast_seconds - former.fast_seconds) * left))
                parts.append(Part(plan, amount, paid, refunded))
        return parts

    def has_what_is_paid_for(self, member: UserId) -> None:
        """Now that everything was heard, and whatever was heard when: what the wallet was told is what is paid for."""
        now, subscription = self.world.clock.now, self.stripe.things.get(self.subscriptions.get(member, ""))
        account = self.do(info(self.world, member))
        state = self.state_of(subscription) if subscription else State.NONE
        assert account.standing.state is state
        names = self.wallets[member].in_order(now)
        purses = [self.wallets[member].purses[name] for name in names]
        if subscription is None or state is State.NONE:
            assert not [purse for purse in purses if purse.left]
        elif state is State.ACTIVE:
            expected = sum(part.amount - part.taken for part in self.parts_of(subscription))
            found = sum(purse.granted - purse.taken for purse in purses)
            assert found >= expected if self.guessed & set(names) else found == expected


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def price_of(subscription: Json) -> str:
    return str(subscription["items"]["data"][0]["price"]["id"])


def end_of(subscription: Json) -> datetime:
    return at(subscription["items"]["data"][0]["current_period_end"])


def plans_of(invoice: Json) -> tuple[Plan | None, Plan]:
    """Before and after; no plan before, where a whole period is paid for."""
    prices = [line["pricing"]["price_details"]["price"] for line in invoice["lines"]["data"]]
    return PLANS[prices[0]] if len(prices) > 1 else None, PLANS[prices[-1]]


@pytest.mark.timeout(PATIENCE)
def test_plans_come_to_what_is_paid_for_in_any_order_of_events(empty_database: Path) -> None:
    run_state_machine_as_test(lambda: WalkOfPlans(empty_database), settings=length(8, 40))  # type: ignore[arg-type]
