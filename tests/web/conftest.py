"""The bot with its own pages, and a real browser."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from bot.sandbox import Sandbox
from tests.browser import running_browser
from tests.fakes import FakeEngine
from tests.ui.conftest import Scene, a_config, sandbox

__all__ = ["sandbox"]


@pytest.fixture
async def scene(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Scene]:
    config = a_config(sandbox, tmp_path)
    config = config.model_copy(update={"web": config.web.model_copy(update={"public_url": "local", "port": 0})})
    async with Scene(sandbox, FakeEngine(), config) as scene:
        yield scene


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as running:
        yield running
