"""What is remembered of members, and of what operators did: bot.db implements it."""

from datetime import datetime
from typing import Protocol

from bot.domain.job import UserId
from bot.domain.oversight import Act, Block, QueueState, Statistics
from bot.domain.report import Report


class Users(Protocol):
    async def lock(self, user_id: UserId, name: str, now: datetime) -> None:
        """Create the member if new, remember the name, and hold the row until the transaction ends."""
        ...

    async def hold(self, user_id: UserId, now: datetime) -> None:
        """The same for a member who did not ask for anything just now, and may never have: the name stays."""
        ...

    async def find_preference(self, user_id: UserId, key: str) -> str | None: ...
    async def set_preference(self, user_id: UserId, key: str, value: str | None) -> None: ...


class Reports(Protocol):
    async def add(self, report: Report) -> bool:
        """False when this member has reported this job before."""
        ...

    async def list_newest(self, limit: int) -> list[Report]: ...


class Oversight(Protocol):
    """What operators set and did."""

    async def record(self, act: Act) -> None: ...
    async def list_acts(self, limit: int, member_id: UserId | None = None) -> list[Act]:
        """Newest first."""
        ...

    async def find_block(self, member_id: UserId) -> Block | None:
        """Also one that has ended."""
        ...

    async def save_block(self, block: Block) -> None: ...
    async def remove_block(self, member_id: UserId) -> None: ...
    async def queue_state(self) -> QueueState: ...
    async def set_queue_state(self, state: QueueState) -> None: ...
    async def statistics(self, since: datetime, latest: int) -> Statistics:
        """Of the jobs since then; waiting times of the `latest` ones."""
        ...
