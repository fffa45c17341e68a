"""A bank asks for a payment back, because its customer says that it was wrong. What was bought rests until it is
settled."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.money import Money


class DisputeState(StrEnum):
    OPEN = "open"
    LOST = "lost"  # the money is gone, as if it was refunded
    WON = "won"  # the payment stands


@dataclass(frozen=True, slots=True)
class Dispute:
    """`id` is the payment service's own. `amount` is how much of the payment is asked back."""

    id: str
    amount: Money
    state: DisputeState

    @property
    def is_won(self) -> bool:
        return self.state is DisputeState.WON

    def __str__(self) -> str:
        return f"{self.amount} {self.state} ({self.id})"
