"""A stand-in without brakes for each test, and the small bot connected to it."""

from collections.abc import AsyncIterator

import pytest

from bot.sandbox import Sandbox, SandboxConfig
from tests.sandbox.studio_bot import StudioBot, running_bot


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxConfig(rate_limits=None)) as running:
        yield running


@pytest.fixture
async def bot(sandbox: Sandbox) -> AsyncIterator[StudioBot]:
    async with running_bot(sandbox) as running:
        yield running
    assert [item for item in sandbox.contract_violations if item.side == "reply"] == []
