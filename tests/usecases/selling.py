"""A world that sells through the stand-in Stripe, and members who pay there. Its months pass as the clock is turned."""

import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass, field, replace

import stripe

from bot.domain.job import UserId
from bot.domain.ledger import Entry
from bot.domain.plan import Article, Billing, Catalogue
from bot.payments.till import StripeTill, stripe_client
from bot.usecases.buying import open_checkout
from bot.usecases.payments import take_event
from tests.domain.factories import ANN, CATALOGUE
from tests.stripe_stand_in.account import Json, StripeAccount
from tests.stripe_stand_in.server import KEY, SECRET, DirectLine, StripeStandIn, signed, stand_in
from tests.usecases.conftest import World

TAGS = (
    Article("price_basic_month", plan="Basic"),
    Article("price_standard_month", plan="Standard"),
    Article("price_pro_month", plan="Pro"),
    Article("price_pro_year", plan="Pro", billing=Billing.YEARLY),
    Article("price_pro_old", plan="Pro", is_offered=False),
    Article("price_pack", pack="115 credits"),
    Article("price_hours", hours=5),
)
SHOP = replace(CATALOGUE, price_tags=TAGS)
GUESTS = replace(SHOP, everyone=replace(CATALOGUE.plans[0], name="Guest", rank=0, fast_seconds=0))
"""Where whoever owns nothing may use up what they bought once."""
AMOUNTS = {
    "price_basic_month": 1000,
    "price_standard_month": 3000,
    "price_pro_month": 6000,
    "price_pro_year": 57_600,
    "price_pro_old": 5000,
}
ONCE = {"price_pack": 1500, "price_hours": 2000}


def stock(account: StripeAccount) -> None:
    for price_id, amount in AMOUNTS.items():
        account.add_price(price_id, amount, "year" if price_id.endswith("year") else "month")
    for price_id, amount in ONCE.items():
        account.add_price(price_id, amount)


@dataclass
class Shop:
    """`pay` and the like happen at Stripe; we know nothing of it before `hear`."""

    world: World
    stripe: StripeStandIn
    till: StripeTill
    heard: int = 0
    locale: str = "en-GB"
    _keys: list[str] = field(default_factory=list)

    @property
    def account(self) -> StripeAccount:
        return self.stripe.account

    async def checkout(self, price_id: str, user_id: UserId = ANN) -> str:
        """The id of the session that a press opens."""
        self._keys.append(f"press-{len(self._keys)}")
        url = await open_checkout(user_id, price_id, self._keys[-1], self.locale, self.till, studio=self.world.studio)
        assert url is not None
        return url.rpartition("/")[2]

    async def buy(self, price_id: str, user_id: UserId = ANN) -> str:
        """The id of what was paid for: a subscription, or a payment."""
        return self.account.pay(await self.checkout(price_id, user_id))

    def news(self) -> list[Json]:
        """The events since the last time."""
        fresh, self.heard = self.account.events[self.heard :], len(self.account.events)
        return fresh

    async def hear(self, events: Iterable[Json] | None = None) -> list[bool]:
        """Whether each came to something."""
        return [
            await take_event(self.till.read_event(*signed(event)), self.till, studio=self.world.studio)
            for event in (self.news() if events is None else events)
        ]

    def sell(self, catalogue: Catalogue) -> None:
        self.world.studio = replace(self.world.studio, catalogue=catalogue)

    async def entries(self, user_id: UserId = ANN) -> list[Entry]:
        async with self.world.studio.db.reading() as tx:
            return await tx.ledger.list_of_member(user_id)

    async def letters(self) -> list[str]:
        """What members are still to be told."""
        now = self.world.clock.now
        async with self.world.studio.db.transaction() as tx:
            return [letter.text for letter in await tx.letters.claim(now, now, 99)]


def open_shop_at_hand(world: World) -> Shop:
    """Without a socket between us and Stripe, for those who ask it a thousand times."""
    opened = StripeStandIn(StripeAccount(lambda: world.clock.now))
    stock(opened.account)
    client = stripe.StripeClient(KEY, http_client=DirectLine(opened), max_network_retries=0)
    return Shop(world, opened, StripeTill(client, SECRET, "https://easel.invalid", SHOP))


@contextlib.asynccontextmanager
async def open_shop(world: World) -> AsyncIterator[Shop]:
    async with stand_in(lambda: world.clock.now) as opened, stripe_client(KEY, opened.url) as client:
        stock(opened.account)
        shop = Shop(world, opened, StripeTill(client, SECRET, "https://easel.invalid", SHOP))
        shop.sell(SHOP)
        yield shop
