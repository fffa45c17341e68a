"""Migrations lead to the models from any folder; transactions commit or vanish; the pool survives contention."""

import asyncio
import contextlib
import sqlite3
import sys
from pathlib import Path
from typing import Any

import aiosqlite
import asyncpg  # type: ignore[import-untyped]
import pytest
from alembic import command
from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.ext.asyncio import create_async_engine

from bot.config import Config
from bot.db.connections import READERS, DatabaseUnavailable, create_engine, parse_url
from bot.db.database import SqlDatabase, held_alone, migrate, migration_config, open_database
from bot.db.wakes import postgres_url
from bot.domain.errors import JobGone
from bot.domain.gallery import GalleryQuery
from bot.domain.job import Door, JobStatus, new_job_id
from bot.program import running_studio
from bot.usecases.ports import DatabaseTrouble
from tests.domain.factories import ANN, NOW, a_job, a_picture
from tests.fakes import FakeEngine
from tests.patience import PATIENCE_SECONDS


async def test_migrations_lead_to_the_models(database_url: str) -> None:
    def check(connection: Connection) -> None:
        command.check(migration_config(connection))

    engine = create_engine(parse_url(database_url))
    async with engine.begin() as connection:
        await connection.run_sync(check)
    await engine.dispose()


async def test_migrating_twice_from_another_folder_keeps_what_is_there(
    database: SqlDatabase, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = a_job()
    async with database.transaction() as tx:
        await tx.jobs.add(job)
    monkeypatch.chdir(tmp_path)
    await migrate(database_url)
    async with database.transaction() as tx:
        assert await tx.jobs.get(job.id) == job


MIGRATE = "import asyncio, sys; from bot.db.database import migrate; asyncio.run(migrate(sys.argv[1]))"


async def test_several_processes_may_migrate_an_empty_postgres_at_once(postgres_url: str) -> None:
    engine = create_async_engine(parse_url(postgres_url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.exec_driver_sql("CREATE DATABASE empty")
    await engine.dispose()
    url = postgres_url.replace("/postgres?", "/empty?")
    processes = [await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, url) for _ in range(3)]
    assert [await process.wait() for process in processes] == [0, 0, 0]
    async with open_database(url) as database, database.transaction() as tx:
        assert await tx.jobs.list_waiting(1) == []


async def test_sqlite_gets_its_folder_and_survives_power_cuts(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "100%.db"
    await migrate(f"sqlite:///{path}")
    engine = create_engine(parse_url(f"sqlite:///{path}"))
    async with engine.connect() as connection:
        pragmas = [
            (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        ]
    await engine.dispose()
    assert pragmas == ["wal", 2, 1, 30_000]


async def test_an_exception_leaves_nothing_behind(database: SqlDatabase) -> None:
    job = a_job()

    async def fail() -> None:
        async with database.transaction() as tx:
            await tx.jobs.add(job)
            assert await tx.jobs.find(job.id)
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await fail()
    async with database.transaction() as tx:
        assert await tx.jobs.find(job.id) is None


async def test_a_cancelled_transaction_leaves_nothing_behind_and_blocks_nobody(database: SqlDatabase) -> None:
    job, inside = a_job(), asyncio.Event()

    async def hang() -> None:
        async with database.transaction() as tx:
            await tx.users.lock(ANN, "Ann", NOW)
            await tx.jobs.add(job)
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.transaction() as tx:
        await tx.users.lock(ANN, "Ann", NOW)
        with pytest.raises(JobGone):
            await tx.jobs.get(job.id)


async def test_the_databases_refuse_what_cannot_be(database: SqlDatabase) -> None:
    async def keep_of_nobody() -> None:
        async with database.transaction() as tx:
            await tx.gallery.add([a_picture(a_job().id)])

    async def add_twice() -> None:
        job = a_job()
        async with database.transaction() as tx:
            await tx.jobs.add(job)
            await tx.jobs.add(job)

    for impossible in (keep_of_nobody, add_twice):
        with pytest.raises(IntegrityError):
            await impossible()


async def test_what_is_refused_tells_the_log_no_secret(database: SqlDatabase) -> None:
    """Statements are logged with what goes wrong; what was to be written is not."""
    job = a_job(door=Door("a-token-to-write-with", NOW))
    async with database.transaction() as tx:
        await tx.jobs.add(job)
    with pytest.raises(IntegrityError) as refused:
        async with database.transaction() as tx:
            await tx.jobs.add(job)
    assert "a-token-to-write-with" not in str(refused.value)


async def test_a_time_without_zone_is_refused(database: SqlDatabase) -> None:
    naive = a_job(created_at=NOW.replace(tzinfo=None))
    async with database.transaction() as tx:
        with pytest.raises(StatementError, match="names no time zone"):
            await tx.jobs.add(naive)


async def test_many_reading_then_writing_never_find_it_locked(database: SqlDatabase, database_url: str) -> None:
    jobs = [a_job() for _ in range(8)]
    async with database.transaction() as tx:
        for job in jobs:
            await tx.jobs.add(job)

    async def start(index: int, database: SqlDatabase) -> None:
        async with database.transaction() as tx:
            await tx.jobs.list_waiting(10)
            await tx.jobs.save(jobs[index].start(NOW), expected=JobStatus.QUEUED)

    async with open_database(database_url) as other:
        await asyncio.gather(*(start(index, pool) for index, pool in enumerate([database, other] * 4)))
    async with database.transaction() as tx:
        assert len(await tx.jobs.list_by_status(JobStatus.RUNNING)) == 8


async def test_who_reads_waits_for_no_writer_and_sees_all_that_was_committed(database: SqlDatabase) -> None:
    job = a_job()
    async with database.transaction() as writer:
        await writer.users.lock(ANN, "Ann", NOW)
        await writer.jobs.add(job)
        async with database.reading() as tx:
            assert await tx.jobs.find(job.id) is None
    async with database.reading() as tx:
        assert await tx.jobs.find(job.id) == job


async def test_a_server_that_went_away_is_trouble_of_the_database(postgres_url: str, tmp_path: Path) -> None:
    """Nobody listens any more, or not to us: no fault of what was being done."""
    nowhere = postgres_url.replace("/postgres?", "/nowhere?")
    for url in (f"postgresql://postgres@/postgres?host={tmp_path}", nowhere):
        async with open_database(url) as database:
            for begin in (database.reading, database.transaction):
                with pytest.raises(DatabaseTrouble):
                    async with begin() as tx:
                        await tx.jobs.list_waiting(1)


async def test_a_statement_that_an_operator_stops_is_trouble_of_the_database(migrated_postgres: str) -> None:
    stop_waiting = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    async with open_database(migrated_postgres) as database, database.transaction() as first:
        await first.users.hold(ANN, NOW)
        second = asyncio.create_task(hold_member(database))
        operator = await asyncpg.connect(migrated_postgres)
        while not await operator.fetchval(stop_waiting):
            pass  # it does not wait yet
        await operator.close()
        with pytest.raises(DatabaseTrouble):
            await second


async def hold_member(database: SqlDatabase) -> None:
    async with database.transaction() as tx:
        await tx.users.hold(ANN, NOW)


async def test_nobody_waits_for_ever_for_what_another_holds(
    migrated_postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that answers no more is noticed alike, and so is a network that swallows everything."""
    async with open_database(migrated_postgres) as holding, holding.transaction() as first:
        await first.users.hold(ANN, NOW)
        monkeypatch.setattr("bot.db.database.BUSY_SECONDS", 0.1)
        async with open_database(migrated_postgres) as database:
            with pytest.raises(DatabaseTrouble):
                await asyncio.wait_for(hold_member(database), PATIENCE_SECONDS)


@pytest.mark.parametrize("asked", ["sslmode=prefer", "ssl=prefer", "sslmode=prefer&application_name=easel"])
async def test_urls_are_taken_as_hosts_of_postgres_write_them(migrated_postgres: str, asked: str) -> None:
    url = f"{migrated_postgres}&{asked}"
    await migrate(url)
    async with open_database(url) as database, database.reading() as tx:
        assert await tx.jobs.find(new_job_id()) is None
    line = await asyncpg.connect(postgres_url(url))
    await line.close()


async def test_connections_that_are_all_taken_for_long_are_trouble_of_the_database(
    migrated_sqlite: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.db.connections.BUSY_SECONDS", 0.01)
    async with open_database(migrated_sqlite) as database, contextlib.AsyncExitStack() as readers:
        for _ in range(READERS):
            tx = await readers.enter_async_context(database.reading())
            await tx.jobs.list_waiting(1)
        with pytest.raises(DatabaseTrouble):
            async with database.reading() as tx:
                await tx.jobs.list_waiting(1)


async def test_who_only_reads_cannot_write(database: SqlDatabase) -> None:
    with pytest.raises((DBAPIError, DatabaseTrouble), match=r"readonly|read-only"):
        async with database.reading() as tx:
            await tx.jobs.add(a_job())
    async with database.transaction() as tx:
        await tx.jobs.add(a_job())  # the connection that PostgreSQL used to read with can be written with again


async def test_connections_that_the_server_closed_are_passed_over(migrated_postgres: str) -> None:
    """As after its restart. Each of ours is told, and nobody's request is lost to it."""
    closed = asyncio.Queue[object]()
    async with open_database(migrated_postgres) as database:
        for engine in database._writer, database._reader:
            event.listen(
                engine.sync_engine,
                "connect",
                lambda opened, _entry: opened.driver_connection.add_termination_listener(closed.put_nowait),
            )
        await _use(database)
        server = await asyncpg.connect(migrated_postgres)
        await server.execute(CLOSE_OTHERS)
        await server.close()
        await closed.get()
        await closed.get()
        await _use(database)


CLOSE_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


async def _use(database: SqlDatabase) -> None:
    async with database.transaction() as tx:
        await tx.users.lock(ANN, "Ann", NOW)
    async with database.reading() as tx:
        assert await tx.users.find_preference(ANN, "model") is None


async def test_a_page_of_the_gallery_is_one_round_trip(migrated_postgres: str) -> None:
    """One statement, and nothing else is told to the server: no BEGIN, no question whether it is there."""
    asked: list[str] = []
    told: list[str] = []

    def listen(opened: Any, _entry: object) -> None:
        opened.driver_connection.add_query_logger(lambda one: told.append(one.query))

    def note(_connection: Any, _cursor: Any, statement: str, *_: object) -> None:
        asked.append(statement)

    async with open_database(migrated_postgres) as database:
        for engine in database._writer, database._reader:
            event.listen(engine.sync_engine, "connect", listen)
        event.listen(database._reader.sync_engine, "before_cursor_execute", note)
        await _use(database)
        assert any(query.startswith("BEGIN") for query in told)
        asked.clear()
        told.clear()
        async with database.reading() as tx:
            await tx.gallery.browse(GalleryQuery(ANN), 0, 24)
    assert [statement.split()[0] for statement in asked] == ["WITH"]
    assert told == []


async def test_a_statement_asks_sqlites_thread_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """BEGIN, two statements, COMMIT, and the ROLLBACK by which the pool makes sure; rows come along with the answer."""
    asked = 0
    execute = aiosqlite.Connection._execute

    async def counted(connection: aiosqlite.Connection, *arguments: Any) -> Any:
        nonlocal asked
        asked += 1
        return await execute(connection, *arguments)  # type: ignore[no-untyped-call]

    url, job = f"sqlite:///{tmp_path / 'easel.db'}", a_job()
    await migrate(url)
    async with open_database(url) as database:
        async with database.transaction() as tx:
            assert await tx.jobs.find(job.id) is None  # opens the connection
        monkeypatch.setattr(aiosqlite.Connection, "_execute", counted)
        async with database.transaction() as tx:
            await tx.jobs.add(job)
            assert await tx.jobs.get(job.id) == job
        assert asked == 5


async def test_an_unknown_status_in_the_file_is_refused(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'easel.db'}"
    await migrate(url)
    async with open_database(url) as database, database.transaction() as tx:
        await tx.jobs.add(a_job())
    with sqlite3.connect(tmp_path / "easel.db") as raw, pytest.raises(sqlite3.IntegrityError):
        raw.execute("UPDATE jobs SET status = 'lost'")
    raw.close()


@pytest.mark.parametrize("url", ["mysql://host/name", "no url", "", "postgresql//me:secret@host/name"])
def test_other_urls_are_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match="sqlite:///data") as caught:
        open_database(url)
    assert "secret" not in str(caught.value)


async def unavailable(url: str) -> str:
    with pytest.raises(DatabaseUnavailable) as caught:
        await migrate(url)
    return str(caught.value)


async def test_a_file_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"certainly no database " * 100)
    assert "not a database" in await unavailable(f"sqlite:///{broken}")
    assert str(broken) in await unavailable(f"sqlite:///{broken}")
    assert "unable to open" in await unavailable(f"sqlite:///{tmp_path}")
    assert "File exists" in await unavailable(f"sqlite:///{broken}/easel.db")


async def test_a_file_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'easel.db'}"
    await migrate(url)
    with sqlite3.connect(tmp_path / "easel.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = 'future'")
    raw.close()
    told = await unavailable(url)
    assert "a newer Easel made its tables (future). Update the program, or put back a backup from before." in told


async def test_a_file_that_another_bot_has_is_left_as_it_is(tmp_path: Path) -> None:
    """Also its tables: a newer version must not bring them up to date under the older one that runs."""
    path = tmp_path / "new" / "easel.db"
    config = Config.model_validate({"database": {"url": f"sqlite:///{path}"}})
    with held_alone(config.database.url):
        with pytest.raises(DatabaseUnavailable, match="in use by another bot"):
            async with running_studio(config, "", FakeEngine()):
                pass
        assert not path.exists()


async def test_a_server_that_cannot_be_used_is_named(postgres_url: str, tmp_path: Path) -> None:
    """Nobody listens; no such database. The password stays out of the message."""
    assert await unavailable(f"postgresql://postgres:secret@/postgres?host={tmp_path}")
    message = await unavailable(postgres_url.replace("postgres@/postgres", "postgres:secret@/nowhere"))
    assert '"nowhere" does not exist' in message
    assert "secret" not in message
