"""What the payments of a subscription make of one of its months: a plan's time, and what each raise adds. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.period import Period
from bot.domain.plan import Catalogue, Plan
from bot.domain.subscription import Payment


@dataclass(frozen=True, slots=True)
class Part:
    """A lot of its own: so much time, what was paid for it, and how much of that went back."""

    plan: Plan
    amount: int
    paid: int = 0
    refunded: int = 0


def parts_of(
    payments: Sequence[Payment], plan: Plan, period: Period, catalogue: Catalogue, now: datetime
) -> list[Part]:
    """`payments` are those of the period that is paid for, oldest first, `plan` is what they came to.

    A month brings the plan of its beginning whole, paid for by all that was paid until then; a raise in it the
    difference between the months of both plans, for as much of the month as was left. So it is paid for, too. A raise
    that nobody paid for so far counts from now on.
    """
    parts: list[Part] = []
    for payment in payments:
        paid_for = _plan_of(payment.price_id, catalogue) or plan  # a price that the settings forgot
        former = _plan_of(payment.former_price_id, catalogue)
        if former is None or payment.at <= period.start or paid_for.rank <= former.rank:
            parts = [_whole(paid_for, (*parts, payment), catalogue)]
        else:
            parts.append(_raised(former, paid_for, payment.at, period, catalogue, payment))
    if not parts or parts[-1].plan.rank > plan.rank:
        return [_whole(plan, parts, catalogue)]
    if parts[-1].plan.rank < plan.rank:
        parts.append(_raised(parts[-1].plan, plan, now, period, catalogue))
    return parts


def _plan_of(price_id: str, catalogue: Catalogue) -> Plan | None:
    article = catalogue.find_price_tag(price_id)
    return catalogue.find_plan(article.plan) if article and article.plan else None


def _whole(plan: Plan, for_it: Sequence[Part | Payment], catalogue: Catalogue) -> Part:
    paid, refunded = sum(one.paid for one in for_it), sum(one.refunded for one in for_it)
    return Part(plan, plan.allowance(catalogue.unit), paid, refunded)


def _raised(
    former: Plan, plan: Plan, at: datetime, period: Period, catalogue: Catalogue, payment: Payment | None = None
) -> Part:
    """At least 1, for it stands in the place of the whole month of the higher plan."""
    left = (period.end - max(period.start, min(at, period.end))) / (period.end - period.start)
    amount = max(1, round((plan.allowance(catalogue.unit) - former.allowance(catalogue.unit)) * left))
    return Part(plan, amount, payment.paid, payment.refunded) if payment else Part(plan, amount)
