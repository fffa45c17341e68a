"""Opens the database, brings its tables up to date, and gives out transactions. Knows no rule of the studio."""

import asyncio
import contextlib
import fcntl
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Self

from alembic import command
from alembic.config import Config
from alembic.script.revision import ResolutionError
from alembic.util import CommandError
from sqlalchemy import URL, Connection, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker
from sqlalchemy.pool import NullPool

from bot.db.batches import SqlBatches
from bot.db.connections import BUSY_SECONDS, DatabaseUnavailable, create_engine, create_reader, parse_url
from bot.db.copies import SqlCopies
from bot.db.entitlements import SqlEntitlements
from bot.db.gallery import SqlGallery
from bot.db.jobs import SqlJobs
from bot.db.ledger import SqlLedger
from bot.db.letters import SqlLetters
from bot.db.likes import SqlLikes
from bot.db.oversight import SqlOversight
from bot.db.payments import SqlPayments
from bot.db.reports import SqlReports
from bot.db.search_index import tend_index
from bot.db.shares import SqlShares
from bot.db.style_codes import SqlStyleCodes
from bot.db.styles import SqlStyles
from bot.db.turns import Turns
from bot.db.users import SqlUsers
from bot.usecases import ports

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
MIGRATION_LOCK = 0x4561_73656C  # any number, the same in all our processes
SERVER_TROUBLE = ("08", "53", "57", "58")
"""What PostgreSQL's states open with when its connection, its room, its operator or its machine is to blame."""


class SqlTransaction:
    """The repositories of one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self.jobs: ports.Jobs = SqlJobs(session)
        self.gallery: ports.Gallery = SqlGallery(session)
        self.likes: ports.Likes = SqlLikes(session)
        self.users: ports.Users = SqlUsers(session)
        self.entitlements: ports.Entitlements = SqlEntitlements(session)
        self.ledger: ports.Ledger = SqlLedger(session)
        self.reports: ports.Reports = SqlReports(session)
        self.oversight: ports.Oversight = SqlOversight(session)
        self.shares: ports.Shares = SqlShares(session)
        self.batches: ports.Batches = SqlBatches(session)
        self.copies: ports.Copies = SqlCopies(session)
        self.styles: ports.Styles = SqlStyles(session)
        self.payments: ports.Payments = SqlPayments(session)
        self.letters: ports.Letters = SqlLetters(session)
        self.style_codes: ports.StyleCodes = SqlStyleCodes(session)


class SqlDatabase:
    """`ports.Database` on SQLite or PostgreSQL. The connections of `reader` refuse to write."""

    def __init__(self, writer: AsyncEngine, reader: AsyncEngine) -> None:
        self._writer = writer
        self._reader = reader
        self._turns = None if self.is_shared else Turns(BUSY_SECONDS)
        self._writing = _sessions_of(writer)
        self._reading = _sessions_of(reader)

    @property
    def is_shared(self) -> bool:
        return self._writer.dialect.name != "sqlite"

    @contextlib.asynccontextmanager
    async def transaction(self, *, can_wait: bool = False) -> AsyncIterator[ports.Transaction]:
        turn = self._turns.turn(can_wait=can_wait) if self._turns else contextlib.nullcontext()
        with _named_trouble():
            async with turn, self._writing.begin() as session:
                yield SqlTransaction(session)

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[ports.Transaction]:
        with _named_trouble():
            async with self._reading.begin() as session:
                yield SqlTransaction(session)

    async def close(self) -> None:
        await self._reader.dispose()
        await self._writer.dispose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


@contextlib.contextmanager
def _named_trouble() -> Iterator[None]:
    """What the statement is not to blame for. Its own mistakes pass as they are."""
    try:
        yield
    except DBAPIError as error:
        is_servers = str(getattr(error.orig, "sqlstate", "")).startswith(SERVER_TROUBLE)
        if is_servers or isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated:
            raise ports.DatabaseTrouble(str(error.orig)) from error
        raise
    except PoolTimeout as error:
        raise ports.DatabaseTrouble(str(error)) from error
    except TimeoutError as error:
        raise ports.DatabaseTrouble("the database does not answer") from error


def _sessions_of(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Rows are read anew by every query: what a repository hands out is what the database says at that moment."""
    return async_sessionmaker(
        engine, autoflush=False, expire_on_commit=False, execution_options={"populate_existing": True}
    )


def open_database(url: str) -> SqlDatabase:
    """Connects at the first transaction. Raises `DatabaseUnavailable` when the URL names no database of ours."""
    parsed = parse_url(url)
    return SqlDatabase(create_engine(parsed, patience_seconds=BUSY_SECONDS), create_reader(parsed))


async def migrate(url: str) -> None:
    """Bring the tables up to date; an empty database gets them all.

    Raises `DatabaseUnavailable` and leaves the tables as they were.
    """
    parsed = parse_url(url)
    try:
        await asyncio.to_thread(_migrate_blocking, parsed)
    except (OSError, sqlite3.Error, DBAPIError, CommandError, ports.DatabaseTrouble) as error:
        raise DatabaseUnavailable(f"{parsed.render_as_string(hide_password=True)}: {_reason(error)}") from error


def _reason(error: Exception) -> object:
    """In the database's words, where it has said something."""
    if isinstance(unknown := error.__cause__, ResolutionError):
        revision = unknown.argument
        return f"a newer Easel made its tables ({revision}). Update the program, or put back a backup from before."
    return getattr(error, "orig", None) or error


def _migrate_blocking(url: URL) -> None:
    """Alembic imports the revisions from disk, so it gets a thread, with a loop for the driver."""
    if url.get_backend_name() == "sqlite" and url.database:
        _make_file(Path(url.database).resolve())
    asyncio.run(_migrate(url))


@contextlib.contextmanager
def held_alone(url: str) -> Iterator[None]:
    """Keeps other bots away from the same SQLite file as long as this process lives. PostgreSQL may be shared.

    Raises `DatabaseUnavailable` when another one has it.
    """
    parsed = parse_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or parsed.database == ":memory:":
        yield
        return
    path = Path(parsed.database)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.with_name(f"{path.name}.lock").open("w")
    except OSError as error:
        raise DatabaseUnavailable(f"{url}: {error}") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DatabaseUnavailable(
                f"{parsed.database} is in use by another bot. Several can share a PostgreSQL database, but not a file."
            ) from error
        yield


def _make_file(path: Path) -> None:
    """The file remembers that it is to be written ahead (WAL). One that is no database is found out here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


async def _migrate(url: URL) -> None:
    # Copying a table, as SQLite must to alter one, would delete what refers to it if foreign keys were followed.
    engine = create_engine(url, poolclass=NullPool, follow_foreign_keys=False)
    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
    await engine.dispose()


def upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":  # several bots may start at once; SQLite's BEGIN IMMEDIATE has us alone
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
    command.upgrade(migration_config(connection), "head")
    tend_index(connection)


def migration_config(connection: Connection) -> Config:
    """Alembic's settings without a file, so that the current folder does not matter."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    config.attributes["connection"] = connection
    return config
