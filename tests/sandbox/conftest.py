"""A stand-in without brakes for each test, and the small bot connected to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox import Sandbox, SandboxConfig
from bot.sandbox.config import CONTRACT
from tests.patience import PATIENT, still_clock
from tests.sandbox.bot_api import BotApi, bot_api
from tests.sandbox.studio_bot import StudioBot, running_bot


@pytest.fixture
def openapi() -> Path | None:
    """Where Discord's document would be; tests of our own rules override it with None."""
    return CONTRACT


@pytest.fixture
async def sandbox(openapi: Path | None) -> AsyncIterator[Sandbox]:
    """Discord's three seconds and fifteen minutes pass when a test says so."""
    config = SandboxConfig(rate_limits=None, openapi=openapi, wait_seconds=PATIENT.wait_seconds)
    async with Sandbox(config, still_clock()) as running:
        yield running


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[StudioBot]:
    async with running_bot(sandbox) as running:
        yield running
    assert [item for item in sandbox.contract_violations if item.side == "reply"] == []


@pytest.fixture
async def api(sandbox: Sandbox) -> AsyncIterator[BotApi]:
    async with bot_api(sandbox) as running:
        yield running
