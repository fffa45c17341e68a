"""What a payment service tells us of: that something about a thing of its changed. What it is now, we ask."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.dispute import Dispute


class SubjectKind(StrEnum):
    SUBSCRIPTION = "subscription"
    ORDER = "order"


@dataclass(frozen=True, slots=True)
class Subject:
    kind: SubjectKind
    id: str


@dataclass(frozen=True, slots=True)
class PaymentEvent:
    """`id` is the service's own, the same however often it tells. `subject` None: only the service knows which thing of
    ours the payment `payment_id` was for. Both empty: nothing that we follow. `dispute` is what an operator is to hear
    of it."""

    id: str
    kind: str
    told_at: datetime
    subject: Subject | None = None
    payment_id: str = ""
    dispute: Dispute | None = None
