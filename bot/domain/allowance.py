"""What a member's plan gives them when, and what they are told when it is used up. Pure."""

from datetime import datetime

from bot.domain import ledger
from bot.domain.errors import CreditsExhausted, StudioError, SubscriptionRequired
from bot.domain.job import UserId
from bot.domain.ledger import AccountKind, Entry, Lot, Shortage
from bot.domain.period import Period
from bot.domain.plan import Plan
from bot.domain.prices import Unit
from bot.domain.said import Said, joined
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
    return month_grant(user_id, plan, standing.period, unit, now)


def month_grant(
    user_id: UserId, plan: Plan, period: Period, unit: Unit, now: datetime, amount: int | None = None
) -> Entry | None:
    """What the plan gives for a month, or another amount in its place. None where that is nothing."""
    amount = plan.allowance(unit) if amount is None else amount
    if amount <= 0:
        return None
    return ledger.grant(
        month_id(user_id, plan.name, period.start, unit),
        user_id,
        unit,
        AccountKind.MONTH,
        amount,
        source=f"plan {plan.name}",
        at=now,
        expires_at=period.end,
    )


def is_month(lot: Lot, user_id: UserId, starts_at: datetime, unit: Unit) -> bool:
    """Whether it was given for the month that began then, by whatever plan."""
    prefix, suffix = month_id(user_id, "", starts_at, unit).split("::")
    return lot.account.label.startswith(f"{prefix}:") and lot.account.label.endswith(f":{suffix}")


def write_amount(amount: int, unit: Unit) -> Said:
    """`1 h 5 min 3 s`, `12 credits`."""
    if unit is Unit.CREDITS:
        return Said.counted("{count:,} credit", "{count:,} credits", count=amount)
    hours, rest = divmod(amount, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = [f"{count:,} {name}" for count, name in ((hours, "h"), (minutes, "min"), (seconds, "s")) if count]
    return joined(*parts) if parts else joined("0 s")


def exhausted(shortage: Shortage, standing: Standing, unit: Unit) -> StudioError:
    """What the member reads, with the ways that their plan leaves them."""
    if standing.plan is None or standing.state is State.TRIAL:
        return SubscriptionRequired()
    told = Said(
        "This takes {needed}; you have {left} left.",
        needed=write_amount(shortage.needed, unit),
        left=write_amount(shortage.left, unit),
    )
    free = Said("Add `--relax` or switch with `/relax`, which costs nothing.") if standing.plan.has_relax else ""
    return CreditsExhausted(joined(told, free, Said("`/subscribe` has more."), _renewal(standing, unit)))


def _renewal(standing: Standing, unit: Unit) -> str:
    if standing.period is None:
        return ""
    when = f"<t:{int(standing.period.end.timestamp())}:R>"
    if unit is Unit.CREDITS:
        return Said("New credits come {when}.", when=when)
    return Said("New fast time comes {when}.", when=when)
