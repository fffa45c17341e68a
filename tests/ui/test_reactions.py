"""Gestures on a job's message: the owner's count, everybody else's do not."""

import pytest

from tests.ui.conftest import Scene, draw, is_result


async def test_envelope_sends_pictures_id_and_seed(scene: Scene) -> None:
    ada = await scene.member("ada")
    grid = await draw(ada, "a fox --seed 7")
    await ada.react(grid, "✉️")
    received = await ada.wait_for_message(lambda message: "**seed** 7" in message["content"])
    assert received["content"].startswith("**a fox --seed 7**\n**Job ID**: ")
    assert received["channel_id"] != grid["channel_id"]
    assert len(received["attachments"]) == 4


async def test_cross_stops_what_runs(scene: Scene) -> None:
    gate = scene.engine.hold(step=1)
    ada = await scene.member("ada")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    await ada.react(waiting, "❌")
    stopped = await ada.wait_for_message(lambda message: "(Stopped)" in message["content"])
    assert stopped["id"] == waiting["id"]


async def test_cross_moves_a_finished_job_to_the_trash(scene: Scene) -> None:
    ada = await scene.member("ada")
    grid = await draw(ada, "a fox")
    await ada.react(grid, "❌")
    await ada.wait_until_deleted(grid)
    sent = await ada.slash("gallery", trash=True)
    trash = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert trash["embeds"][0]["footer"]["text"] == "Page 1 of 1 · 4 pictures"


@pytest.mark.parametrize(
    ("emoji", "line"),
    [
        ("3️⃣", "**a fox** - Image #3 {}"),
        ("🇧", "**a fox** - Variations (Strong) by {} (fast)"),
        ("🔄", "**a fox** - {} (fast)"),
    ],
)
async def test_gestures_that_make_pictures(scene: Scene, emoji: str, line: str) -> None:
    ada = await scene.member("ada")
    grid = await draw(ada, "a fox")
    await ada.react(grid, emoji)
    result = await ada.wait_for_message(lambda message: is_result(message) and message["id"] != grid["id"])
    assert result["content"] == line.format(ada.mention)
    assert result["message_reference"]["message_id"] == grid["id"]


async def test_others_and_other_emoji_do_nothing(scene: Scene) -> None:
    """Told by what comes next: events arrive in order, and only the owner's gesture has made a job."""
    ada, ben = await scene.member("ada"), await scene.member("ben")
    grid = await draw(ada, "a fox")
    await ben.react(grid, "❌")
    await ben.react(grid, "🔄")
    await ada.react(grid, "👍")
    await ada.react(grid, "🇨")
    await ada.wait_for_message(lambda message: "Variations" in message["content"] and is_result(message))
    assert len(scene.engine.requests) == 2
    assert grid["id"] in {message.id for message in scene.sandbox.messages()}


async def test_what_went_wrong_is_told_by_direct_message(scene: Scene) -> None:
    ada = await scene.member("ada")
    gate = scene.engine.hold(step=1)
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    await ada.react(waiting, "✉️")
    told = await ada.wait_for_message(lambda message: message["content"].startswith("**Invalid request**"))
    assert told["channel_id"] != waiting["channel_id"]
