"""The settings of plans, prices and packs: `[plans]` of the settings file."""

from collections.abc import Iterable
from typing import Annotated, Self

from pydantic import Field, model_validator

from bot.config_section import Section
from bot.domain.plan import Billing
from bot.domain.prices import Unit
from bot.domain.said import Said

NotNegative = Annotated[int, Field(ge=0)]
YOURS = Said("What you make is yours, also for commercial use and after your plan has ended.")
SMALL = Said(
    "What you make is yours, also for commercial use and after your plan has ended. "
    "Companies with more than USD 1,000,000 of revenue a year need Pro or Mega."
)
LICENSED = Said("What you make is yours to use, as far as the licence of the model that drew it allows.")


class TierSettings(Section):
    """Prices are in the smallest unit of `plans.currency`; 0 is not for sale."""

    name: Annotated[str, Field(min_length=1, max_length=32)]
    monthly_price: NotNegative = 0
    yearly_price: NotNegative = 0
    fast_minutes: NotNegative = 0
    credits: NotNegative = 0
    relax: bool = True
    turbo: bool = True
    stealth: bool = True
    max_running: Annotated[int, Field(ge=1)] = 3
    max_running_relax: NotNegative = 3
    max_waiting: Annotated[int, Field(ge=1)] = 10
    batch_limit: Annotated[int, Field(ge=1)] = 10
    weight: Annotated[float, Field(gt=0)] = 1.0
    terms: str = YOURS


TIERS = (
    TierSettings(
        name="Basic",
        monthly_price=1_000,
        yearly_price=9_600,
        fast_minutes=200,
        credits=75,
        relax=False,
        stealth=False,
        max_running_relax=0,
        batch_limit=4,
        terms=SMALL,
    ),
    TierSettings(
        name="Standard",
        monthly_price=3_000,
        yearly_price=28_800,
        fast_minutes=900,
        credits=230,
        stealth=False,
        terms=SMALL,
    ),
    TierSettings(
        name="Pro",
        monthly_price=6_000,
        yearly_price=57_600,
        fast_minutes=1_800,
        credits=460,
        max_running=12,
        batch_limit=40,
        weight=2.0,
    ),
    TierSettings(
        name="Mega",
        monthly_price=12_000,
        yearly_price=115_200,
        fast_minutes=3_600,
        credits=920,
        max_running=12,
        batch_limit=40,
        weight=2.0,
    ),
)


class PackSettings(Section):
    name: Annotated[str, Field(min_length=1, max_length=32)]
    credits: Annotated[int, Field(ge=1)]
    price: Annotated[int, Field(ge=1)]
    days: Annotated[int, Field(ge=1)] = 365


class ArticleSettings(Section):
    """What a payment service sells for us, by its own `id`. One of `plan`, `pack` and `hours` says what it is."""

    id: Annotated[str, Field(min_length=1)]
    plan: str = ""
    pack: str = ""
    hours: NotNegative = 0

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        if sum(map(bool, (self.plan, self.pack, self.hours))) != 1:
            raise ValueError(f"{self.id} is one of plan, pack and hours")
        return self


class SkuSettings(ArticleSettings):
    """At Discord. A plan that is bought for a `server` is that of all its members there."""

    server: bool = False

    @model_validator(mode="after")
    def _is_a_plan_for_a_server(self) -> Self:
        if self.server and not self.plan:
            raise ValueError(f"{self.id} is for a server, and only plans can be")
        return self


class PriceTagSettings(ArticleSettings):
    """A price at Stripe: plans are paid for by the month or by the year, packs and hours once. One that is not
    `offered` any more may still be paid by those who have it."""

    billing: Billing = Billing.MONTHLY
    offered: bool = True


class TrialSettings(Section):
    minutes: NotNegative = 0
    credits: NotNegative = 0
    terms: str = Said("For trying out: personal use only.")


class PriceSettings(Section):
    grid: NotNegative = 60
    variation: NotNegative = 54
    outpaint: NotNegative = 60
    upscale: NotNegative = 120
    upscale_4x: NotNegative = 360
    restyle: NotNegative = 15
    film: NotNegative = 120
    draft_factor: Annotated[float, Field(ge=0)] = 0.5
    hd_factor: Annotated[float, Field(ge=0)] = 1.6
    omni_factor: Annotated[float, Field(ge=0)] = 2.0
    turbo_factor: Annotated[float, Field(ge=0)] = 2.0


class PlanSettings(Section):
    enabled: bool = False
    unit: Unit = Unit.GPU_SECONDS
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    everyone: str = ""
    extra_hour_price: NotNegative = 400
    extra_days: Annotated[int, Field(ge=1)] = 60
    bonus_days: Annotated[int, Field(ge=1)] = 30
    terms: str = LICENSED
    skus: tuple[SkuSettings, ...] = ()
    trial: TrialSettings = TrialSettings()
    prices: PriceSettings = PriceSettings()
    roles: dict[int, str] = Field(default_factory=dict)
    guilds: dict[int, str] = Field(default_factory=dict)
    tiers: Annotated[tuple[TierSettings, ...], Field(min_length=1)] = TIERS
    packs: tuple[PackSettings, ...] = (PackSettings(name="115 credits", credits=115, price=1_500),)

    @model_validator(mode="after")
    def _names_are_plans(self) -> Self:
        names = [tier.name for tier in self.tiers]
        if len(set(names)) < len(names):
            raise ValueError("two tiers have the same name")
        for place, name in (("everyone", self.everyone), *self.roles.items(), *self.guilds.items()):
            if name and name not in names:
                raise ValueError(f"{place} = {name!r} names no tier; there are {', '.join(names)}")
        self.check_articles(self.skus)
        if wrong := [sku.id for sku in self.skus if not sku.id.isdecimal()]:
            raise ValueError(f"{wrong[0]!r} is no SKU id of Discord's, which are numbers")
        return self

    def check_articles(self, articles: Iterable[ArticleSettings]) -> None:
        """Raises `ValueError` for those that stand for what is not sold."""
        plans, packs = {tier.name for tier in self.tiers}, {pack.name for pack in self.packs}
        for article in articles:
            if (article.plan and article.plan not in plans) or (article.pack and article.pack not in packs):
                raise ValueError(f"{article.id} stands for {article.plan or article.pack!r}, which is not sold")
