"""A job's place in the line: drawn when it is admitted, kept with it, the same for every process."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ticket:
    """Of one speed's waiting jobs the lowest `tag` goes first. `seconds` of the machine are expected, and count the
    less the higher the member's `weight` is. A job that needs none of it has no seconds."""

    tag: float = 0.0
    seconds: float = 0.0
    weight: float = 1.0

    @property
    def finish(self) -> float:
        return self.tag + self.seconds / self.weight


NO_TICKET = Ticket()
