"""Bots on one PostgreSQL wake each other, also after the line was cut."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import asyncpg  # type: ignore[import-untyped]
import pytest

from bot.db import wakes
from bot.db.wakes import Wakes, postgres_url


@dataclass
class Ear:
    heard: asyncio.Queue[None] = field(default_factory=asyncio.Queue)

    def wake(self) -> None:
        self.heard.put_nowait(None)


@contextlib.asynccontextmanager
async def listening(url: str, ear: Ear) -> AsyncIterator[Wakes]:
    """Returns once it hears: whoever begins to listen is woken, for what was told before."""
    line = Wakes(url, [ear.wake])
    tasks = [asyncio.create_task(line.listen()), asyncio.create_task(line.send())]
    await ear.heard.get()
    try:
        yield line
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_the_others_are_woken_and_nobody_wakes_himself(postgres_url: str) -> None:
    ann, bob, cid = Ear(), Ear(), Ear()
    async with listening(postgres_url, ann) as line, listening(postgres_url, bob), listening(postgres_url, cid):
        line.tell()
        await asyncio.gather(bob.heard.get(), cid.heard.get())
        assert ann.heard.empty()


async def test_a_line_that_was_cut_is_laid_again(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakes, "RECONNECT_SECONDS", 0.01)
    ann, bob = Ear(), Ear()
    async with listening(postgres_url, ann) as line, listening(postgres_url, bob) as other:
        await cut(postgres_url, line, other)
        await asyncio.gather(ann.heard.get(), bob.heard.get())  # both look, as they are connected again
        line.tell()
        await bob.heard.get()


async def cut(url: str, *lines: Wakes) -> None:
    connection = await asyncpg.connect(url)
    for line in lines:
        assert line._connection is not None
        assert await connection.fetchval("SELECT pg_terminate_backend($1)", line._connection.get_server_pid())
    await connection.close()


def test_only_a_database_that_can_be_shared_has_a_line() -> None:
    assert postgres_url("sqlite:///easel.db") is None
    assert postgres_url("postgresql://ann@host/easel") == "postgresql://ann@host/easel"
