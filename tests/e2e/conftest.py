"""Each test has a stand-in Discord (without brakes), a database and an image folder of its own."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox import Sandbox
from tests.e2e.studio import Scene, a_config, running_scene
from tests.fakes import FakeEngine
from tests.patience import PATIENT


@pytest.fixture
async def sandbox(tmp_path: Path, empty_database: Path) -> AsyncIterator[Sandbox]:
    """With the tables that a bot in the test's own process will find."""
    shutil.copy(empty_database, tmp_path)
    async with Sandbox(PATIENT) as running:
        yield running
    assert [item for item in running.contract_violations if item.side == "request"] == []


@pytest.fixture
async def scene(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Scene]:
    async with running_scene(sandbox, FakeEngine(), a_config(sandbox, tmp_path)) as running:
        yield running
