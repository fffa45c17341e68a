"""What the bot itself has said in a channel lately. After a crash many deliveries ask that of one channel: whoever asks
while it is being read shares the next reading, which is newer than their question."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

import discord

from bot.ui.posting import delivery_errors

LOOK_BACK = 10_000
"""Messages of a channel that are looked through at most, the newest: a hundred requests. What is looked for is seldom
old, but in a lively channel many others come while a bot is down."""

Readable = discord.PartialMessageable | discord.DMChannel
Said = Sequence[discord.Message]


@dataclass
class _Questions:
    """`open`: number of each question nobody has answered, and since when it wants to know. `said` answers all that
    were asked before the reading of that number began."""

    reading: asyncio.Lock = field(default_factory=asyncio.Lock)
    open: dict[int, datetime] = field(default_factory=dict)
    begun: int = 0
    said: Said = ()


class Scrollback:
    """Owns the readings under way; keeps none."""

    def __init__(self, read: Callable[[Readable, datetime], Awaitable[Said]]) -> None:
        self._read = read
        self._numbers = count(1)
        self._channels: dict[int, _Questions] = {}

    async def said_in(self, channel: Readable, since: datetime) -> Said:
        """Messages of ours, the newest first, as they stand after this was called. Raises `DeliveryError`."""
        questions, asked = self._channels.setdefault(channel.id, _Questions()), next(self._numbers)
        questions.open[asked] = since
        try:
            async with questions.reading:
                if questions.begun < asked:
                    begun = next(self._numbers)
                    questions.said = await self._read(channel, min(questions.open.values()))
                    questions.begun = begun
                return questions.said
        finally:
            del questions.open[asked]
            if not questions.open:
                del self._channels[channel.id]


async def read_own(client: discord.Client, channel: Readable, since: datetime) -> Said:
    with delivery_errors():
        newest = channel.history(limit=LOOK_BACK, after=since, oldest_first=False)
        return [message async for message in newest if client.user and message.author.id == client.user.id]
