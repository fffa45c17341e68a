"""Whatever asks for pictures where the bot may not post them is refused before anything is drawn or charged."""

from typing import Any

import pytest

from bot.sandbox import Member, Sent
from bot.sandbox.permission import Permission
from bot.sandbox.wire import Json
from tests.ui.conftest import Scene, draw
from tests.ui.test_handed_in import a_picture, answered

MISSING = "I may not write or attach files in this channel"


async def refusal(member: Member, sent: Sent) -> Json:
    """To the member alone, as an answer or as what follows a deferred one."""
    return await member.wait_for_message(
        lambda seen: bool(seen["embeds"]) and MISSING in seen["embeds"][0]["description"], since=sent
    )


async def check_refused(scene: Scene, member: Member, sent: Sent, asked_before: int) -> None:
    answer = await refusal(member, sent)
    assert answer["flags"] & 64
    assert len(scene.engine.requests) == asked_before
    assert scene.engine.others == []


@pytest.mark.parametrize("which", ["U1", "V2", "🔄"])
@pytest.mark.parametrize("missing", [Permission.SEND_MESSAGES, Permission.ATTACH_FILES])
async def test_a_press(scene: Scene, which: str, missing: Permission) -> None:
    ada = await scene.member()
    grid = await draw(ada, "a fox")
    scene.sandbox.deny_bot("studio", missing)
    await check_refused(scene, ada, await ada.press(grid, which), 1)


async def test_a_form(scene: Scene) -> None:
    """Allowed as it was opened, and not any more as it comes back."""
    ada = await scene.member()
    await answered(ada, await ada.slash("prefer remix"), lambda seen: "remix" in seen["content"].lower())
    grid = await draw(ada, "a fox")
    modal = await ada.modal(await ada.press(grid, "V1"))
    scene.sandbox.deny_bot("studio", Permission.SEND_MESSAGES)
    await check_refused(scene, ada, await ada.submit_modal(modal), 1)


async def test_a_batch(scene: Scene) -> None:
    ada = await scene.member()
    question = await ada.response(await ada.slash("imagine", prompt="a {red, blue} owl"))
    scene.sandbox.deny_bot("studio", Permission.SEND_MESSAGES)
    await check_refused(scene, ada, await ada.press(question, "Draw 2"), 0)


async def test_described_prompts(scene: Scene) -> None:
    ada = await scene.member()
    described = await answered(ada, await ada.slash("describe", image=a_picture("red")))
    scene.engine.others.clear()
    modal = await ada.modal(await ada.press(described, "1️⃣"))
    scene.sandbox.deny_bot("studio", Permission.ATTACH_FILES)
    await check_refused(scene, ada, await ada.press(described, "Imagine all"), 0)
    await check_refused(scene, ada, await ada.submit_modal(modal), 0)


@pytest.mark.parametrize(
    ("command", "names"), [("blend", ("image1", "image2")), ("style", ("content", "style")), ("upscale", ("image",))]
)
async def test_pictures_handed_in(scene: Scene, command: str, names: tuple[str, ...]) -> None:
    ada = await scene.member()
    scene.sandbox.deny_bot("studio", Permission.SEND_MESSAGES)
    pictures: dict[str, Any] = {name: a_picture("red", name=f"{name}.png") for name in names}
    await check_refused(scene, ada, await ada.slash(command, **pictures), 0)


async def test_a_reaction_is_answered_by_direct_message(scene: Scene) -> None:
    ada = await scene.member()
    grid = await draw(ada, "a fox")
    scene.sandbox.deny_bot("studio", Permission.SEND_MESSAGES)
    await ada.react(grid, "🔄")
    await ada.wait_for_message(lambda seen: MISSING in seen["content"])
    assert len(scene.engine.requests) == 1


async def test_a_job_shown_again(scene: Scene) -> None:
    ada = await scene.member()
    grid = await draw(ada, "a fox")
    scene.sandbox.deny_bot("studio", Permission.SEND_MESSAGES)
    name = grid["attachments"][0]["filename"]
    await check_refused(scene, ada, await ada.slash("show", job_id=name), 1)
