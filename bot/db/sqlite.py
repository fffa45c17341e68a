"""A connection to SQLite that asks its thread once for each statement, where aiosqlite asks four times.

Each asking waits for the thread to wake and then for the event loop to come round: milliseconds, while the engine
draws on the same cores, for a statement that takes microseconds.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self, TypeVar

import aiosqlite

Row = tuple[Any, ...]
T = TypeVar("T")


class Connection(aiosqlite.Connection):
    """In SQLAlchemy's hands. The thread is aiosqlite's; it does not keep a program that ends."""

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connect, iter_chunk_size=64)
        self._thread.daemon = True

    async def _connect(self) -> Self:
        """Whoever gives up meanwhile waits for the thread, whose answer would else come when nobody listens any more,
        and which nobody would end."""
        opened: asyncio.Future[sqlite3.Connection] = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((opened, self._connector))
        try:
            self._connection = await asyncio.shield(opened)
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection = await opened
            if ended := self.stop():
                await ended
            raise
        return self

    def cursor(self) -> "Cursor":  # type: ignore[override]
        return Cursor(self)

    async def ask(self, work: Callable[[sqlite3.Connection], T]) -> T:
        answer: T = await self._execute(work, self._conn)  # type: ignore[no-untyped-call]
        return answer


class Cursor:
    """What SQLAlchemy needs of a cursor: a statement's rows are here when `execute` returns, and nothing stays open."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: list[Row] = []
        self.description: Sequence[Row] | None = None
        self.rowcount = -1
        self.lastrowid: int | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> Self:
        return await self._ask(lambda connection: connection.execute(statement, values))

    async def executemany(self, statement: str, values: Sequence[Sequence[Any]]) -> Self:
        return await self._ask(lambda connection: connection.executemany(statement, values))

    async def _ask(self, run: Callable[[sqlite3.Connection], sqlite3.Cursor]) -> Self:
        def run_whole(connection: sqlite3.Connection) -> None:
            cursor = run(connection)
            self._rows = cursor.fetchall() if cursor.description else []
            self.description, self.rowcount, self.lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid
            cursor.close()

        await self._connection.ask(run_whole)
        return self

    async def fetchall(self) -> list[Row]:
        return self._rows

    async def close(self) -> None:
        self._rows = []


def open_connection(path: str, **options: Any) -> Connection:
    return Connection(partial(sqlite3.connect, path, **options))
