"""`/imagine` as a member sees it, from the first answer to the grid."""

import re

import pytest

from engine.protocol import FailureCode
from tests.ui.conftest import Scene, draw, is_result


async def test_from_waiting_over_progress_to_a_new_message(scene: Scene) -> None:
    gate = scene.engine.hold(step=2)
    ada = await scene.member("ada")
    sent = await ada.slash("imagine", prompt="a red fox --ar 3:2")
    waiting = await ada.response(sent)
    assert waiting["content"] == f"**a red fox --ar 3:2** - {ada.mention} (Waiting to start)"
    assert waiting["interaction"]["name"] == "imagine"
    assert waiting["attachments"] == []

    running = await ada.wait_for_message(lambda message: "(50%)" in message["content"])
    assert running["id"] == waiting["id"]
    assert running["content"] == f"**a red fox --ar 3:2** - {ada.mention} (50%) (fast)"
    (preview,) = running["attachments"]
    assert preview["filename"].endswith("_grid_0.webp")
    assert running["components"][0]["components"][0]["label"] == "Cancel Job"

    gate.open()
    result = await ada.wait_for_message(is_result)
    assert result["id"] != waiting["id"]
    assert result["content"] == f"**a red fox --ar 3:2** - {ada.mention} (fast)"
    assert "nonce" not in result
    assert "interaction" not in result
    assert re.fullmatch(r"ada_a_red_fox_[0-9a-f-]{36}\.png", result["attachments"][0]["filename"])
    assert result["attachments"][0]["description"] == "a red fox --ar 3:2"
    assert [user["id"] for user in result["mentions"]] == [ada.id]
    assert len(result["components"]) == 2
    await ada.wait_until_deleted(waiting)


async def test_only_the_member_is_notified(scene: Scene) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    prompt = f"**fox** `x` @everyone @here {ben.mention} <@&{scene.sandbox.world.guild.id}>"
    waiting = await ada.response(await ada.slash("imagine", prompt=prompt))
    result = await ada.wait_for_message(is_result)
    bold = result["content"].split("**")[1]
    assert bold == waiting["content"].split("**")[1]
    assert result["content"].count("**") == 2
    assert {ping.target for ping in scene.sandbox.pings} == {ada.id}


@pytest.mark.parametrize(
    ("prompt", "title", "sentence"),
    [
        (" ", "Empty prompt", "nothing to draw"),
        ("—" * 5_000, "Invalid prompt", "Please shorten"),
        ("a fox --frobnicate 3", "Invalid parameter", "Unrecognized parameter(s): frobnicate"),
        ("a fox --ar 1:99", "Invalid parameter", "--ar 1:99"),
        ("a fox --tile", "Invalid parameter", "fake cannot draw tiles"),
    ],
)
async def test_a_prompt_that_cannot_be_drawn(scene: Scene, prompt: str, title: str, sentence: str) -> None:
    ada = await scene.member("ada")
    answer = await ada.response(await ada.slash("imagine", prompt=prompt))
    (embed,) = answer["embeds"]
    assert embed["title"] == title
    assert sentence in embed["description"]
    assert embed["color"] == 16711680
    assert embed["footer"]["text"].strip() == f"/imagine {prompt}"[:2_048].strip()
    assert answer["flags"] & 64
    assert scene.engine.requests == []


async def test_what_the_model_leaves_out_is_noted_under_the_picture(scene: Scene) -> None:
    ada = await scene.member("ada")
    await ada.slash("imagine", prompt="a fox --chaos 20 --q .5")
    result = await ada.wait_for_message(is_result)
    assert "-# The guidance of fake cannot be changed, so `--chaos` has no effect." in result["content"]
    assert scene.engine.requests[0].steps == 2


async def test_a_full_queue(scene: Scene) -> None:
    gates = [scene.engine.hold() for _ in range(3)]
    ada = await scene.member("ada")
    for number in range(13):
        await ada.response(await ada.slash("imagine", prompt=f"fox {number}"))
        if number < 3:
            await gates[number].reached()
    answer = await ada.response(await ada.slash("imagine", prompt="one too many"))
    assert answer["embeds"][0]["title"] == "Queue full"
    assert "10 are waiting" in answer["embeds"][0]["description"]


async def test_a_failed_job_is_told_where_it_waited(scene: Scene) -> None:
    scene.engine.fail_next(FailureCode.OUT_OF_MEMORY)
    ada = await scene.member("ada")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    told = await ada.wait_for_message(lambda message: bool(message["embeds"]))
    assert told["id"] == waiting["id"]
    assert told["content"] == f"**a fox** - {ada.mention} (Failed)"
    assert told["components"] == []
    assert told["embeds"][0]["color"] == 16711680
    assert "too little memory" in told["embeds"][0]["description"]
    assert re.fullmatch(r"[0-9a-f]{8}", told["embeds"][0]["footer"]["text"])


async def test_what_the_model_could_not_do_stands_in_small_print(scene: Scene) -> None:
    scene.engine.note_next("This model does not understand `--no`.")
    result = await draw(await scene.member("ada"), "a fox --no trees")
    assert result["content"].splitlines()[1] == "-# This model does not understand `--no`."


async def test_a_lost_confirmation_does_not_lose_the_waiting_message(scene: Scene) -> None:
    """Discord took the answer, but the line dropped before it said so."""
    gate = scene.engine.hold(step=2)
    scene.sandbox.faults.add("POST", r"/interactions/.*/callback", cut="after")
    ada = await scene.member("ada")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    running = await ada.wait_for_message(lambda message: "%" in message["content"])
    assert running["id"] == waiting["id"]
    gate.open()
    await ada.wait_until_deleted(waiting)
    assert len([message for message in scene.sandbox.messages() if message.attachments]) == 1


async def test_an_answer_that_discord_refuses_does_not_lose_the_job(scene: Scene) -> None:
    """The interaction is unknown by then: an ordinary message waits instead."""
    gate = scene.engine.hold()
    scene.sandbox.faults.add("POST", r"/interactions/.*/callback", status=404, code=10062)
    ada = await scene.member("ada")
    await ada.slash("imagine", prompt="a fox")
    waiting = await ada.wait_for_message(lambda message: "(Waiting to start)" in message["content"])
    assert "nonce" not in waiting
    gate.open()
    await ada.wait_for_message(is_result)
    await ada.wait_until_deleted(waiting)


async def test_a_channel_that_takes_no_waiting_message_still_gets_the_result(scene: Scene) -> None:
    scene.sandbox.faults.add("POST", r"/interactions/.*/callback", status=404, code=10062)
    scene.sandbox.faults.add("POST", r"/channels/\d+/messages", status=403)
    ada = await scene.member("ada")
    await ada.slash("imagine", prompt="a fox")
    assert (await ada.wait_for_message(is_result))["content"] == f"**a fox** - {ada.mention} (fast)"


async def test_in_direct_messages(scene: Scene) -> None:
    ada = await scene.member("ada")
    channel = await ada.open_dm()
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox", channel=channel))
    result = await ada.wait_for_message(is_result)
    assert result["channel_id"] == channel["id"] == waiting["channel_id"]


async def test_a_restart_goes_on_with_the_same_seed_and_posts_once(scene: Scene) -> None:
    gate = scene.engine.hold(step=1)
    ada = await scene.member("ada")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    (before,) = scene.engine.requests
    await scene.restart()
    await ada.wait_for_message(is_result)
    await ada.wait_until_deleted(waiting)
    (after,) = scene.engine.requests
    assert after.seeds == before.seeds
    assert len(scene.sandbox.messages()) == 1
