"""Both databases for real: a SQLite file and a PostgreSQL server of our own, each migrated by Alembic once.

A test gets `database` twice, once on each. Tests commit, so every test starts from emptied tables.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.db.database import SqlDatabase, create_engine, migrate, open_database, parse_url
from bot.db.models import Table


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
