"""`/style_code` in the chat: saved alone, shared by its maker, listed, removed; every answer for the member alone."""

import re
from typing import Any

from bot.sandbox import Member
from tests.ui.conftest import Scene, draw
from tests.ui.test_handed_in import a_picture


async def told(member: Member, path: str, **options: Any) -> str:
    sent = await member.slash(f"style_code {path}", **options)
    answer = await member.wait_for_message(lambda message: bool(message["content"] or message["embeds"]), since=sent)
    assert answer["flags"] & 64
    return str(answer["content"] or answer["embeds"][0]["description"])


async def test_a_style_is_kept_and_passed_on(scene: Scene) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    assert await told(ada, "list") == "You have none yet. `/style_code save` makes one."
    saved = await told(ada, "save", image1=a_picture("red"), words="misty, soft")
    [code] = re.findall(r"--sref ([0-9]+)", saved)
    assert "Only you can use it" in saved
    assert await told(ada, "list") == f"`--sref {code}`: 1 picture, misty, soft (yours alone)"
    refused = await ben.response(await ben.slash("imagine", prompt=f"a fox --sref {code}"))
    assert "has not shared it" in refused["embeds"][0]["description"]
    assert f"who knows the number {code}" in await told(ada, "share", code=code)
    drawn = await draw(ben, f"a fox --sref {code}")
    assert f"--sref {code}" in drawn["content"]
    assert scene.engine.requests[-1].prompt == "a fox, misty, soft"
    assert await told(ada, "remove", code=code) == f"The style {code} is gone."
    assert "Nobody saved" in await told(ada, "remove", code=code)
