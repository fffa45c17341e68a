"""What members may do: plans as data, what a studio sells, and the proofs that a member owns a plan for a time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bot.domain.job import UserId
from bot.domain.money import Money
from bot.domain.prices import PRICES, PriceList, Unit


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one member may have under way. Waiting jobs beyond `max_waiting` are refused.

    `max_running` counts fast and turbo jobs, `max_running_relax` those that take their time.
    """

    max_running: int
    max_waiting: int
    max_running_relax: int = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """A tier. `fast_seconds` and `credits` are what it gives each month; the studio's unit says which of them counts.

    The highest `rank` that a member owns is the one that holds. `weight` is the member's share of a busy machine
    relative to others. `terms` say in a sentence what may be done with the pictures. A price of None is not for sale.
    """

    name: str
    rank: int
    limits: Limits
    batch_limit: int = 10
    monthly_price: Money | None = None
    yearly_price: Money | None = None
    fast_seconds: int = 0
    credits: int = 0
    has_relax: bool = True
    has_turbo: bool = True
    has_stealth: bool = True
    weight: float = 1.0
    terms: str = ""

    def allowance(self, unit: Unit) -> int:
        """What a month brings."""
        return self.credits if unit is Unit.CREDITS else self.fast_seconds


OPEN_STUDIO = Plan("Open studio", 0, Limits(3, 10), has_turbo=False)
"""What everybody has on a server that sells no plans. There turbo would cost nothing, and all would go before all."""


@dataclass(frozen=True, slots=True)
class Pack:
    """Credits that are bought once and last for `days`."""

    name: str
    credits: int
    price: Money
    days: int


class Billing(StrEnum):
    MONTHLY = "monthly"
    YEARLY = "yearly"


@dataclass(frozen=True, slots=True)
class Article:
    """What a payment service sells for us, by its own `id`. One of `plan`, `pack` and `hours` says what it is;
    `billing` says how a plan is paid for. One that is bought for a server is the plan of all its members there.
    One that is not offered any more still stands for what it did."""

    id: str
    plan: str = ""
    pack: str = ""
    hours: int = 0
    billing: Billing = Billing.MONTHLY
    is_for_server: bool = False
    is_offered: bool = True


OTHERS_TERMS = "Made from another member's picture, whose rights stay with them."
"""Of a picture that somebody took out of another's grid, or enlarged."""
HOUR_PRICE = Money(400)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a studio sells. Where it is not charging, everybody has the open studio and nothing is counted.

    `everyone` is the plan of those who own none; without it a subscription is needed. The `trial` plan's allowance
    comes once. Roles and guilds name the plans that their members have. Extra time is sold by the hour and lasts
    `extra_days`, time given away lasts `bonus_days`. `terms` are those of the open studio.
    `skus` are sold by Discord, `price_tags` by Stripe.
    """

    is_charging: bool = False
    unit: Unit = Unit.GPU_SECONDS
    plans: tuple[Plan, ...] = ()
    everyone: Plan | None = None
    trial: Plan | None = None
    role_plans: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    guild_plans: Mapping[int, str] = field(default_factory=lambda: MappingProxyType({}))
    packs: tuple[Pack, ...] = ()
    skus: tuple[Article, ...] = ()
    price_tags: tuple[Article, ...] = ()
    extra_hour_price: Money = HOUR_PRICE
    extra_days: int = 60
    bonus_days: int = 30
    prices: PriceList = PRICES
    terms: str = ""

    def find_plan(self, name: str) -> Plan | None:
        every = (*self.plans, self.everyone, self.trial)
        return next((plan for plan in every if plan is not None and plan.name == name), None)

    def find_price_tag(self, price_id: str) -> Article | None:
        return next((article for article in self.price_tags if article.id == price_id), None)

    def price_of(self, article: Article) -> Money | None:
        """None for what the settings name no price of."""
        if article.plan:
            plan = self.find_plan(article.plan)
            if plan is None:
                return None
            return plan.yearly_price if article.billing is Billing.YEARLY else plan.monthly_price
        if article.hours:
            return Money(article.hours * self.extra_hour_price.minor, self.extra_hour_price.currency)
        return next((pack.price for pack in self.packs if pack.name == article.pack), None)


OPEN = Catalogue()


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The proof that a member owns a plan for a time. `ends_at` None means until revoked.

    `reference` names it at its `source` and is unique; `as_of` is when the source said so, and older news of the same
    reference are ignored. The plan's months are counted from `starts_at`. A paused one (a payment failed) gives
    nothing. Of what was `paid` for the time until `paid_until`, `refunded` went back.
    """

    user_id: UserId
    plan_name: str
    source: str
    starts_at: datetime
    reference: str
    as_of: datetime
    ends_at: datetime | None = None
    billing: Billing = Billing.MONTHLY
    is_paused: bool = False
    paid: int = 0
    refunded: int = 0
    paid_until: datetime | None = None

    def is_current(self, now: datetime) -> bool:
        """Whether now is within its time, paused or not."""
        return self.starts_at <= now and (self.ends_at is None or now < self.ends_at)
