"""What a member should have, by another way of counting than the ledger's: no entries, only what is left where."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.job import JobId
from bot.domain.prompt import Speed

ORDER = ("month", "bonus", "extra")
Share = tuple[str, int]
"""So much out of the lot of that name."""


@dataclass
class Purse:
    """`taken` was taken back in part, `resting` by dispute; what of that was not there any more is `owed`."""

    kind: str
    granted: int
    ends_at: datetime | None
    left: int
    owed: int = 0
    taken: int = 0
    is_over: bool = False
    resting: dict[str, int] = field(default_factory=dict)

    def take(self, amount: int) -> None:
        there = min(amount, self.left)
        self.left -= there
        self.owed += amount - there

    def put(self, amount: int) -> None:
        """Nothing comes back to one that is over."""
        if not self.is_over:
            paid = min(amount, self.owed)
            self.owed -= paid
            self.left += amount - paid

    def close(self) -> None:
        self.left, self.is_over = 0, True


@dataclass
class Wallet:
    """`purses` by the name of the grant, `held` by job. `settled_disputes` were won before they were heard of."""

    purses: dict[str, Purse] = field(default_factory=dict)
    held: dict[JobId, list[Share]] = field(default_factory=dict)
    spent: dict[JobId, tuple[Speed, list[Share]]] = field(default_factory=dict)
    free: dict[JobId, int] = field(default_factory=dict)
    _never: set[str] = field(default_factory=set)

    def give(self, name: str, kind: str, amount: int, ends_at: datetime | None) -> None:
        if name not in self.purses and name not in self._never and amount:
            self.purses[name] = Purse(kind, amount, ends_at, amount)

    def take_back(self, name: str) -> None:
        """Also one that is still to come."""
        if name in self.purses:
            self.purses[name].close()
        self._never.add(name)

    def take_part(self, name: str, total: int) -> None:
        """Of which so much was taken back in all."""
        purse = self.purses.get(name)
        if purse is not None and not purse.is_over and total > purse.taken:
            purse.take(total - purse.taken)
            purse.taken = total

    def rest(self, name: str, dispute: str, amount: int) -> None:
        purse = self.purses.get(name)
        if purse is not None and not purse.is_over and amount and dispute not in purse.resting:
            purse.resting[dispute] = amount
            purse.take(amount)

    def stand(self, name: str, dispute: str) -> None:
        if purse := self.purses.get(name):
            purse.put(purse.resting.get(dispute, 0))
            purse.resting[dispute] = 0

    def expire(self, now: datetime) -> None:
        for purse in self.purses.values():
            if purse.ends_at is not None and purse.ends_at <= now and not purse.is_over:
                purse.close()

    def in_order(self, now: datetime) -> list[str]:
        """Those that may be spent, the next one first; then those that are empty."""

        def place(name: str) -> tuple[bool, int, float, str]:
            purse = self.purses[name]
            end = purse.ends_at.timestamp() if purse.ends_at else float("inf")
            return not purse.left, ORDER.index(purse.kind), end, name

        def is_live(purse: Purse) -> bool:
            return not purse.is_over and (purse.ends_at is None or now < purse.ends_at)

        return sorted((name for name, purse in self.purses.items() if is_live(purse)), key=place)

    def left(self, now: datetime) -> int:
        return sum(self.purses[name].left for name in self.in_order(now))

    def hold(self, job: JobId, price: int, now: datetime) -> None:
        shares = []
        for name in self.in_order(now):
            share = min(price, self.purses[name].left)
            self.purses[name].left -= share
            price -= share
            shares += [(name, share)] if share else []
        assert not price, "the test lets nobody spend what is not there"
        self.held[job] = shares

    def hold_nothing(self, job: JobId, worth: int) -> None:
        """Relaxed: counted, not paid."""
        self.held[job], self.free[job] = [], worth

    def use(self, job: JobId, speed: Speed) -> None:
        self.spent[job] = speed, self.held.pop(job)

    def release(self, job: JobId) -> None:
        self._return(self.held.pop(job))

    def refund(self, job: JobId) -> None:
        self._return(self.spent.pop(job)[1])

    def _return(self, shares: list[Share]) -> None:
        for name, share in shares:
            self.purses[name].put(share)

    def used(self) -> Counter[str]:
        used: Counter[str] = Counter()
        for job, (speed, shares) in self.spent.items():
            used[speed.value] += sum(share for _, share in shares) + self.free.get(job, 0)
        return used

    def holding(self) -> dict[str, int]:
        """By job, what is set aside for it."""
        return {job: sum(share for _, share in shares) + self.free.get(job, 0) for job, shares in self.held.items()}
