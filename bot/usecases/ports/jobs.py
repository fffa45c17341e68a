"""What is asked of the job table: bot.db implements it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from bot.domain.batch import BatchId, PendingBatch
from bot.domain.fair_share import Line, Share
from bot.domain.job import DeliveryStatus, Job, JobId, JobStatus, MessageRef, UserId
from bot.domain.lease import Lease
from bot.domain.prompt import Speed


class Jobs(Protocol):
    async def add(self, job: Job) -> None: ...
    async def get(self, job_id: JobId) -> Job:
        """Raises `JobGone`."""
        ...

    async def find(self, job_id: JobId) -> Job | None: ...
    async def find_by_message(self, message: MessageRef) -> Job | None:
        """The job whose waiting or result message this is."""
        ...

    async def save(self, job: Job, *, expected: JobStatus, attempt: int | None = None) -> None:
        """Write the job if its stored status is `expected` and, where given, its attempt is `attempt`.

        Raises `ConflictingChange` otherwise. `waiting_message` is not written: `set_waiting_message` owns it.
        """
        ...

    async def claim(self, job: Job, lease: Lease) -> bool:
        """Write a queued job as it runs under the lease; False when somebody else was first.

        Again by the same owner: the answer to the first time may have been lost.
        """
        ...

    async def claim_showing(self, job_id: JobId, lease: Lease, now: datetime) -> bool:
        """Take an ended job to deliver it or its copy, if nobody else holds it."""
        ...

    async def renew(self, lease: Lease) -> None:
        """Of all that its owner draws and delivers."""
        ...

    async def release(self, owner: str) -> None:
        """What it leaves undone is free at once."""
        ...

    async def forget_owners(self) -> None:
        """All that is undone is free, for no other process can be at it."""
        ...

    async def list_abandoned(self, now: datetime) -> list[Job]:
        """Running jobs whose lease has ended, oldest first."""
        ...

    async def save_delivery(self, job: Job, *, owner: str | None = None) -> None:
        """Write delivery, delivery_attempts and result_message; `ConflictingChange` unless delivery is pending and,
        where given, in the hands of `owner` or of nobody."""
        ...

    async def set_waiting_message(self, job_id: JobId, message: MessageRef) -> None: ...
    async def set_result_message(self, job_id: JobId, message: MessageRef) -> None: ...
    async def list_waiting(self, limit: int) -> list[Job]:
        """Queued jobs, oldest first."""
        ...

    async def list_next(self, speed: Speed, without: Collection[UserId], limit: int) -> list[Job]:
        """Queued jobs of one speed by their tickets, except those of some members."""
        ...

    async def shift_tickets(self, behind: Job, seconds: float) -> None:
        """Move what its member asked for after that job, at the same speed, and what still waits, back by so many
        virtual seconds."""
        ...

    async def count_ahead(self, job: Job, limit: int) -> int:
        """How many queued jobs of the same speed go before this one; at most `limit`."""
        ...

    async def count_waiting(self, speeds: Collection[Speed], limit: int) -> int:
        """How many jobs are queued at these speeds; at most `limit`."""
        ...

    async def list_by_status(self, status: JobStatus) -> list[Job]: ...
    async def list_undelivered(self, owner: str, now: datetime) -> list[Job]:
        """Ended jobs whose delivery is pending and that `owner` may deliver, for nobody else has them under way. Oldest
        first."""
        ...

    async def count_of_member(self, user_id: UserId, statuses: Sequence[JobStatus]) -> int: ...
    async def list_of_member(self, user_id: UserId, statuses: Sequence[JobStatus]) -> list[Job]: ...
    async def has_recent(self, user_id: UserId, job_like: Job, since: datetime) -> bool:
        """Whether this member started a job of the same kind, operation, picture and pressed message since then."""
        ...

    async def find_last_start(self, user_id: UserId, job_like: Job, since: datetime) -> datetime | None:
        """When this member last started a job of the same kind and scale from the same picture that did not fail,
        if it was after `since`."""
        ...

    async def usage(self, user_id: UserId) -> dict[Speed, tuple[int, float]]:
        """How many of the member's jobs were drawn at each speed, and the engine seconds that this took."""
        ...

    async def list_states(self, user_id: UserId) -> dict[JobId, tuple[JobStatus, DeliveryStatus]]: ...


class Copies(Protocol):
    """Copies of finished jobs that are owed to members by direct message."""

    async def owe(self, job_id: JobId, now: datetime) -> None:
        """Once: a second time changes nothing."""
        ...

    async def list_owed(self) -> list[JobId]:
        """Oldest first."""
        ...

    async def find_attempts(self, job_id: JobId) -> int | None:
        """How many tries were begun; None when none is owed."""
        ...

    async def begin(self, job_id: JobId, attempts: int) -> None:
        """Count a try after `attempts` others. Raises `ConflictingChange` when somebody else has begun one."""
        ...

    async def settle(self, job_id: JobId) -> None: ...


class Shares(Protocol):
    """A member's share is for those who hold the member's row; `lock` holds that of a line until the transaction
    ends. What is not there yet has never been used."""

    async def get_line(self, speed: Speed, *, lock: bool = False) -> Line: ...
    async def save_line(self, speed: Speed, line: Line) -> None: ...
    async def get_share(self, user_id: UserId, speed: Speed) -> Share: ...
    async def save_share(self, user_id: UserId, speed: Speed, share: Share) -> None: ...


class Batches(Protocol):
    """Prompts for several jobs that wait for their member's yes."""

    async def add(self, batch: PendingBatch) -> None: ...
    async def find(self, batch_id: BatchId) -> PendingBatch | None: ...
    async def remove(self, batch_id: BatchId) -> bool:
        """False when it is gone already."""
        ...

    async def remove_before(self, user_id: UserId, before: datetime) -> None: ...
