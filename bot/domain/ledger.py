"""A double-entry ledger of GPU-seconds or credits: what was given, set aside, used, given back. Pure.

Every entry moves amounts between one member's accounts and sums to 0; its business id makes it happen once. Time that
is given becomes a lot of its own, which may expire. A job's price is taken from the lots in their order and held until
the job ends; then it is used, or goes back to the lots that it came from.

    issued ──grant──▶ lot (month, bonus, extra) ──reserve──▶ held ──capture──▶ used
                       ▲  └──expire──▶ expired                │                 │
                       └─────────────release──────────────────┘◀────refund──────┘

Whose money went back loses what it bought, out of the lot; what jobs hold or have used of it is owed, and taken as soon
as it comes back. So no lot ever falls below 0, and none holds anything while something of it is owed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from bot.domain.job import JobId, UserId
from bot.domain.prices import Unit
from bot.domain.prompt import Speed


class AccountKind(StrEnum):
    MONTH = "month"  # a lot: what the plan gives, until the month is over
    BONUS = "bonus"  # a lot: what was given away
    EXTRA = "extra"  # a lot: what was bought beside the plan
    HELD = "held"  # set aside for one job
    USED = "used"  # by speed
    ISSUED = "issued"  # where everything comes from: as far below 0 as all others are above
    EXPIRED = "expired"
    OWED = "owed"  # by lot, at or below 0: what was to be taken back of it and was not there


LOTS = (AccountKind.MONTH, AccountKind.BONUS, AccountKind.EXTRA)
"""In the order of their use. Within a kind, what expires first goes first."""


class EntryKind(StrEnum):
    GRANT = "grant"
    RESERVE = "reserve"
    CAPTURE = "capture"
    RELEASE = "release"
    REFUND = "refund"
    EXPIRE = "expire"
    REVOKE = "revoke"
    SUSPEND = "suspend"
    REINSTATE = "reinstate"


@dataclass(frozen=True, slots=True)
class Account:
    """`label` tells accounts of a kind apart: a lot and what is owed of it by the grant it came with, held amounts
    by job, used ones by speed."""

    kind: AccountKind
    label: str = ""


ISSUED, EXPIRED = Account(AccountKind.ISSUED), Account(AccountKind.EXPIRED)


@dataclass(frozen=True, slots=True)
class Posting:
    account: Account
    amount: int


class Unbalanced(ValueError):
    """The postings of an entry do not sum to 0, or one of them says nothing. A bug, never a member's doing."""


class Shortage(Exception):
    """The lots do not reach for what was to be taken."""

    def __init__(self, needed: int, left: int) -> None:
        super().__init__(f"{needed} needed, {left} left")
        self.needed = needed
        self.left = left


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened, once: `business_id` is unique. `source` says who or what caused it.

    `expires_at` is that of the lot that a grant opens.
    """

    business_id: str
    kind: EntryKind
    user_id: UserId
    unit: Unit
    at: datetime
    postings: tuple[Posting, ...]
    source: str = ""
    job_id: JobId | None = None
    expires_at: datetime | None = None

    def __post_init__(self) -> None:
        if sum(posting.amount for posting in self.postings) or not all(posting.amount for posting in self.postings):
            raise Unbalanced(f"{self.business_id}: {self.postings}")


@dataclass(frozen=True, slots=True)
class Lot:
    """What is left of a grant that is neither expired nor taken back in the books. `account.label` is its business id.

    `granted` is what it was at first.
    """

    account: Account
    balance: int
    granted: int
    expires_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        return self.expires_at is None or now < self.expires_at


def reserve_id(job_id: JobId) -> str:
    return f"reserve:{job_id}"


def settle_id(job_id: JobId) -> str:
    """One id for capture and release, so that a job can only ever have one of them."""
    return f"settle:{job_id}"


def refund_id(job_id: JobId) -> str:
    return f"refund:{job_id}"


def close_id(lot: str) -> str:
    """One id for expiry and revocation: a lot is closed once."""
    return f"close:{lot}"


def grant(
    business_id: str,
    user_id: UserId,
    unit: Unit,
    kind: AccountKind,
    amount: int,
    *,
    source: str,
    at: datetime,
    expires_at: datetime | None = None,
) -> Entry:
    """Opens the lot `business_id`. Raises `ValueError` unless something is given."""
    if amount <= 0 or kind not in LOTS:
        raise ValueError(f"{business_id}: {amount} {unit} cannot be given as {kind}")
    moved = _move(((ISSUED, amount),), Account(kind, business_id))
    return Entry(business_id, EntryKind.GRANT, user_id, unit, at, moved, source, expires_at=expires_at)


def order_of_use(lots: Iterable[Lot], now: datetime) -> list[Lot]:
    """Those that may be spent: the month's first, then bonus, then extra; of each, what expires first."""
    return in_order(lot for lot in lots if lot.balance > 0 and lot.is_live(now))


def in_order(lots: Iterable[Lot]) -> list[Lot]:
    return sorted(lots, key=lambda lot: (LOTS.index(lot.account.kind), _end(lot), lot.account.label))


def _end(lot: Lot) -> float:
    return lot.expires_at.timestamp() if lot.expires_at else float("inf")


def reserve(job_id: JobId, user_id: UserId, unit: Unit, amount: int, lots: Sequence[Lot], now: datetime) -> Entry:
    """Set the price aside. Raises `Shortage`, and then takes nothing."""
    taken: list[tuple[Account, int]] = []
    missing = amount
    for lot in order_of_use(lots, now):
        share = min(missing, lot.balance)
        taken += [(lot.account, share)] if share else []
        missing -= share
    if missing:
        raise Shortage(amount, amount - missing)
    return _reserved(job_id, user_id, unit, taken, now)


def reserve_free(job_id: JobId, user_id: UserId, unit: Unit, amount: int, now: datetime) -> Entry:
    """For what costs the member nothing and is counted all the same: it is given for this job alone."""
    return _reserved(job_id, user_id, unit, [(ISSUED, amount)], now)


def _reserved(job_id: JobId, user_id: UserId, unit: Unit, taken: Sequence[tuple[Account, int]], now: datetime) -> Entry:
    moved = _move(taken, Account(AccountKind.HELD, job_id))
    return Entry(reserve_id(job_id), EntryKind.RESERVE, user_id, unit, now, moved, job_id=job_id)


def after(lots: Iterable[Lot], entry: Entry) -> list[Lot]:
    """The lots as the entry leaves them."""
    changes = {posting.account: posting.amount for posting in entry.postings}
    return [replace(lot, balance=lot.balance + changes.get(lot.account, 0)) for lot in lots]


def capture(reserved: Entry, speed: Speed, at: datetime) -> Entry:
    """The job succeeded: what was held is used."""
    held = _held(reserved)
    moved = _move(((held.account, held.amount),), Account(AccountKind.USED, speed))
    return _about(reserved, EntryKind.CAPTURE, settle_id, moved, at)


@dataclass(frozen=True, slots=True)
class Homes:
    """What became of lots, by their labels, while jobs held something of them: how each that is no more was closed, and
    how much of each is owed."""

    closed: Mapping[str, EntryKind] = field(default_factory=lambda: MappingProxyType({}))
    owed: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


def release(reserved: Entry, homes: Homes, at: datetime) -> Entry:
    """The job came to nothing: what was held goes back."""
    return _about(reserved, EntryKind.RELEASE, settle_id, _give_back(reserved, _held(reserved).account, homes), at)


def refund(reserved: Entry, captured: Entry, homes: Homes, at: datetime) -> Entry:
    """The job succeeded, but its member never got to see it."""
    used = next(posting.account for posting in captured.postings if posting.account.kind is AccountKind.USED)
    return _about(reserved, EntryKind.REFUND, refund_id, _give_back(reserved, used, homes), at)


def expire(lot: Lot, user_id: UserId, unit: Unit, at: datetime) -> Entry:
    """Also of an empty lot: the entry says that it is closed."""
    moved = _move(((lot.account, lot.balance),), EXPIRED) if lot.balance else ()
    return Entry(close_id(lot.account.label), EntryKind.EXPIRE, user_id, unit, at, moved, source="calendar")


def revoke(lot: Lot, user_id: UserId, unit: Unit, at: datetime, *, source: str) -> Entry:
    """Take back what is left of it. What jobs hold of it now follows when they come to nothing."""
    moved = _move(((lot.account, lot.balance),), ISSUED) if lot.balance else ()
    return Entry(close_id(lot.account.label), EntryKind.REVOKE, user_id, unit, at, moved, source=source)


def take_back(lot: Lot, amount: int, total: int, user_id: UserId, unit: Unit, at: datetime, *, source: str) -> Entry:
    """A part of its grant, as a part of its price went back; what is not there any more is owed. `total` is what was
    taken back of its grant in all, so that the same refund takes once."""
    moved = _move(_take(lot, amount), ISSUED)
    return Entry(f"part:{lot.account.label}:{total}", EntryKind.REVOKE, user_id, unit, at, moved, source=source)


def suspend_id(lot: str, dispute: str) -> str:
    return f"suspend:{lot}:{dispute}"


def reinstate_id(lot: str, dispute: str) -> str:
    return f"reinstate:{lot}:{dispute}"


def suspend(lot: Lot, amount: int, dispute: str, user_id: UserId, unit: Unit, at: datetime, *, source: str) -> Entry:
    """A part of its grant, whose payment is disputed; what is not there any more is owed."""
    moved = _move(_take(lot, amount), ISSUED)
    return Entry(suspend_id(lot.account.label, dispute), EntryKind.SUSPEND, user_id, unit, at, moved, source=source)


def reinstate(
    granted: Entry, suspended: Entry | None, dispute: str, homes: Homes, at: datetime, *, source: str
) -> Entry:
    """The payment of a grant stands: what was suspended of it, if anything, comes back. Written down in any case, so
    that who hears of the dispute later suspends nothing."""
    lot, name = granted.postings[-1].account, reinstate_id(granted.business_id, dispute)
    amounts: dict[Account, int] = defaultdict(int)
    if suspended is not None:
        amount = suspended.postings[-1].amount
        for account, part in [(ISSUED, -amount), *_go_home(lot, amount, homes)]:
            amounts[account] += part
    moved = tuple(Posting(account, amount) for account, amount in amounts.items() if amount)
    return Entry(name, EntryKind.REINSTATE, granted.user_id, granted.unit, at, moved, source=source)


def _take(lot: Lot, amount: int) -> list[tuple[Account, int]]:
    there = min(amount, lot.balance)
    parts = (lot.account, there), (Account(AccountKind.OWED, lot.account.label), amount - there)
    return [(account, part) for account, part in parts if part]


def _move(sources: Sequence[tuple[Account, int]], target: Account) -> tuple[Posting, ...]:
    total = sum(amount for _, amount in sources)
    return (*(Posting(account, -amount) for account, amount in sources), Posting(target, total))


def _held(reserved: Entry) -> Posting:
    return next(posting for posting in reserved.postings if posting.account.kind is AccountKind.HELD)


def _give_back(reserved: Entry, source: Account, homes: Homes) -> tuple[Posting, ...]:
    """To where each part came from; what came from a lot that was closed meanwhile follows the rest of that lot."""
    amounts: dict[Account, int] = defaultdict(int)
    for posting in reserved.postings:
        if posting.amount < 0:
            for account, amount in _go_home(posting.account, -posting.amount, homes):
                amounts[account] += amount
    back = tuple(Posting(account, amount) for account, amount in amounts.items())
    return (Posting(source, -sum(amounts.values())), *back)


def _go_home(lot: Account, amount: int, homes: Homes) -> list[tuple[Account, int]]:
    if closing := homes.closed.get(lot.label):
        return [(EXPIRED if closing is EntryKind.EXPIRE else ISSUED, amount)]
    owed = min(amount, homes.owed.get(lot.label, 0))
    parts = (Account(AccountKind.OWED, lot.label), owed), (lot, amount - owed)
    return [(account, part) for account, part in parts if part]


def _about(
    reserved: Entry, kind: EntryKind, name: Callable[[JobId], str], postings: tuple[Posting, ...], at: datetime
) -> Entry:
    if reserved.job_id is None:
        raise Unbalanced(f"{reserved.business_id} is no job's")
    return Entry(name(reserved.job_id), kind, reserved.user_id, reserved.unit, at, postings, job_id=reserved.job_id)
