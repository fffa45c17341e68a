"""Which plan holds for whom, here and now, and which month of it this is."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.domain.errors import SubscriptionPaused, SubscriptionRequired
from bot.domain.period import Period, period_at
from bot.domain.place import Place
from bot.domain.plan import OPEN, Billing, Catalogue, Entitlement, Limits
from bot.domain.standing import Standing, State, find_standing
from tests.domain.factories import ANN, CATALOGUE, NOW, after, an_entitlement

LIMITS = Limits(2, 5)
TRIAL = replace(CATALOGUE.plans[0], name="Trial", rank=0)


def standing(
    owned: Iterable[Entitlement] = (),
    catalogue: Catalogue = CATALOGUE,
    now: datetime = NOW,
    *,
    roles: Iterable[int] = (),
    guild_id: int | None = 7,
) -> Standing:
    place = Place(ANN, "Ann", 500, guild_id, frozenset(roles))
    return find_standing(owned, place, catalogue, now, limits=LIMITS)


def plan_name(found: Standing) -> str | None:
    return found.plan.name if found.plan else None


def test_without_plans_everybody_has_the_open_studio_with_its_limits() -> None:
    found = standing([an_entitlement()], OPEN)
    assert (found.state, plan_name(found), found.period) == (State.OPEN, "Open studio", None)
    assert found.require_plan().limits == LIMITS


def test_nothing_owned_is_nothing_to_draw_with() -> None:
    with pytest.raises(SubscriptionRequired):
        standing().require_plan()


def test_the_highest_plan_of_any_origin_counts() -> None:
    catalogue = replace(
        CATALOGUE, role_plans={5: "Basic", 6: "Mega"}, guild_plans={7: "Standard"}, everyone=CATALOGUE.plans[0]
    )
    owned = [an_entitlement(plan_name="Pro"), an_entitlement(plan_name="Basic")]
    assert plan_name(standing(owned, catalogue)) == "Pro"
    assert plan_name(standing(owned, catalogue, roles=[5, 6, 99])) == "Mega"
    assert plan_name(standing((), catalogue)) == "Standard"
    assert plan_name(standing((), catalogue, guild_id=8)) == "Basic"
    assert plan_name(standing((), catalogue, guild_id=None)) == "Basic"


def test_of_equal_plans_the_proof_counts_for_its_months_are_its_own() -> None:
    owned = an_entitlement(plan_name="Pro", starts_at=after(-3600))
    found = standing([owned], replace(CATALOGUE, guild_plans={7: "Pro"}))
    assert found.entitlement is owned
    assert found.period is not None
    assert found.period.start == after(-3600)


def test_an_entitlement_holds_from_its_start_until_just_before_its_end() -> None:
    owned = [an_entitlement(starts_at=after(0), ends_at=after(10))]
    held = [standing(owned, now=after(second)).plan is not None for second in (-1, 0, 9.9, 10)]
    assert held == [False, True, True, False]
    assert plan_name(standing([an_entitlement(ends_at=None)], now=after(10**8))) == "Pro"


def test_a_plan_that_is_no_longer_sold_counts_for_nothing() -> None:
    assert standing([an_entitlement(plan_name="Gold")]).state is State.NONE


def test_a_paused_plan_gives_nothing_but_its_name() -> None:
    paused = an_entitlement(is_paused=True)
    assert standing([paused]).state is State.PAUSED
    with pytest.raises(SubscriptionPaused):
        standing([paused]).require_plan()
    assert plan_name(standing([paused, an_entitlement(plan_name="Basic")])) == "Basic"


def test_a_trial_is_for_those_who_have_nothing_else() -> None:
    catalogue = replace(CATALOGUE, trial=TRIAL)
    assert standing((), catalogue).state is State.TRIAL
    assert standing([an_entitlement(is_paused=True)], catalogue).state is State.PAUSED
    assert standing([an_entitlement()], catalogue).state is State.ACTIVE


def test_when_it_renews() -> None:
    start = datetime(2026, 1, 31, 9, tzinfo=UTC)
    endless = an_entitlement(starts_at=start, ends_at=None)
    now = datetime(2026, 2, 28, 9, tzinfo=UTC)
    assert standing([endless], now=now).renews_at(now) == datetime(2026, 3, 31, 9, tzinfo=UTC)
    yearly = replace(endless, billing=Billing.YEARLY)
    assert standing([yearly], now=now).renews_at(now) == datetime(2027, 1, 31, 9, tzinfo=UTC)
    ending = replace(endless, ends_at=datetime(2026, 3, 3, tzinfo=UTC))
    assert standing([ending], now=now).renews_at(now) == ending.ends_at
    by_role = standing((), replace(CATALOGUE, role_plans={5: "Pro"}), now=now, roles=[5])
    assert by_role.renews_at(now) == datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("anchor", "now", "start", "end"),
    [
        ("2026-01-31T12:00", "2026-01-31T12:00", "2026-01-31T12:00", "2026-02-28T12:00"),
        ("2026-01-31T12:00", "2026-02-28T11:59", "2026-01-31T12:00", "2026-02-28T12:00"),
        ("2026-01-31T12:00", "2026-02-28T12:00", "2026-02-28T12:00", "2026-03-31T12:00"),
        ("2026-01-31T12:00", "2026-03-31T12:00", "2026-03-31T12:00", "2026-04-30T12:00"),
        ("2028-01-30T00:00", "2028-02-29T00:00", "2028-02-29T00:00", "2028-03-30T00:00"),
        ("2028-02-29T06:00", "2029-03-01T00:00", "2029-02-28T06:00", "2029-03-29T06:00"),
        ("2025-12-15T23:59", "2026-01-15T23:58", "2025-12-15T23:59", "2026-01-15T23:59"),
        ("2025-12-15T23:59", "2026-01-15T23:59", "2026-01-15T23:59", "2026-02-15T23:59"),
        ("2026-05-05T05:05", "2026-05-01T00:00", "2026-05-05T05:05", "2026-06-05T05:05"),
    ],
)
def test_months_are_counted_from_the_day_it_began(anchor: str, now: str, start: str, end: str) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(f"{text}+00:00")

    assert period_at(at(anchor), at(now)) == Period(at(start), at(end))


def test_years_of_twelve_months() -> None:
    leap_day = datetime(2028, 2, 29, tzinfo=UTC)
    now = datetime(2032, 2, 29, tzinfo=UTC)
    assert period_at(leap_day, now, months=12) == Period(now, datetime(2033, 2, 28, tzinfo=UTC))
