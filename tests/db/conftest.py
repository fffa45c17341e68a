"""Both databases for real: a SQLite file and a PostgreSQL server of our own, each migrated by Alembic once.

A test gets `database` twice, once on each. Tests commit, so every test starts from empty tables: a fresh copy of the
file, and truncated tables on the server (not by DELETE, which the ledger refuses).
"""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.db.connections import create_engine, parse_url
from bot.db.database import SqlDatabase, migrate, open_database
from bot.db.models import Table


@pytest.fixture(scope="session")
def migrated_postgres(postgres_url: str) -> str:
    asyncio.run(migrate(postgres_url))
    return postgres_url


@pytest.fixture
def migrated_sqlite(empty_database: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(empty_database, tmp_path / 'easel.db')}"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"migrated_{request.param}")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[SqlDatabase]:
    if database_url.startswith("postgresql"):
        await _truncate(database_url)
    async with open_database(database_url) as opened:
        yield opened


async def _truncate(url: str) -> None:
    engine = create_engine(parse_url(url))
    async with engine.begin() as connection:
        await connection.exec_driver_sql(f"TRUNCATE {', '.join(Table.metadata.tables)}")
    await engine.dispose()
