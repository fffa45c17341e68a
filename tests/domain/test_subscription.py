"""What one reading of a subscription makes of the plan that was known, and what it is told as."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.letter import write_change
from bot.domain.plan import Article, Entitlement
from bot.domain.subscription import Change, Payment, PayState, Subscription, change_of, plan_after
from tests.domain.factories import ANN, CATALOGUE, NOW, after

BASIC, PRO = Article("basic", plan="Basic"), Article("pro", plan="Pro")
ANCHOR = NOW - timedelta(days=10)
PAID_BACK = (Payment("basic", ANCHOR, 1000, 1000),)


def reading(**changes: Any) -> Subscription:
    return replace(Subscription("sub_1", ANN, "cus_1", "basic", PayState.PAID, ANCHOR), **changes)


def known(**changes: Any) -> Entitlement:
    plan = plan_after(None, reading(), BASIC, NOW)
    assert plan is not None
    return replace(plan, **changes)


def test_what_was_never_paid_for_is_nothing() -> None:
    assert plan_after(None, reading(state=PayState.PENDING), BASIC, NOW) is None


def test_each_reading_is_newer_than_the_last_even_when_the_clock_stands() -> None:
    second = plan_after(known(), reading(), BASIC, NOW)
    assert second is not None
    assert second.as_of > known().as_of
    assert replace(second, as_of=NOW) == known()


CASES: list[tuple[Entitlement | None, dict[str, Any], Article, Change]] = [
    (None, {}, BASIC, Change.BEGUN),
    (None, {"state": PayState.FAILED}, BASIC, Change.PAUSED),
    (None, {"state": PayState.ENDED, "ends_at": NOW}, BASIC, Change.NONE),
    (known(), {}, BASIC, Change.NONE),
    (known(), {}, PRO, Change.RAISED),
    (known(), {"starts_at": NOW}, PRO, Change.CHANGED),
    (known(plan_name="Pro"), {}, BASIC, Change.CHANGED),
    (known(), {"state": PayState.FAILED}, BASIC, Change.PAUSED),
    (known(), {"state": PayState.FAILED}, PRO, Change.PAUSED),
    (known(is_paused=True), {"state": PayState.FAILED}, BASIC, Change.NONE),
    (known(is_paused=True), {}, BASIC, Change.RESUMED),
    (known(is_paused=True), {}, PRO, Change.RAISED),
    (known(), {"ends_at": after(60)}, BASIC, Change.ENDING),
    (known(ends_at=after(60)), {}, BASIC, Change.GOES_ON),
    (known(), {"state": PayState.ENDED, "ends_at": NOW}, BASIC, Change.ENDED),
    (known(), {"payments": PAID_BACK}, BASIC, Change.ENDED),
    (known(is_paused=True), {"payments": PAID_BACK, "state": PayState.FAILED}, BASIC, Change.ENDED),
    (known(), {"payments": (replace(*PAID_BACK, refunded=999),)}, BASIC, Change.NONE),
    (known(), {"payments": (replace(*PAID_BACK, paid=0, refunded=0),)}, BASIC, Change.NONE),
    (known(ends_at=NOW), {"payments": PAID_BACK}, BASIC, Change.NONE),
    (known(ends_at=NOW), {}, BASIC, Change.BEGUN),
]


@pytest.mark.parametrize(("before", "changes", "article", "change"), CASES)
def test_what_changed(before: Entitlement | None, changes: dict[str, Any], article: Article, change: Change) -> None:
    found = plan_after(before, reading(**changes), article, NOW)
    assert found is not None
    assert change_of(before, found, CATALOGUE, NOW) is change
    assert bool(write_change(change, found, CATALOGUE)) is (change is not Change.NONE)


def test_a_plan_that_is_not_paid_for_stays_the_one_that_was() -> None:
    found = plan_after(known(), reading(state=PayState.FAILED), PRO, NOW)
    assert found is not None
    assert (found.plan_name, found.is_paused) == ("Basic", True)


def test_the_first_end_that_was_heard_of_holds() -> None:
    ended = plan_after(known(ends_at=after(-60)), reading(state=PayState.ENDED, ends_at=after(-5)), BASIC, NOW)
    assert ended is not None
    assert ended.ends_at == after(-60)
