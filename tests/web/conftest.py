"""The bot with its own pages, and a real browser."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from bot.sandbox import Sandbox
from tests.fakes import FakeEngine
from tests.ui.conftest import Scene, a_config, sandbox

__all__ = ["sandbox"]

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@pytest.fixture
async def scene(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Scene]:
    config = a_config(sandbox, tmp_path)
    config = config.model_copy(update={"web": config.web.model_copy(update={"public_url": "local", "port": 0})})
    async with Scene(sandbox, FakeEngine(), config) as scene:
        yield scene


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: the page for painting was not driven")
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        await running.close()
