"""What giving and taking back needs of a studio: so that it also works where nothing is drawn."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.plan import Catalogue
from bot.usecases.ports import Database


class Books(Protocol):
    """A `Studio` is one."""

    @property
    def db(self) -> Database: ...
    @property
    def catalogue(self) -> Catalogue: ...
    @property
    def now(self) -> Callable[[], datetime]: ...


@dataclass(frozen=True, slots=True)
class BooksAlone:
    """Without a studio around them."""

    db: Database
    catalogue: Catalogue
    now: Callable[[], datetime]
