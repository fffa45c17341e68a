"""How each database is reached: its URL, its pool, and what every connection is told first. Knows no table."""

from collections.abc import Callable, Sequence
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry, NullPool

from bot.db.sqlite import open_connection
from bot.usecases import ports

EXAMPLES = "sqlite:///data/easel.db or postgresql://user@host/name"
BUSY_SECONDS = 30.0
"""How long a transaction waits for its turn before the database is called stuck."""
READERS = 4
"""Connections that only read. To SQLite each is a thread, which works while the others wait for the disk."""


class DatabaseUnavailable(Exception):
    """The database cannot be opened or brought up to date. The message tells the operator why, without a password."""


def parse_url(url: str) -> URL:
    """The URL with the asynchronous driver that we ship."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUnavailable(f"That is no database URL; write {EXAMPLES}.") from error
    match parsed.get_backend_name():
        case "sqlite":
            return parsed.set(drivername="sqlite+aiosqlite")
        case "postgresql" | "postgres":
            return parsed.set(drivername="postgresql+asyncpg")
        case other:
            raise DatabaseUnavailable(f"`{other}` databases are not supported; write {EXAMPLES}.")


def dsn_of(url: URL) -> str:
    """The URL as PostgreSQL's own programs write it, and as its driver takes it."""
    plain = url.set(drivername="postgresql")
    if "ssl" in plain.query:  # as SQLAlchemy calls it
        plain = plain.update_query_dict({"sslmode": plain.query["ssl"]}).difference_update_query(["ssl"])
    return plain.render_as_string(hide_password=False)


def create_engine(
    url: URL,
    *,
    poolclass: type[AsyncAdaptedQueuePool | NullPool] = AsyncAdaptedQueuePool,
    follow_foreign_keys: bool = True,
    patience_seconds: float | None = None,
) -> AsyncEngine:
    """`patience_seconds` is how long a statement may take on a server; None for as long as it likes."""
    if url.get_backend_name() != "sqlite":
        return _postgres_engine(url, {"command_timeout": patience_seconds}, poolclass=poolclass)
    # SQLite has one writer. Our transactions take turns at one connection, where SQLite itself would let them sleep and
    # try again; its own waiting is left for other processes.
    # FULL: a commit survives a power cut, too. NORMAL would save one flush (milliseconds) and may lose the last jobs
    # then, whose members have been told that they wait.
    # IMMEDIATE takes the write lock at once: a transaction that reads first and writes later can otherwise find that
    # another one wrote in between, and no waiting would help it.
    pragmas = "synchronous=FULL", f"foreign_keys={'ON' if follow_foreign_keys else 'OFF'}"
    return _sqlite_engine(url, poolclass, pool_size=1, pragmas=pragmas, begin="BEGIN IMMEDIATE")


def create_reader(url: URL) -> AsyncEngine:
    """For transactions that only read. They see what was committed before, and wait for no writer."""
    if url.get_backend_name() != "sqlite":
        # Each statement sees what was committed before it, with or without a BEGIN: two round trips for nothing.
        only_reads = {"default_transaction_read_only": "on"}
        driver_options = {"command_timeout": BUSY_SECONDS, "server_settings": only_reads}
        sizes = {"pool_size": READERS, "max_overflow": READERS}
        return _postgres_engine(url, driver_options, isolation_level="AUTOCOMMIT", **sizes)
    return _sqlite_engine(url, AsyncAdaptedQueuePool, pool_size=READERS, pragmas=("query_only=ON",), begin="BEGIN")


def _postgres_engine(url: URL, driver_options: dict[str, Any], **options: Any) -> AsyncEngine:
    engine = create_async_engine(url, hide_parameters=True, **options)
    event.listen(engine.sync_engine, "do_connect", _connector(dsn_of(url), driver_options))
    event.listen(engine.sync_engine, "checkout", _pass_over_if_closed)
    return engine


def _pass_over_if_closed(connection: DBAPIConnection, _entry: ConnectionPoolEntry, _proxy: object) -> None:
    """The driver hears of it when the server closes a connection. To ask the server would take three round trips."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _connector(dsn: str, driver_options: dict[str, Any]) -> Callable[..., Any]:
    """The driver reads the URL itself, for SQLAlchemy knows few of the options that stand in one."""

    async def open_line(*_: Any, **__: Any) -> Any:
        return await asyncpg.connect(dsn, **driver_options)

    def connect(dialect: Any, _entry: ConnectionPoolEntry, _arguments: list[Any], _options: dict[str, Any]) -> Any:
        """What goes wrong here passes SQLAlchemy as it is, for there is no connection yet that it could belong to."""
        try:
            return dialect.connect(async_creator_fn=open_line)
        except (OSError, dialect.dbapi.Error) as error:
            raise ports.DatabaseTrouble(str(error)) from error

    return connect


def _sqlite_engine(
    url: URL,
    poolclass: type[AsyncAdaptedQueuePool | NullPool],
    *,
    pool_size: int,
    pragmas: Sequence[str],
    begin: str,
) -> AsyncEngine:
    sizes = {"pool_size": pool_size, "max_overflow": 0, "pool_timeout": BUSY_SECONDS}
    engine = create_async_engine(
        url,
        poolclass=poolclass,
        hide_parameters=True,
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS},
        **(sizes if poolclass is not NullPool else {}),
    )

    def connect(dialect: Any, _entry: ConnectionPoolEntry, arguments: list[Any], options: dict[str, Any]) -> Any:
        return dialect.dbapi.connect(*arguments, **options, async_creator_fn=open_connection)

    def prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begin_here(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine.sync_engine, "do_connect", connect)
    event.listen(engine.sync_engine, "connect", prepare)
    event.listen(engine.sync_engine, "begin", begin_here)
    return engine
