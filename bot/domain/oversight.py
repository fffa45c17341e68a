"""What an operator may do to a studio and to its members, and how it is written down. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.errors import NotAllowed
from bot.domain.job import JobStatus, UserId


@dataclass(frozen=True, slots=True)
class Operators:
    """`members` may everywhere; on the servers `guilds` everybody may who can manage the server."""

    members: frozenset[int] = frozenset()
    guilds: frozenset[int] = frozenset()

    def check(self, user_id: int, guild_id: int | None, *, can_manage: bool) -> None:
        """Raises `NotAllowed`."""
        if user_id not in self.members and not (can_manage and guild_id in self.guilds):
            raise NotAllowed("Only the operators of this studio can do that. The settings name them under `[admin]`.")


class Deed(StrEnum):
    GRANT_PLAN = "grant plan"
    GRANT_TIME = "grant time"
    REVOKE = "revoke"
    BLOCK = "block"
    UNBLOCK = "unblock"
    QUEUE = "queue"
    CANCEL = "cancel"
    DISPUTE = "dispute"  # no operator's: a bank's, told by the payment service


@dataclass(frozen=True, slots=True)
class Operator:
    """Who acts. `user_id` is 0 for those who are nobody on Discord."""

    user_id: int
    name: str


COMMAND_LINE = Operator(0, "command line")
PAYMENT_SERVICE = Operator(0, "payment service")


@dataclass(frozen=True, slots=True)
class Act:
    """A row of the log: who did what to whom, and when. `member_id` is None for what concerns nobody alone."""

    at: datetime
    operator: Operator
    deed: Deed
    member_id: UserId | None
    details: str


BLOCK_LENGTHS: Mapping[str, timedelta | None] = {
    "15 minutes": timedelta(minutes=15),
    "1 hour": timedelta(hours=1),
    "6 hours": timedelta(hours=6),
    "1 day": timedelta(days=1),
    "1 week": timedelta(weeks=1),
    "2 weeks": timedelta(weeks=2),
    "1 month": timedelta(days=30),
    "for good": None,
}


@dataclass(frozen=True, slots=True)
class Block:
    """A member who may start nothing. `until` None means until it is lifted."""

    member_id: UserId
    until: datetime | None
    reason: str

    def holds(self, now: datetime) -> bool:
        return self.until is None or now < self.until


class QueueState(StrEnum):
    OPEN = "open"
    PAUSED = "paused"  # new jobs are taken and wait; none is begun
    DRAINING = "draining"  # no new jobs are taken; those that wait are drawn


@dataclass(frozen=True, slots=True)
class Statistics:
    """Of the jobs that were started since some time. `waits` are seconds from wish to first step of the latest jobs,
    the shortest first."""

    jobs: Mapping[JobStatus, int]
    engine_seconds: float
    members: int
    waits: tuple[float, ...]

    def wait(self, share: float) -> float | None:
        """The seconds within which so many of them began, 0 to 1. None when none did."""
        return self.waits[min(len(self.waits) - 1, int(share * len(self.waits)))] if self.waits else None
