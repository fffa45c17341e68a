"""`--p` from what a member likes: refused until there are enough likes, then the same words under a code for all."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox import Member, Sandbox
from bot.sandbox.wire import Json
from tests.fakes import FakeEngine
from tests.ui.conftest import Scene, a_config, draw, press_for_result


@pytest.fixture
async def scene(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Scene]:
    """Two likes are enough here."""
    config = a_config(sandbox, tmp_path)
    personal = config.personal.model_copy(update={"likes_needed": 2})
    async with Scene(sandbox, FakeEngine(), config.model_copy(update={"personal": personal})) as scene:
        yield scene


async def like(member: Member, prompt: str) -> Json:
    single = await press_for_result(member, await draw(member, prompt), "U1")
    sent = await member.press(single, "❤️")
    await member.wait_for_message(lambda message: "😍" in message["content"], since=sent)
    return single


async def refusal(member: Member, prompt: str) -> Json:
    answer = await member.response(await member.slash("imagine", prompt=prompt))
    (embed,) = answer["embeds"]
    return dict(embed)


async def test_a_style_grows_out_of_likes_and_is_passed_on(scene: Scene) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    assert (await refusal(ada, "an owl --p"))["title"] == "Not enough ratings"
    await draw(ada, "a fox at noon")
    await like(ada, "a fox in fog")
    assert (await refusal(ada, "an owl --p"))["title"] == "Not enough ratings"
    await like(ada, "a boat in fog")
    drawn = await draw(ada, "an owl --p")
    code = drawn["content"].partition("--p ")[2].partition("**")[0]
    assert scene.engine.requests[-1].prompt == "an owl, fog"

    sent = await ada.slash("list_personalize_codes")
    listed = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert listed["embeds"][0]["description"] == f"`--p {code}`: fog"
    assert listed["flags"] & 64

    await draw(ben, f"a cat --p {code}")
    assert scene.engine.requests[-1].prompt == "a cat, fog"
    await draw(ben, f"a dog --p {ada.mention}")
    assert scene.engine.requests[-1].prompt == "a dog, fog"
    assert (await refusal(ben, "a dog --p"))["title"] == "Not enough ratings"
    unknown = await refusal(ben, "a dog --p pnonsens")
    assert (unknown["title"], "pnonsens" in unknown["description"]) == ("Invalid parameter", True)


async def test_the_switch_waits_for_likes(scene: Scene) -> None:
    ada = await scene.member()
    sent = await ada.slash("settings")
    settings = await ada.wait_for_message(lambda message: bool(message["components"]), since=sent)
    refused = await ada.response(await ada.press(settings, "Personalization"))
    assert refused["embeds"][0]["title"] == "Not enough ratings"
    assert "needs 2" in refused["embeds"][0]["description"]
    for prompt in ("a fox in fog", "a boat in fog"):
        await like(ada, prompt)
    await draw(ada, "a plain house")
    sent = await ada.press(settings, "Personalization")
    settings = await ada.wait_for_message(lambda m: m["id"] == settings["id"] and "--p" in m["content"], since=sent)
    await draw(ada, "an owl")
    assert scene.engine.requests[-1].prompt == "an owl, fog"


async def test_what_was_drawn_with_a_style_is_varied_with_it(scene: Scene) -> None:
    ada = await scene.member()
    for prompt in ("a fox in fog", "a boat in fog"):
        await like(ada, prompt)
    await draw(ada, "a plain house")
    grid = await draw(ada, "an owl --p")
    await press_for_result(ada, grid, "V1")
    await press_for_result(ada, grid, "🔄")
    assert [request.prompt for request in scene.engine.requests[-2:]] == ["an owl, fog"] * 2
