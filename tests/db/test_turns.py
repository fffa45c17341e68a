"""Who writes next: those who are waited for, but not for ever, and nobody is forgotten."""

import asyncio

import pytest

from bot.db.turns import IN_A_ROW, Turns
from bot.usecases.ports import DatabaseTrouble


async def go(turns: Turns, name: str, done: list[str], in_line: asyncio.Event) -> None:
    """A small letter can wait."""
    in_line.set()
    async with turns.turn(can_wait=name.islower()):
        done.append(name)


async def queue_up(turns: Turns, names: list[str], done: list[str]) -> list[asyncio.Task[None]]:
    """Each waits when the next comes."""
    tasks = []
    for name in names:
        in_line = asyncio.Event()
        tasks.append(asyncio.create_task(go(turns, name, done, in_line)))
        await in_line.wait()
    return tasks


async def test_those_who_are_waited_for_go_first_and_each_in_their_order() -> None:
    turns, done = Turns(60.0), list[str]()
    async with turns.turn(can_wait=True):
        tasks = await queue_up(turns, ["a", "B", "c", "D"], done)
    await asyncio.gather(*tasks)
    assert done == ["B", "D", "a", "c"]


async def test_however_many_are_waited_for_the_others_come_to_their_turn() -> None:
    turns, done = Turns(60.0), list[str]()
    async with turns.turn(can_wait=False):
        tasks = await queue_up(turns, ["a", "b", *"STUVWXYZ"], done)
    await asyncio.gather(*tasks)
    assert done.index("a") == IN_A_ROW
    assert done.index("b") == 2 * IN_A_ROW + 1


async def test_who_goes_away_leaves_the_line_whole() -> None:
    """Before the turn came, in the moment when it came, and while it was used."""
    turns, done = Turns(60.0), list[str]()
    async with turns.turn(can_wait=False):
        gone, in_the_moment, *others = await queue_up(turns, ["A", "B", "C", "d"], done)
        gone.cancel()
        await asyncio.wait({gone})
    in_the_moment.cancel()  # its turn was passed on to it just now
    await asyncio.gather(*others)
    assert (in_the_moment.cancelled(), done) == (True, ["C", "d"])

    holding = asyncio.Event()

    async def hang() -> None:
        async with turns.turn(can_wait=False):
            holding.set()
            await asyncio.Event().wait()

    hanging = asyncio.create_task(hang())
    await holding.wait()
    [waiting] = await queue_up(turns, ["E"], done)
    hanging.cancel()
    await waiting
    assert done == ["C", "d", "E"]


async def test_who_goes_away_in_the_moment_before_its_turn_is_passed_over() -> None:
    """It was cancelled, and had no time to leave the line before the turn was passed on."""
    turns, done = Turns(60.0), list[str]()
    async with turns.turn(can_wait=False):
        hurried, *others, patient = await queue_up(turns, ["A", "B", "c", "d"], done)
        hurried.cancel()
        patient.cancel()
    await asyncio.gather(*others)
    await go(turns, "E", done, asyncio.Event())
    assert (hurried.cancelled(), patient.cancelled(), done) == (True, True, ["B", "c", "E"])


async def test_a_turn_that_does_not_come_is_told() -> None:
    turns, done = Turns(0.0), list[str]()
    async with turns.turn(can_wait=False):
        with pytest.raises(DatabaseTrouble):
            await go(turns, "A", done, asyncio.Event())
    await go(turns, "B", done, asyncio.Event())
    assert done == ["B"]
