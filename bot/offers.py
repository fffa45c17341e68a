"""From the settings to what the studio sells, in the words of the domain."""

from collections.abc import Sequence
from dataclasses import replace

from bot.config_plans import ArticleSettings, PlanSettings, PriceTagSettings, TierSettings
from bot.domain.money import Money
from bot.domain.plan import Article, Catalogue, Limits, Pack, Plan
from bot.domain.prices import PriceList

MINUTE = 60


def catalogue_of(settings: PlanSettings, price_tags: Sequence[PriceTagSettings] = ()) -> Catalogue:
    if not settings.enabled:
        return Catalogue(terms=settings.terms)
    plans = tuple(_plan(tier, rank, settings.currency) for rank, tier in enumerate(settings.tiers, start=1))
    return Catalogue(
        is_charging=True,
        unit=settings.unit,
        plans=plans,
        everyone=next((plan for plan in plans if plan.name == settings.everyone), None),
        trial=_trial(settings, plans[0]),
        role_plans=settings.roles,
        guild_plans=settings.guilds,
        packs=tuple(Pack(p.name, p.credits, Money(p.price, settings.currency), p.days) for p in settings.packs),
        extra_hour_price=Money(settings.extra_hour_price, settings.currency),
        extra_days=settings.extra_days,
        bonus_days=settings.bonus_days,
        prices=PriceList(**settings.prices.model_dump()),
        terms=settings.terms,
        skus=tuple(replace(_article(sku), is_for_server=sku.server) for sku in settings.skus),
        price_tags=tuple(replace(_article(tag), billing=tag.billing, is_offered=tag.offered) for tag in price_tags),
    )


def _article(article: ArticleSettings) -> Article:
    return Article(article.id, article.plan, article.pack, article.hours)


def _plan(tier: TierSettings, rank: int, currency: str) -> Plan:
    return Plan(
        name=tier.name,
        rank=rank,
        limits=Limits(tier.max_running, tier.max_waiting, tier.max_running_relax),
        batch_limit=tier.batch_limit,
        monthly_price=Money(tier.monthly_price, currency) if tier.monthly_price else None,
        yearly_price=Money(tier.yearly_price, currency) if tier.yearly_price else None,
        fast_seconds=tier.fast_minutes * MINUTE,
        credits=tier.credits,
        has_relax=tier.relax,
        has_turbo=tier.turbo,
        has_stealth=tier.stealth,
        weight=tier.weight,
        terms=tier.terms,
    )


def _trial(settings: PlanSettings, least: Plan) -> Plan | None:
    """Without relax, which would make it last for ever, and within the limits of the least plan."""
    trial = settings.trial
    if not (trial.minutes or trial.credits):
        return None
    return Plan(
        name="Trial",
        rank=0,
        limits=least.limits,
        batch_limit=least.batch_limit,
        fast_seconds=trial.minutes * MINUTE,
        credits=trial.credits,
        has_relax=False,
        has_stealth=False,
        terms=trial.terms,
    )
