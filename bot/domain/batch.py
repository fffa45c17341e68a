"""Several jobs from one command, which a member is asked about before they are drawn."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType

from bot.domain.job import UserId

BatchId = NewType("BatchId", str)

KEPT = timedelta(days=1)
"""How long a question may be answered."""


def new_batch_id() -> BatchId:
    return BatchId(str(uuid.uuid4()))


@dataclass(frozen=True, slots=True)
class PendingBatch:
    """A prompt as it was typed, waiting for its member's yes."""

    id: BatchId
    user_id: UserId
    prompt: str
    created_at: datetime

    def is_open(self, now: datetime) -> bool:
        return now < self.created_at + KEPT
