"""Ids as Discord makes them: milliseconds since 2015 in the upper bits, a counter below, written as decimal strings."""

from bot.sandbox.clock import Clock

DISCORD_EPOCH_MS = 1_420_070_400_000


class Snowflakes:
    """Hands out ids that grow with every call, also within one millisecond.

    Until `open` they are of the time `founded` (seconds since 1970), and so the same ones whenever that is given.
    """

    def __init__(self, clock: Clock, founded: float | None = None) -> None:
        self._clock = clock
        self._founded = founded
        self._last = 0

    def open(self) -> None:
        self._founded = None

    def next(self) -> str:
        seconds = self._clock.now() if self._founded is None else self._founded
        candidate = (int(seconds * 1000) - DISCORD_EPOCH_MS) << 22
        self._last = max(candidate, self._last + 1)
        return str(self._last)
