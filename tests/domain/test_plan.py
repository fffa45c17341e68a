"""What a member may do follows from what they own now."""

from bot.domain.plan import OPEN_STUDIO, PLANS, plan_for
from tests.domain.factories import NOW, after, an_entitlement

BY_NAME = {plan.name: plan for plan in PLANS}


def test_without_plans_everybody_has_the_open_studio() -> None:
    assert plan_for([], NOW) is OPEN_STUDIO
    assert plan_for([], NOW, default=None) is None


def test_the_highest_active_plan_counts() -> None:
    owned = [an_entitlement(plan_name=name) for name in ("Standard", "Mega", "Basic")]
    assert plan_for(owned, NOW) is BY_NAME["Mega"]


def test_an_entitlement_holds_from_its_start_until_just_before_its_end() -> None:
    owned = [an_entitlement(starts_at=after(0), ends_at=after(10))]
    assert [plan_for(owned, after(second), default=None) is not None for second in (-1, 0, 9.9, 10)] == [
        False,
        True,
        True,
        False,
    ]
    assert plan_for([an_entitlement(ends_at=None)], after(10**9)) is BY_NAME["Pro"]


def test_a_plan_that_is_no_longer_sold_counts_for_nothing() -> None:
    assert plan_for([an_entitlement(plan_name="Gold")], NOW) is OPEN_STUDIO


def test_the_plans_of_the_house() -> None:
    assert [(plan.name, plan.monthly_price_cents, plan.fast_seconds / 3600) for plan in PLANS] == [
        ("Basic", 1_000, 200 / 60),
        ("Standard", 3_000, 15),
        ("Pro", 6_000, 30),
        ("Mega", 12_000, 60),
    ]
    assert [plan.rank for plan in PLANS] == sorted({plan.rank for plan in PLANS})
