"""A connection to SQLite is opened and closed as a whole, whatever becomes of who asked for it."""

import asyncio
import sqlite3
import threading

import pytest

from bot.db.sqlite import Connection


async def test_who_gives_up_while_the_file_is_opened_leaves_nothing_open() -> None:
    """The thread's answer would else come to a loop that may have ended, and nobody would stop it."""
    loop, begun, go_on = asyncio.get_running_loop(), asyncio.Event(), threading.Event()
    opened: list[sqlite3.Connection] = []

    def connect() -> sqlite3.Connection:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait()
        opened.append(sqlite3.connect(":memory:", check_same_thread=False))
        return opened[0]

    async def open_one(connection: Connection) -> None:
        await connection

    connection = Connection(connect)
    opening = asyncio.create_task(open_one(connection))
    await begun.wait()
    opening.cancel()
    await asyncio.sleep(0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await opening
    await asyncio.to_thread(connection._thread.join)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")


async def test_what_cannot_be_opened_ends_its_thread() -> None:
    def refuse() -> sqlite3.Connection:
        raise sqlite3.OperationalError("no such folder")

    connection = Connection(refuse)
    with pytest.raises(sqlite3.OperationalError, match="no such folder"):
        await connection
    await asyncio.to_thread(connection._thread.join)
