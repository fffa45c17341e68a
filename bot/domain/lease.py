"""The right of one process to work on a job for a while. It is renewed as long as the process lives."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

LEASE = timedelta(seconds=30)
"""How long a process may be silent before others take over what it was at."""
RENEWAL_SECONDS = LEASE.total_seconds() / 3


@dataclass(frozen=True, slots=True)
class Lease:
    owner: str
    until: datetime

    @classmethod
    def from_now(cls, owner: str, now: datetime) -> Self:
        return cls(owner, now + LEASE)
