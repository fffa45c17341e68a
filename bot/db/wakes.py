"""Tells the bots that share a PostgreSQL database that something has changed there, and hears it from them.

A wake that gets lost does no harm: every bot looks by itself when it renews its leases.
"""

import asyncio
import contextlib
from collections.abc import Callable, Sequence

import asyncpg  # type: ignore[import-untyped]
import structlog

from bot.db.connections import dsn_of, parse_url

log = structlog.get_logger(__name__)

CHANNEL = "easel_jobs"
RECONNECT_SECONDS = 5.0
TROUBLE = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError)


def postgres_url(url: str) -> str | None:
    """The URL as the driver itself takes it. None for a database that nobody shares."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return None
    return dsn_of(parsed)


class Wakes:
    """Owns one connection. `listeners` are called for what others tell; `tell` is for others alone."""

    def __init__(self, url: str, listeners: Sequence[Callable[[], None]]) -> None:
        self._url = url
        self._listeners = listeners
        self._connection: asyncpg.Connection | None = None
        self._to_tell = asyncio.Event()

    def tell(self) -> None:
        self._to_tell.set()

    async def listen(self) -> None:
        """Stays connected until it is cancelled."""
        while True:
            with contextlib.suppress(*TROUBLE):
                await self._stay_connected()
            log.warning("listening line to the database lost", retry_seconds=RECONNECT_SECONDS)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _stay_connected(self) -> None:
        lost = asyncio.Event()
        connection = await asyncpg.connect(self._url)
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, self._heard)
            self._connection = connection
            self._wake()  # what was told while nobody listened
            await lost.wait()
        finally:
            self._connection = None
            connection.terminate()

    def _heard(self, connection: asyncpg.Connection, pid: int, _channel: str, _payload: object) -> None:
        if pid != connection.get_server_pid():
            self._wake()

    def _wake(self) -> None:
        for listener in self._listeners:
            listener()

    async def send(self) -> None:
        """What is told in one go is sent once."""
        while True:
            await self._to_tell.wait()
            self._to_tell.clear()
            if self._connection is not None:
                with contextlib.suppress(*TROUBLE):
                    await self._connection.execute("SELECT pg_notify($1, '')", CHANNEL)
