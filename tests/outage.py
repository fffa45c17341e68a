"""Databases that are away for a while, for real: a server that lets nobody in, a file that somebody has locked."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import make_url


@contextlib.asynccontextmanager
async def server_away(url: str) -> AsyncIterator[None]:
    """Whoever is in the database is put out and nobody gets in, as while its server restarts."""
    name = make_url(url).database
    operator = await asyncpg.connect(url.replace(f"/{name}?", "/postgres?"))
    try:
        await operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        await operator.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", name)
        yield
        await operator.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    finally:
        await operator.close()


@contextlib.contextmanager
def file_locked(path: Path) -> Iterator[None]:
    """Nobody else can write."""
    with contextlib.closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield


@dataclass
class Pauses:
    """The pauses between tries: each takes `seconds`, and `at_each` is called when it begins."""

    seconds: float = 0.0
    at_each: Callable[[], object] = lambda: None
    _begun: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    def __call__(self, _attempt: int) -> float:
        self._begun.put_nowait(None)
        self.at_each()
        return self.seconds

    async def begun(self, count: int) -> None:
        for _ in range(count):
            await self._begun.get()
