"""What a member's plan gives them when, and what they are told when it is used up. Pure."""

from datetime import datetime

from bot.domain import ledger
from bot.domain.errors import CreditsExhausted, StudioError, SubscriptionRequired
from bot.domain.job import UserId
from bot.domain.ledger import AccountKind, Entry, Shortage
from bot.domain.prices import Unit
from bot.domain.standing import Standing, State


def month_id(user_id: UserId, plan_name: str, starts_at: datetime, unit: Unit) -> str:
    return f"grant:{user_id}:{plan_name}:{starts_at.isoformat()}:{unit}"


def trial_id(user_id: UserId, unit: Unit) -> str:
    return f"grant:{user_id}:trial:{unit}"


def due_grant(standing: Standing, user_id: UserId, unit: Unit, now: datetime) -> Entry | None:
    """What the plan gives for the month that it is, or for trying out. Its business id makes it come once."""
    plan = standing.plan
    amount = plan.allowance(unit) if plan else 0
    if plan is None or not amount:
        return None
    if standing.state is State.TRIAL:
        return ledger.grant(trial_id(user_id, unit), user_id, unit, AccountKind.BONUS, amount, source="trial", at=now)
    if standing.period is None:
        return None
    return ledger.grant(
        month_id(user_id, plan.name, standing.period.start, unit),
        user_id,
        unit,
        AccountKind.MONTH,
        amount,
        source=f"plan {plan.name}",
        at=now,
        expires_at=standing.period.end,
    )


def write_amount(amount: int, unit: Unit) -> str:
    """`1 h 5 min 3 s`, `12 credits`."""
    if unit is Unit.CREDITS:
        return f"{amount:,} credit{'' if amount == 1 else 's'}"
    hours, rest = divmod(amount, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [f"{count:,} {name}" for count, name in ((hours, "h"), (minutes, "min"), (seconds, "s")) if count]
    return " ".join(parts) or "0 s"


def exhausted(shortage: Shortage, standing: Standing, unit: Unit) -> StudioError:
    """What the member reads, with the ways that their plan leaves them."""
    if standing.plan is None or standing.state is State.TRIAL:
        return SubscriptionRequired()
    kind = "credits" if unit is Unit.CREDITS else "fast time"
    told = f"This takes {write_amount(shortage.needed, unit)}; you have {write_amount(shortage.left, unit)} left."
    ways = ["Add `--relax` or switch with `/relax`, which costs nothing."] if standing.plan.has_relax else []
    ways.append("`/subscribe` has more.")
    if standing.period is not None:
        ways.append(f"New {kind} comes <t:{int(standing.period.end.timestamp())}:R>.")
    return CreditsExhausted(" ".join((told, *ways)))
