"""A member's word to the operator that a job should be looked at."""

from dataclasses import dataclass
from datetime import datetime

from bot.domain.job import JobId, UserId


@dataclass(frozen=True, slots=True)
class Report:
    job_id: JobId
    reporter_id: UserId
    created_at: datetime
