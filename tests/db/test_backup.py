"""The backup that docs/running.md names, of a database that a bot is writing to."""

import asyncio
import re
import shlex
import sys
from pathlib import Path

import pytest

from bot.db.database import migrate, open_database
from bot.domain.errors import JobGone
from tests.domain.factories import a_job

PAGE = Path(__file__).parents[2] / "docs" / "running.md"


async def test_it_holds_what_was_committed_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    [command] = re.findall(r"^    \.venv/bin/python (-c .*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    url = f"sqlite:///{tmp_path}/{{}}"
    done, begun = a_job(), a_job()
    (tmp_path / "data").mkdir()
    await migrate(url.format("data/easel.db"))
    async with open_database(url.format("data/easel.db")) as db:
        async with db.transaction() as tx:
            await tx.jobs.add(done)
        async with db.transaction() as tx:
            await tx.jobs.add(begun)
            copying = await asyncio.create_subprocess_exec(sys.executable, *shlex.split(command), cwd=tmp_path)
            assert await copying.wait() == 0
        async with db.reading() as tx:
            assert await tx.jobs.get(begun.id) == begun
    await migrate(url.format("backup.db"))
    async with open_database(url.format("backup.db")) as copy, copy.reading() as tx:
        assert await tx.jobs.get(done.id) == done
        with pytest.raises(JobGone):
            await tx.jobs.get(begun.id)
