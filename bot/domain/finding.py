"""One thing that a check-up looked at, in words for the operator."""

from dataclasses import dataclass
from enum import StrEnum


class Health(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """`sentence` says what was seen and, unless it is good, what to do about it."""

    subject: str
    health: Health
    sentence: str
