"""What a month brings, and what of it was paid for by which payment."""

from datetime import datetime, timedelta

import pytest

from bot.domain.paid_month import Part, parts_of
from bot.domain.period import add_months, period_at
from bot.domain.plan import Plan
from bot.domain.subscription import Payment
from tests.domain.factories import CATALOGUE, NOW
from tests.usecases.selling import SHOP

ANCHOR = NOW - timedelta(days=10)
BASIC, STANDARD, PRO = CATALOGUE.plans[:3]
BEGUN = Payment("price_basic_month", ANCHOR, 1000, 100)


def raised(days: float, refunded: int = 0) -> Payment:
    return Payment("price_pro_month", ANCHOR + timedelta(days=days), 3000, refunded, "price_basic_month")


def parts(*payments: Payment, plan: Plan = PRO, now: datetime = NOW) -> list[Part]:
    return parts_of(payments, plan, period_at(ANCHOR, now), SHOP, now)


def test_a_month_is_the_plan_s_whole() -> None:
    assert parts(BEGUN, plan=BASIC) == [Part(BASIC, 200 * 60, 1000, 100)]


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_a_raise_brings_the_difference_for_what_is_left_of_the_month(share: float) -> None:
    days = (add_months(ANCHOR, 1) - ANCHOR) / timedelta(days=1)
    whole, difference = parts(BEGUN, raised(days * (1 - share), 30))
    assert whole == Part(BASIC, 200 * 60, 1000, 100)
    assert difference == Part(PRO, round((30 * 3600 - 200 * 60) * share), 3000, 30)


def test_a_raise_of_an_earlier_month_is_paid_for_together_with_what_it_was_before() -> None:
    later = add_months(ANCHOR, 3) + timedelta(days=1)
    assert parts(BEGUN, raised(3, 30), now=later) == [Part(PRO, 30 * 3600, 4000, 130)]


def test_a_raise_that_comes_to_nothing_stands_in_the_place_of_the_whole_month_all_the_same() -> None:
    days = (add_months(ANCHOR, 1) - ANCHOR) / timedelta(days=1)
    assert parts(BEGUN, raised(days))[-1].amount == 1


def test_one_that_was_lowered_at_once_is_the_lower_plan_whole() -> None:
    lowered = Payment("price_basic_month", NOW, 0, 0, "price_pro_month")
    assert parts(BEGUN, raised(3, 30), lowered, plan=BASIC) == [Part(BASIC, 200 * 60, 4000, 130)]


def test_a_change_that_nobody_paid_for_counts_from_now_on() -> None:
    assert parts(BEGUN, plan=STANDARD)[-1].amount < STANDARD.fast_seconds - BASIC.fast_seconds
    assert parts(raised(0), plan=BASIC) == [Part(BASIC, 200 * 60, 3000, 0)]


def test_a_price_that_the_settings_forgot_is_that_of_the_plan() -> None:
    assert parts(Payment("price_gone", ANCHOR, 5, 1), plan=BASIC) == [Part(BASIC, 200 * 60, 5, 1)]
    assert parts(plan=BASIC) == [Part(BASIC, 200 * 60)]
