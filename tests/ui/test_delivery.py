"""A picture that is ready, and a chat that is not: nothing is lost, nothing is posted twice."""

from pathlib import Path

import pytest

from bot.sandbox.member import Member
from bot.sandbox.permission import Permission
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.wire import Json
from engine.protocol import ModelInfo
from tests.fakes import FakeEngine, grainy
from tests.ui.conftest import Scene, a_config, draw, is_result

POST = r"/channels/\d+/messages$"
EDIT = r"/channels/\d+/messages/\d+$"


async def gallery_total(member: Member) -> str:
    sent = await member.slash("gallery")
    page = await member.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    return str(page["embeds"][0]["footer"]["text"])


async def by_direct_message(member: Member, channel: Json) -> Json:
    return await member.wait_for_message(
        lambda message: bool(message["attachments"]) and message["channel_id"] != channel["channel_id"]
    )


@pytest.mark.parametrize("status", [429, 500])
async def test_a_passing_trouble_delays_the_result(scene: Scene, status: int) -> None:
    fault = scene.sandbox.faults.add("POST", POST, status=status)
    ada = await scene.member("ada")
    await draw(ada, "a fox")
    assert fault.hits == 1
    assert len(scene.sandbox.messages()) == 1


async def test_a_lost_confirmation_does_not_post_twice(scene: Scene) -> None:
    """The first try reached the chat, but the bot was not told: the second finds it there."""
    fault = scene.sandbox.faults.add("POST", POST, cut="after")
    ada = await scene.member("ada")
    await draw(ada, "a fox")
    assert fault.hits == 1
    assert len(scene.sandbox.messages()) == 1


async def test_a_result_that_is_too_large_is_made_smaller(sandbox: Sandbox, tmp_path: Path) -> None:
    large = ModelInfo("large", "fake", width=256, height=256, steps=1, supports_negative_prompt=True)
    engine = FakeEngine([large], draw=grainy)
    async with Scene(sandbox, engine, a_config(sandbox, tmp_path)) as scene:
        ada = await scene.member("ada")
        sandbox.set_upload_limit(300_000)
        (shown,) = (await draw(ada, "a fox"))["attachments"]
        assert shown["size"] <= 300_000
        assert shown["filename"].endswith(".webp")
        assert await gallery_total(ada) == "Page 1 of 1 · 4 pictures"


async def test_a_channel_that_may_not_be_written_to(scene: Scene) -> None:
    gate = scene.engine.hold()
    ada = await scene.member("ada")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    scene.sandbox.deny_bot("studio", Permission.SEND_MESSAGES)
    gate.open()
    received = await by_direct_message(ada, waiting)
    assert received["content"].startswith("**a fox**\n")
    assert "I may not write" in received["content"]
    assert await gallery_total(ada) == "Page 1 of 1 · 4 pictures"


async def test_a_channel_that_was_removed(scene: Scene) -> None:
    gate = scene.engine.hold()
    ada = await scene.member("ada")
    channel = scene.sandbox.add_channel("attic")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox", channel=channel.id))
    await gate.reached()
    scene.sandbox.remove_channel(channel.id)
    gate.open()
    received = await by_direct_message(ada, waiting)
    assert "the channel is gone" in received["content"]


async def test_no_way_at_all_still_keeps_the_picture(scene: Scene) -> None:
    gate = scene.engine.hold()
    ada = await scene.member("ada")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    scene.sandbox.deny_bot("studio", Permission.SEND_MESSAGES)
    scene.sandbox.close_dms("ada")
    gate.open()
    told = await ada.wait_for_message(lambda message: "kept in your `/gallery`" in message["content"])
    assert told["id"] == waiting["id"]
    assert told["components"] == []
    assert await gallery_total(ada) == "Page 1 of 1 · 4 pictures"


@pytest.mark.parametrize("how", ["close", "abort", "reconnect", "invalid"])
async def test_the_gateway_drops_in_mid_job(scene: Scene, how: str) -> None:
    gate = scene.engine.hold(step=1)
    ada = await scene.member("ada")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    assert scene.sandbox.drop_bot(how=how) == 1
    gate.open()
    await ada.wait_for_message(is_result)
    await ada.wait_until_deleted(waiting)
    await scene.sandbox.wait_until_bot_is_ready()
    assert is_result(await draw(ada, "an owl"))


async def test_refused_progress_is_of_no_consequence(scene: Scene) -> None:
    fault = scene.sandbox.faults.add("PATCH", EDIT, status=403, times=100)
    ada = await scene.member("ada")
    assert is_result(await draw(ada, "a fox"))
    assert fault.hits


async def test_a_waiting_message_that_was_removed_by_a_moderator(scene: Scene) -> None:
    gate = scene.engine.hold(step=1)
    ada = await scene.member("ada")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    channel_id, message_id = waiting["channel_id"], waiting["id"]
    owner = await scene.member(scene.sandbox.world.users[scene.sandbox.world.guild.owner_id].username)
    await owner.request("DELETE", f"/channels/{channel_id}/messages/{message_id}")
    gate.open()
    assert is_result(await ada.wait_for_message(is_result))


async def test_a_stop_is_told_anew_when_its_message_is_gone(scene: Scene) -> None:
    scene.engine.hold(step=1)
    ada = await scene.member("ada")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await ada.wait_for_message(lambda message: "(25%)" in message["content"])
    scene.sandbox.faults.add("PATCH", EDIT, status=404, code=10008)
    await ada.context_menu("Cancel Job", waiting)
    stopped = await ada.wait_for_message(lambda message: "(Stopped)" in message["content"])
    assert stopped["id"] != waiting["id"]
