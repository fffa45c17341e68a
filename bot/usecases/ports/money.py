"""What members own, use and pay for, and what they are told of it: bot.db implements it."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from bot.domain.job import UserId
from bot.domain.ledger import AccountKind, Entry, EntryKind, Lot
from bot.domain.letter import Letter
from bot.domain.payment_event import PaymentEvent
from bot.domain.plan import Entitlement
from bot.domain.prices import Unit


class Entitlements(Protocol):
    async def save(self, entitlement: Entitlement) -> bool:
        """Write it under its reference; False when news that are newer (`as_of`) are known already."""
        ...

    async def find(self, reference: str) -> Entitlement | None: ...
    async def list_current(self, user_id: UserId, now: datetime) -> list[Entitlement]:
        """Those whose time it is, paused ones included, oldest first."""
        ...

    async def list_of_source(self, source: str, now: datetime) -> list[Entitlement]:
        """The same of all members, of one source."""
        ...

    async def find_end(self, user_id: UserId, now: datetime) -> datetime | None:
        """When the last of the plans that are over ended."""
        ...


class Ledger(Protocol):
    """Entries are added and never changed. Whoever adds to a member's accounts holds the member's row."""

    async def post(self, entry: Entry) -> bool:
        """Write it down, once: False when its business id is known already, and then nothing is written."""
        ...

    async def find(self, business_id: str) -> Entry | None: ...
    async def list_open_lots(self, user_id: UserId, unit: Unit) -> list[Lot]:
        """Grants that were not closed, with what is left of them; some may have expired by now."""
        ...

    async def find_closings(self, lots: Collection[str]) -> dict[str, EntryKind]:
        """How those of these lots were closed that were."""
        ...

    async def balances(self, user_id: UserId, unit: Unit, kind: AccountKind) -> dict[str, int]:
        """By label."""
        ...

    async def taken_back(self, user_id: UserId, unit: Unit, lot: str) -> int:
        """What was taken back of a lot so far."""
        ...

    async def list_of_member(self, user_id: UserId) -> list[Entry]:
        """All that ever happened, oldest first. Raises `Unbalanced` for what nobody could have written."""
        ...

    async def list_members(self) -> list[UserId]: ...


class Payments(Protocol):
    """What payment services told, and whom they know our members as."""

    async def add_event(self, event: PaymentEvent, now: datetime) -> bool:
        """Once: False when it was written down before."""
        ...

    async def has_event(self, event_id: str) -> bool: ...
    async def forget_events(self, taken_before: datetime) -> None: ...
    async def find_customer(self, user_id: UserId) -> str | None: ...
    async def set_customer(self, user_id: UserId, customer_id: str) -> None: ...


class Letters(Protocol):
    """What members are still to be told by direct message."""

    async def owe(self, letter: Letter) -> None:
        """Once: a second one of the same id changes nothing."""
        ...

    async def claim(self, now: datetime, until: datetime, limit: int) -> list[Letter]:
        """Those that are due, with this try counted. Nobody else gets them before `until`."""
        ...

    async def next_due(self) -> datetime | None: ...
    async def postpone(self, letter_id: str, due_at: datetime) -> None: ...
    async def settle(self, letter_id: str) -> None:
        """Told, or given up."""
        ...
