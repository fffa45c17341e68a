"""What a member may do: plans as data, the proofs that a member owns one, and the limits that follow."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.job import UserId


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one member may have under way. Waiting jobs beyond `max_waiting` are refused."""

    max_running: int
    max_waiting: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A tier. Money is integer cents of US dollars a month; fast time is GPU seconds a month."""

    name: str
    monthly_price_cents: int
    fast_seconds: int
    has_relax: bool
    has_stealth: bool
    batch_limit: int
    limits: Limits
    rank: int


MINUTE, HOUR = 60, 3600

PLANS: tuple[Plan, ...] = (
    Plan("Basic", 1_000, 200 * MINUTE, False, False, 4, Limits(3, 10), 1),
    Plan("Standard", 3_000, 15 * HOUR, True, False, 10, Limits(3, 10), 2),
    Plan("Pro", 6_000, 30 * HOUR, True, True, 40, Limits(12, 10), 3),
    Plan("Mega", 12_000, 60 * HOUR, True, True, 40, Limits(12, 10), 4),
)

OPEN_STUDIO = Plan("Open studio", 0, 0, True, True, 10, Limits(3, 10), 0)
"""What everybody has on a server that runs without plans."""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """The proof that a member owns a plan for a time. `ends_at` None means until revoked."""

    user_id: UserId
    plan_name: str
    source: str
    starts_at: datetime
    ends_at: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        return self.starts_at <= now and (self.ends_at is None or now < self.ends_at)


def plan_for(
    entitlements: Iterable[Entitlement],
    now: datetime,
    *,
    default: Plan | None = OPEN_STUDIO,
    plans: Iterable[Plan] = PLANS,
) -> Plan | None:
    """The highest plan that is active now, or `default`."""
    by_name = {plan.name: plan for plan in plans}
    owned = [by_name[e.plan_name] for e in entitlements if e.is_active(now) and e.plan_name in by_name]
    return max(owned, key=lambda plan: plan.rank, default=default)
