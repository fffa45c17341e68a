"""Pictures that members hand in or link to, as they really are: read where they can be, else refused, free of charge.

Links lead to the stand-in's own store of attachments, which answers over a real socket.
"""

from typing import Any

import pytest

from bot.pictures import encode_png
from bot.sandbox import Member, Sent, Upload
from bot.sandbox.wire import Json
from engine.protocol import (
    Ability,
    AnimateRequest,
    DescribeRequest,
    GenerateRequest,
    ModelInfo,
    Pixels,
    RestyleRequest,
    UpscaleRequest,
)
from tests.e2e.studio import Scene
from tests.fakes import FakeEngine, noise
from tests.odd_pictures import READABLE, REFUSED, Odd

FINE = Upload("fine.png", encode_png(noise(40, 30, 1)))


@pytest.fixture
async def able(scene: Scene) -> Scene:
    """Everything that takes a picture is known to the model."""
    await scene.close()
    scene.engine = FakeEngine([ModelInfo("fake", "fake", 64, 64, 4, True, abilities=frozenset(Ability))])
    await scene.open()
    return scene


async def linked(member: Member, data: bytes) -> str:
    """The address of a file in the chat."""
    message = await member.say("look", file=Upload("picture.png", data))
    return str(message["attachments"][0]["url"])


async def hand_in(member: Member, how: str, data: bytes) -> Sent:
    file = Upload("picture.png", data)
    match how:
        case "/describe":
            return await member.slash("describe", image=file)
        case "/describe link":
            return await member.slash("describe", link=await linked(member, data))
        case "/upscale":
            return await member.slash("upscale", image=file)
        case "/blend":
            return await member.slash("blend", image1=FINE, image2=file)
        case "/style":
            return await member.slash("style", content=file, style=FINE)
        case "image prompt":
            return await member.slash("imagine", prompt=f"{await linked(member, data)} a fox")
        case "--video":
            return await member.slash("imagine", prompt=f"{await linked(member, data)} a fox --video")
        case _:
            return await member.slash("imagine", prompt=f"a fox {how} {await linked(member, data)}")


async def answer_to(member: Member, sent: Sent) -> Json:
    """The red embed, or a picture, or a description."""

    def is_answer(message: Json) -> bool:
        is_drawn = bool(message["attachments"] and message["components"]) and "%" not in message["content"]
        return bool(message["embeds"]) or is_drawn

    return await member.wait_for_message(is_answer, since=sent)


def handed_to(engine: FakeEngine) -> list[Pixels]:
    """Every picture that the engine was given."""
    found: list[Pixels] = []
    for request in (*engine.requests, *engine.others):
        match request:
            case GenerateRequest(init_image=None):
                found += [reference.pixels for reference in request.references]
            case GenerateRequest(init_image=start) if start is not None:
                found.append(start.pixels)
            case RestyleRequest(content=content):
                found.append(content)
            case AnimateRequest(pixels=pixels):
                found.append(pixels)
            case DescribeRequest(pixels=pixels) | UpscaleRequest(pixels=pixels):
                found.append(pixels)
            case _:
                pass
    return found


READING = ["/describe", "/upscale", "/style", "image prompt", "--sref", "--cref", "--oref", "--video"]
UNFIT = {"/style": {"1 x 1", "a long strip"}, "/upscale": {"1 x 1"}}
"""Of the one nobody sees a manner, which is told in a test of the use case; the other has a test of its own below."""


@pytest.mark.parametrize("how", READING)
async def test_what_can_be_read_is_drawn(able: Scene, how: str) -> None:
    """One member, one picture after the other: each reaches the engine upright, in RGB, in its own size."""
    ada = await able.member()
    for name, odd in READABLE.items():
        if name in UNFIT.get(how, ()):
            continue
        before = len(handed_to(able.engine))
        answer = await answer_to(ada, await hand_in(ada, how, odd.data))
        assert not answer["embeds"] or "title" not in answer["embeds"][0], (name, answer["embeds"])
        given = handed_to(able.engine)[before]
        assert (name, given.width, given.height) == (name, *odd.shown)
        assert _is_near(given, odd), name


def _is_near(pixels: Pixels, odd: Odd) -> bool:
    return all(abs(one - other) < 8 for one, other in zip(pixels.rgb[:3], odd.corner, strict=True))


async def test_a_single_pixel_is_enlarged(able: Scene) -> None:
    ada = await able.member()
    answer = await answer_to(ada, await hand_in(ada, "/upscale", READABLE["1 x 1"].data))
    assert (answer["attachments"][0]["width"], answer["attachments"][0]["height"]) == (2, 2)


WAYS = [
    "--video",
    "/describe",
    "/describe link",
    "/upscale",
    "/blend",
    "/style",
    "image prompt",
    "--sref",
    "--cref",
    "--oref",
]


@pytest.mark.parametrize("how", WAYS)
async def test_what_cannot_be_read_is_refused_and_free(able: Scene, how: str) -> None:
    """Nothing is queued, nothing reserved: the scene audits its ledger at the end."""
    ada = await able.member()
    cases: dict[str, Any] = REFUSED if how == "/describe" else dict(list(REFUSED.items())[::3])
    for name, (data, says) in cases.items():
        answer = await answer_to(ada, await hand_in(ada, how, data))
        [embed] = answer["embeds"]
        assert (name, embed["title"], embed["color"]) == (name, "Invalid link", 16711680)
        assert says in embed["description"], name
        assert answer["attachments"] == []
    assert able.engine.requests == []
    assert able.engine.others == []
    assert await able.jobs() == []


async def test_five_pictures_of_one_kind_are_no_blend(able: Scene) -> None:
    ada = await able.member()
    same: dict[str, Any] = {f"image{number}": Upload(f"{number}.png", FINE.content) for number in range(1, 6)}
    answer = await answer_to(ada, await ada.slash("blend", **same))
    assert answer["embeds"][0]["title"] == "Duplicate images detected"
    assert await able.jobs() == []
