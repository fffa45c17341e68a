"""How members are told: bot.ui implements it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain.job import Job, MessageRef, UserId
from bot.domain.waiting import Waiting


@dataclass(frozen=True, slots=True)
class ResultFile:
    """One file to show: `description` is the alt text, `data` at most what the channel takes."""

    name: str
    data: bytes
    description: str


class DeliveryError(Exception):
    """A message could not be placed. `why` may be told to its member."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class DeliveryRefused(DeliveryError):
    """The place will not take it, now or later: no permission, channel gone, direct messages closed."""


class FileTooLarge(DeliveryError):
    """The place takes the message, but not a file of this size."""


class DeliveryDelayed(DeliveryError):
    """A passing trouble (rate limit, server error, lost line). `retry_after` is in seconds, None when unknown."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Notifier(Protocol):
    """Shows jobs to members. Raises a `DeliveryError` unless it says otherwise."""

    async def show_progress(self, job: Job, fraction: float, preview: bytes | None) -> None:
        """Newest wins, older ones are dropped; never raises, never waits for the network."""
        ...

    async def show_waiting(self, job: Job, waiting: Waiting) -> None:
        """In the waiting message, where the job stands now; like `show_progress`."""
        ...

    async def find_result(self, job: Job) -> MessageRef | None:
        """A message of ours in the channel that already shows this job. None when none, or when it may not look."""
        ...

    async def post_result(self, job: Job, file: ResultFile) -> MessageRef:
        """A new message with the picture and its buttons, replying to `job.pressed_message` if there is one."""
        ...

    async def show_end(self, job: Job) -> MessageRef:
        """Tell of a job that ended without a picture, or whose picture no way is left to show: in its waiting message
        if that is still there, else anew. Returns the message that tells it."""
        ...

    async def remove_waiting(self, job: Job) -> None:
        """Delete the waiting message, looking for one that was not written down; one that is gone is fine."""
        ...

    async def remove_result(self, job: Job) -> None:
        """Delete the result message; one that is gone already is fine."""
        ...

    async def send_direct(self, user_id: UserId, text: str, files: Sequence[ResultFile]) -> MessageRef: ...

    async def find_copy(self, job: Job) -> MessageRef | None:
        """A direct message of ours to the job's member that already shows it with its buttons."""
        ...

    async def post_copy(self, job: Job, file: ResultFile) -> MessageRef:
        """The result once more, by direct message."""
        ...

    async def upload_limit(self, job: Job) -> int:
        """Bytes that one file may have where the job will be shown. Never raises."""
        ...
