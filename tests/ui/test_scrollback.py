"""Many look for their result in one channel at once, and it is read as often as needed, not as often as asked."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.ui.scrollback import Scrollback, read_own
from bot.usecases.ports import DeliveryDelayed
from tests.ui.conftest import Scene, draw

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHANNEL: Any = SimpleNamespace(id=5)


class Channel:
    """Every reading gives its own number, when it is let go."""

    def __init__(self) -> None:
        self.since: list[datetime] = []
        self.begun = asyncio.Semaphore(0)
        self.let_go = asyncio.Semaphore(0)

    async def read(self, _channel: object, since: datetime) -> Sequence[Any]:
        self.since.append(since)
        number = len(self.since)
        self.begun.release()
        await self.let_go.acquire()
        if number == 1 and since == NOW - timedelta(days=9):
            raise DeliveryDelayed("busy")
        return [number]


async def ask(scrollback: Scrollback, since: datetime = NOW, channel: Any = CHANNEL) -> Any:
    [number] = await scrollback.said_in(channel, since)
    return number


async def test_whoever_asks_meanwhile_shares_the_next_reading() -> None:
    channel = Channel()
    scrollback = Scrollback(channel.read)
    first = asyncio.create_task(ask(scrollback))
    await channel.begun.acquire()
    others = [asyncio.create_task(ask(scrollback, NOW - timedelta(days=day))) for day in (0, 3, 1)]
    channel.let_go.release()
    assert await first == 1
    await channel.begun.acquire()
    channel.let_go.release()
    assert await asyncio.gather(*others) == [2, 2, 2]
    assert channel.since == [NOW, NOW - timedelta(days=3)], "back to where the oldest question wants"


async def test_a_later_question_has_a_newer_answer() -> None:
    channel = Channel()
    channel.let_go.release()
    channel.let_go.release()
    scrollback = Scrollback(channel.read)
    assert [await ask(scrollback), await ask(scrollback)] == [1, 2]


async def test_other_channels_are_read_at_the_same_time() -> None:
    channel = Channel()
    scrollback = Scrollback(channel.read)
    asked = [asyncio.create_task(ask(scrollback, channel=SimpleNamespace(id=number))) for number in (1, 2)]
    await channel.begun.acquire()
    await channel.begun.acquire()
    channel.let_go.release()
    channel.let_go.release()
    assert sorted(await asyncio.gather(*asked)) == [1, 2]


async def test_a_reading_that_failed_or_was_given_up_answers_nobody_else() -> None:
    channel = Channel()
    scrollback = Scrollback(channel.read)
    failing = asyncio.create_task(ask(scrollback, NOW - timedelta(days=9)))
    await channel.begun.acquire()
    leaving, staying = (asyncio.create_task(ask(scrollback)) for _ in range(2))
    channel.let_go.release()
    with pytest.raises(DeliveryDelayed):
        await failing
    await channel.begun.acquire()
    leaving.cancel()
    await channel.begun.acquire()
    channel.let_go.release()
    assert await staying == 3


async def test_what_many_have_talked_over_is_found_all_the_same(scene: Scene) -> None:
    ada = await scene.member("ada")
    begun = discord.utils.utcnow() - timedelta(minutes=1)
    result = await draw(ada, "a fox")
    for number in range(501):
        await ada.say(f"message {number}")
    async with discord.Client(intents=discord.Intents.none()) as client:
        await client.login(scene.sandbox.bot_token)
        said = await read_own(client, client.get_partial_messageable(int(result["channel_id"])), begun)
    assert [str(message.id) for message in said] == [result["id"]]
