"""The first answer comes in time even when the database does not."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.ui.conftest import Scene, is_result


@asynccontextmanager
async def busy_database(scene: Scene) -> AsyncIterator[None]:
    """Another process writes, so that ours has to wait."""
    other = sqlite3.connect(scene.config.database.url.partition("///")[2], check_same_thread=False)
    try:
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        yield
    finally:
        other.rollback()
        other.close()


async def test_a_command_is_deferred_and_then_answered(scene: Scene) -> None:
    ada = await scene.member("ada")
    async with busy_database(scene):
        deferred = await ada.response(await ada.slash("imagine", prompt="a fox"))
        assert deferred["content"] == ""
    waiting = await ada.wait_for_message(lambda message: "(Waiting to start)" in message["content"])
    assert waiting["id"] == deferred["id"]
    await ada.wait_for_message(is_result)
    await ada.wait_until_deleted(waiting)


async def test_a_command_that_is_refused_after_that_is_told_in_the_same_message(scene: Scene) -> None:
    ada = await scene.member("ada")
    gates = [scene.engine.hold() for _ in range(3)]
    for number in range(13):
        await ada.response(await ada.slash("imagine", prompt=f"fox {number}"))
        if number < 3:
            await gates[number].reached()
    async with busy_database(scene):
        deferred = await ada.response(await ada.slash("imagine", prompt="one too many"))
        assert deferred["embeds"] == []
    told = await ada.wait_for_message(
        lambda message: any(embed["title"] == "Queue full" for embed in message["embeds"])
    )
    assert told["id"] == deferred["id"]


async def test_a_cancel_leaves_the_message_alone_until_it_is_done(scene: Scene) -> None:
    gate = scene.engine.hold(step=1)
    ada = await scene.member("ada")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    async with busy_database(scene):
        await ada.success(await ada.press(waiting, "Cancel Job"))
    stopped = await ada.wait_for_message(lambda message: "(Stopped)" in message["content"])
    assert stopped["id"] == waiting["id"]
