"""Discord's brakes, on a clock that only the test turns."""

from collections.abc import AsyncIterator

import pytest

from bot.sandbox import RateLimits, Sandbox, SandboxConfig
from tests.patience import still_clock
from tests.sandbox.bot_api import BotApi, bot_api


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    config = SandboxConfig(rate_limits=RateLimits(messages=2, window_seconds=5.0, per_second=20))
    async with Sandbox(config, still_clock()) as running:
        yield running


@pytest.fixture
async def api(sandbox: Sandbox) -> AsyncIterator[BotApi]:
    async with bot_api(sandbox) as running:
        yield running


async def test_a_full_bucket_answers_429_until_its_window_has_passed(api: BotApi, sandbox: Sandbox) -> None:
    first, second = await api.post("1"), await api.post("2")
    assert (first.headers["X-RateLimit-Limit"], first.headers["X-RateLimit-Remaining"]) == ("2", "1")
    assert second.headers["X-RateLimit-Remaining"] == "0"
    third = await api.post("3")
    assert third.status == 429
    assert third.body["global"] is False
    assert 0 < third.body["retry_after"] <= 5
    assert third.headers["X-RateLimit-Scope"] == "user"
    assert third.headers["Via"], "without it discord.py takes the answer for a ban"
    sandbox.clock.advance(5)
    assert (await api.post("4")).status == 200
    assert [message.content for message in sandbox.messages()] == ["1", "2", "4"]


async def test_every_channel_has_a_bucket_of_its_own(api: BotApi, sandbox: Sandbox) -> None:
    await api.post("1")
    await api.post("2")
    elsewhere = f"/channels/{sandbox.channel('general').id}/messages"
    assert (await api.call("POST", elsewhere, {"content": "x"})).status == 200


async def test_the_global_limit_spares_interaction_answers(api: BotApi, sandbox: Sandbox) -> None:
    pending, _ = await api.interact(await sandbox.member("ada"))
    sandbox.clock.advance(1)
    answers = [await api.call("GET", "/users/@me") for _ in range(21)]
    assert [answer.status for answer in answers] == [200] * 20 + [429]
    assert answers[-1].body["global"] is True
    assert answers[-1].headers["X-RateLimit-Global"] == "true"
    assert (await pending.answer(5)).status == 204
