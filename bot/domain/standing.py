"""Where a member stands: which plan holds for them here and now, why, and which month of it this is. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.domain.errors import SubscriptionPaused, SubscriptionRequired
from bot.domain.period import Period, calendar_month, period_at
from bot.domain.place import Place
from bot.domain.plan import OPEN_STUDIO, Billing, Catalogue, Entitlement, Limits, Plan

MONTHS = {Billing.MONTHLY: 1, Billing.YEARLY: 12}


class State(StrEnum):
    OPEN = "open"  # the studio sells no plans
    ACTIVE = "active"
    TRIAL = "trial"
    PAUSED = "paused"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Standing:
    """`plan` is None where there is no plan to draw under. `period` is the current month of the allowance, None where
    none comes by the month. `entitlement` is the proof, None for plans that come with a role or a server."""

    state: State
    plan: Plan | None = None
    period: Period | None = None
    entitlement: Entitlement | None = None

    @property
    def billing(self) -> Billing:
        return self.entitlement.billing if self.entitlement else Billing.MONTHLY

    def renews_at(self, now: datetime) -> datetime | None:
        """When the plan ends or is paid for again."""
        if self.entitlement is None:
            return self.period.end if self.period else None
        months = MONTHS[self.entitlement.billing]
        return self.entitlement.ends_at or period_at(self.entitlement.starts_at, now, months=months).end

    def require_plan(self) -> Plan:
        """Raises `SubscriptionPaused` or `SubscriptionRequired`."""
        if self.plan is not None:
            return self.plan
        if self.state is State.PAUSED:
            raise SubscriptionPaused
        raise SubscriptionRequired


def find_standing(
    entitlements: Iterable[Entitlement],
    place: Place,
    catalogue: Catalogue,
    now: datetime,
    *,
    limits: Limits,
    of_server: Iterable[Entitlement] = (),
) -> Standing:
    """The highest plan of those that the member owns, has by a role or by the server, or that everyone has.

    `limits` are the open studio's; `of_server` is what the server at this place owns.
    """
    if not catalogue.is_charging:
        return Standing(State.OPEN, open_plan(catalogue, limits))
    current = [entitlement for entitlement in entitlements if entitlement.is_current(now)]
    bought_here = [entitlement.plan_name for entitlement in of_server if entitlement.is_current(now)]
    found = max(_candidates(current, place, catalogue, now, bought_here), key=lambda one: one[0].rank, default=None)
    if found is not None:
        return Standing(State.ACTIVE, *found)
    if paused := next((entitlement for entitlement in current if entitlement.is_paused), None):
        return Standing(State.PAUSED, entitlement=paused)
    if catalogue.trial is not None:
        return Standing(State.TRIAL, catalogue.trial)
    return Standing(State.NONE)


def _candidates(
    current: Iterable[Entitlement],
    place: Place,
    catalogue: Catalogue,
    now: datetime,
    bought_here: Iterable[str],
) -> Iterator[tuple[Plan, Period, Entitlement | None]]:
    """Those with a proof come first, for of equals the first one holds. Plans that are no longer sold count for
    nothing."""
    for entitlement in current:
        plan = catalogue.find_plan(entitlement.plan_name)
        if plan is not None and not entitlement.is_paused:
            yield plan, period_at(entitlement.starts_at, now), entitlement
    for name in (*bought_here, *_given_here(place, catalogue)):
        if plan := catalogue.find_plan(name):
            yield plan, calendar_month(now), None
    if catalogue.everyone is not None:
        yield catalogue.everyone, calendar_month(now), None


def _given_here(place: Place, catalogue: Catalogue) -> Iterator[str]:
    if place.guild_id is not None and place.guild_id in catalogue.guild_plans:
        yield catalogue.guild_plans[place.guild_id]
    yield from (catalogue.role_plans[role] for role in sorted(place.role_ids) if role in catalogue.role_plans)


def open_plan(catalogue: Catalogue, limits: Limits) -> Plan:
    return replace(OPEN_STUDIO, limits=limits, terms=catalogue.terms)
