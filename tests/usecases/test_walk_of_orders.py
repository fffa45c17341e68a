"""Hours that are bought, refunded and disputed at Stripe while jobs hold and use them; of each, we hear at any time."""

from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from bot.domain.job import UserId
from bot.domain.plan import Article, Plan
from bot.usecases.till import TillClosed
from tests.domain.factories import CATALOGUE
from tests.stripe_stand_in.account import Json
from tests.usecases.conftest import World
from tests.usecases.selling import open_shop_at_hand
from tests.usecases.walking import PATIENCE, PRICES, Walk, length, members, numbers

GUEST = replace(CATALOGUE.plans[1], name="Guest", rank=0, fast_seconds=0)
HOURS = {"price_hour": 1, "price_three": 3}
COUNTS = ("needs_response", "under_review", "lost")
"""A dispute of these states has the money; a bank that only asks has not."""


class WalkOfOrders(Walk):
    """Everyone may draw, and has nothing but what they buy. `sold` is whose each checkout is, `waiting` what Stripe
    told and we did not hear, `heard` the rest."""

    catalogue = replace(
        CATALOGUE,
        everyone=GUEST,
        price_tags=tuple(Article(price, hours=hours) for price, hours in HOURS.items()),
        prices=PRICES,
    )

    def __init__(self, empty: Path) -> None:
        self.sold: dict[str, tuple[UserId, int]] = {}
        self.waiting: list[Json] = []
        self.heard: list[Json] = []
        super().__init__(empty)

    async def open(self, world: World, stack: AsyncExitStack) -> None:
        self.shop = open_shop_at_hand(world)
        self.shop.sell(self.catalogue)
        self.stripe = self.shop.account
        for price, hours in HOURS.items():
            self.stripe.add_price(price, 700 * hours)

    def plan_of(self, member: UserId) -> Plan:
        return GUEST

    # --- at Stripe ---

    @rule(member=members, price=st.sampled_from(list(HOURS)), is_slow=st.booleans())
    def buy(self, member: UserId, price: str, is_slow: bool) -> None:
        session = self.do(self.shop.checkout(price, member))
        self.sold[session] = member, HOURS[price] * 3_600
        (self.stripe.pay_slowly if is_slow else self.stripe.pay)(session)

    @rule(number=numbers, succeeds=st.booleans())
    def slow_money_arrives(self, number: int, succeeds: bool) -> None:
        slow = [one for one in self.sessions() if self.intent_of(one)["status"] == "processing"]
        if slow:
            self.stripe.settle(slow[number % len(slow)]["id"], succeeds=succeeds)

    @rule(number=numbers, amount=st.sampled_from([1, 333, None]))
    def refund(self, number: int, amount: int | None) -> None:
        charge = self.pick_charge(number)
        left = self.left_of(charge) if charge else 0
        if charge and left:
            self.stripe.refund(charge["payment_intent"], min(left, amount or left))

    @rule(number=numbers, amount=st.sampled_from([1, 333, None]), is_question=st.booleans())
    def dispute(self, number: int, amount: int | None, is_question: bool) -> None:
        """A bank asks once for what was not refunded."""
        charge = self.pick_charge(number)
        left = self.left_of(charge) if charge else 0
        if charge and left and not charge["disputed"]:
            status = "warning_needs_response" if is_question else "needs_response"
            self.stripe.dispute(charge["payment_intent"], min(left, amount or left), status)

    @rule(number=numbers, status=st.sampled_from(["won", "lost"]))
    def settle(self, number: int, status: str) -> None:
        disputes = [one for one in self.stripe.list("dispute") if one["status"] not in ("won", "lost")]
        if disputes:
            dispute = disputes[number % len(disputes)]
            if dispute["status"].startswith("warning"):
                self.stripe.escalate(dispute["id"])
            else:
                self.stripe.settle_dispute(dispute["id"], status)

    def sessions(self) -> list[Json]:
        return self.stripe.list("checkout.session")

    def intent_of(self, session: Json) -> Json:
        return self.stripe.things[session["payment_intent"]]

    def pick_charge(self, number: int) -> Json | None:
        charges = self.stripe.list("charge")
        return charges[number % len(charges)] if charges else None

    def disputes_of(self, charge: Json) -> list[Json]:
        return [one for one in self.stripe.list("dispute") if one["charge"] == charge["id"]]

    def left_of(self, charge: Json) -> int:
        asked = sum(one["amount"] for one in self.disputes_of(charge) if one["status"] != "won")
        return int(charge["amount"] - charge["amount_refunded"] - asked)

    # --- here ---

    def wait_for_news(self) -> list[Json]:
        self.waiting += self.shop.news()
        return self.waiting

    @rule(number=st.integers(0, 20))
    def hear(self, number: int) -> None:
        """Any of what we were not told yet."""
        if waiting := self.wait_for_news():
            event = waiting.pop(number % len(waiting))
            assert self.do(self.shop.hear([event])) == [True]
            self.heard.append(event)
            self.learn(self.session_of(event))

    @rule()
    def hear_everything(self) -> None:
        while self.wait_for_news():
            self.hear(len(self.waiting) - 1)

    @rule(number=numbers)
    def hear_again(self, number: int) -> None:
        if self.heard:
            before = self.count_entries()
            assert self.do(self.shop.hear([self.heard[-1 - number % len(self.heard)]])) == [False]
            assert self.count_entries() == before

    @precondition(lambda self: self.wait_for_news())
    @rule()
    def stripe_does_not_answer(self) -> None:
        self.shop.stripe.is_down = True
        with pytest.raises(TillClosed):
            self.do(self.shop.hear(self.waiting[:1]))
        self.shop.stripe.is_down = False

    def session_of(self, event: Json) -> Json:
        thing = event["data"]["object"]
        if thing["object"] == "checkout.session":
            return self.stripe.things[thing["id"]]
        return next(one for one in self.sessions() if one["payment_intent"] == thing["payment_intent"])

    def learn(self, session: Json) -> None:
        """What stands at Stripe now is what the wallet comes to, whatever the event was."""
        (member, seconds), name = self.sold[session["id"]], f"grant:stripe:{session['id']}"
        if session["payment_status"] != "paid":
            return
        wallet, charge = self.wallets[member], self.stripe.things[self.intent_of(session)["latest_charge"]]
        bought_at = datetime.fromtimestamp(session["created"], UTC)
        wallet.give(name, "extra", seconds, bought_at + timedelta(days=60))
        paid, refunded = charge["amount"], charge["amount_refunded"]
        if refunded == paid:
            wallet.take_back(name)
        wallet.take_part(name, seconds * refunded // paid)
        for dispute in self.disputes_of(charge):
            if dispute["status"] == "won":
                wallet.stand(name, dispute["id"])
            elif dispute["status"] in COUNTS:
                wallet.rest(name, dispute["id"], seconds * dispute["amount"] // paid)


@pytest.mark.timeout(PATIENCE)
def test_orders_come_to_what_is_paid_for_in_any_order_of_events(empty_database: Path) -> None:
    run_state_machine_as_test(lambda: WalkOfOrders(empty_database), settings=length(8, 40))  # type: ignore[arg-type]
