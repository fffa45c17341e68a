"""The first answer comes in time even when the database does not."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.config import Config
from bot.sandbox import Sandbox, SandboxConfig
from bot.ui import answering
from tests.fakes import FakeEngine
from tests.ui.conftest import Scene, a_config, draw, is_result, next_result


@asynccontextmanager
async def busy_database(scene: Scene) -> AsyncIterator[None]:
    """Another process writes, so that ours has to wait, for longer than is fit for who asked."""
    other = sqlite3.connect(scene.config.database.url.partition("///")[2], check_same_thread=False)
    try:
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(answering, "PATIENCE_SECONDS", 0.05)
            yield
    finally:
        other.rollback()
        other.close()


def test_who_asks_is_told_sooner_than_discord_gives_up() -> None:
    assert SandboxConfig().first_response_seconds > answering.PATIENCE_SECONDS


async def test_a_command_is_deferred_and_then_answered(scene: Scene) -> None:
    ada = await scene.member("ada")
    async with busy_database(scene):
        deferred = await ada.response(await ada.slash("imagine", prompt="a fox"))
        assert deferred["content"] == ""
    waiting = await ada.wait_for_message(lambda message: "(Waiting to start)" in message["content"])
    assert waiting["id"] == deferred["id"]
    await ada.wait_for_message(is_result)
    await ada.wait_until_deleted(waiting)


async def test_who_has_a_plan_from_discord_is_answered_as_soon(sandbox: Sandbox, tmp_path: Path) -> None:
    """Discord tells of it with every interaction; what is known already is not written again."""
    plans = {"enabled": True, "skus": [{"id": "1100", "plan": "Pro"}]}
    config = Config.model_validate({**a_config(sandbox, tmp_path).model_dump(), "plans": plans})
    async with Scene(sandbox, FakeEngine(), config) as scene:
        ada = await scene.member("ada")
        sandbox.grant("ada", "1100")
        await draw(ada, "a fox")
        async with busy_database(scene):
            sent = await ada.slash("imagine", prompt="an owl")
            deferred = await ada.response(sent)
        assert (deferred["content"], deferred["embeds"]) == ("", [])
        await next_result(ada, sent)


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
