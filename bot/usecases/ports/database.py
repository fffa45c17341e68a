"""Transactions, and what goes wrong with them: bot.db implements them."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bot.usecases.ports.jobs import Batches, Copies, Jobs, Shares
from bot.usecases.ports.members import Oversight, Reports, Users
from bot.usecases.ports.money import Entitlements, Ledger, Letters, Payments
from bot.usecases.ports.pictures import Gallery, Likes, StyleCodes, Styles


class ConflictingChange(Exception):
    """Somebody else changed the row since it was read; the caller's decision no longer holds."""


class DatabaseTrouble(Exception):
    """The database cannot be asked or written to just now, or does not come to it: what was to be written was not."""


class Transaction(Protocol):
    @property
    def jobs(self) -> Jobs: ...
    @property
    def gallery(self) -> Gallery: ...
    @property
    def likes(self) -> Likes: ...
    @property
    def users(self) -> Users: ...
    @property
    def entitlements(self) -> Entitlements: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def oversight(self) -> Oversight: ...
    @property
    def shares(self) -> Shares: ...
    @property
    def batches(self) -> Batches: ...
    @property
    def copies(self) -> Copies: ...
    @property
    def styles(self) -> Styles: ...
    @property
    def payments(self) -> Payments: ...
    @property
    def letters(self) -> Letters: ...
    @property
    def style_codes(self) -> StyleCodes: ...


class Database(Protocol):
    @property
    def is_shared(self) -> bool:
        """Whether several processes may be at work on it."""
        ...

    def transaction(self, *, can_wait: bool = False) -> AbstractAsyncContextManager[Transaction]:
        """Commits on a clean exit, rolls back on an exception. Never held across the network.

        One that `can_wait` lets those go first that a member waits for.
        """
        ...

    def reading(self) -> AbstractAsyncContextManager[Transaction]:
        """Waits for nobody who writes, and sees all that was committed before. Must not write."""
        ...
