"""The clock rings what is due, in order, and only once."""

import asyncio

import pytest

from bot.sandbox import Clock
from tests.patience import still_clock


async def test_advancing_rings_what_is_due_in_order() -> None:
    clock = still_clock()
    rung: list[str] = []
    clock.after(10, lambda: rung.append("b"))
    clock.after(5, lambda: rung.append("a"))
    clock.after(7, lambda: rung.append("never")).cancel()
    clock.after(60, lambda: rung.append("later"))
    before = clock.now()
    clock.advance(10)
    assert rung == ["a", "b"]
    assert clock.now() - before == 10
    clock.advance(49)
    assert rung == ["a", "b"]
    clock.close()


async def test_what_is_due_rings_by_itself() -> None:
    clock, rung = Clock(), asyncio.Event()
    clock.after(0.01, rung.set)
    await rung.wait()
    clock.close()


async def test_the_clock_never_goes_back() -> None:
    with pytest.raises(ValueError, match="forward"):
        Clock().advance(-1)
