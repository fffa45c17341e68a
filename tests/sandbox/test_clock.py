"""The clock rings what is due, in order, and only once."""

import pytest

from bot.sandbox import Clock


async def test_advancing_rings_what_is_due_in_order() -> None:
    clock = Clock()
    rung: list[str] = []
    clock.after(10, lambda: rung.append("b"))
    clock.after(5, lambda: rung.append("a"))
    clock.after(7, lambda: rung.append("never")).cancel()
    clock.after(60, lambda: rung.append("later"))
    before = clock.now()
    clock.advance(10)
    assert rung == ["a", "b"]
    assert clock.now() - before >= 10
    clock.advance(49)
    assert rung == ["a", "b"]
    clock.close()


async def test_the_clock_never_goes_back() -> None:
    with pytest.raises(ValueError, match="forward"):
        Clock().advance(-1)
