"""Pictures that members hand in: described, blended, restyled, enlarged; and prompts shortened."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from bot.sandbox import Member, Sent, Upload
from bot.sandbox.wire import Json
from engine.protocol import Ability, DescribeRequest, RestyleRequest, UpscaleRequest
from tests.fakes import FAKE_MODEL, FakeEngine
from tests.ui.conftest import Scene, buttons_of, next_result


def a_picture(colour: str, size: tuple[int, int] = (48, 32), name: str = "") -> Upload:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return Upload(name or f"{colour}.png", buffer.getvalue())


async def answered(member: Member, sent: Sent, is_there: Callable[[Json], bool] = lambda m: bool(m["embeds"])) -> Json:
    return await member.wait_for_message(is_there, since=sent)


async def test_a_picture_is_described_in_four_prompts_of_its_shape(scene: Scene) -> None:
    ada = await scene.member()
    sent = await ada.slash("describe", image=a_picture("red"))
    deferred = await ada.response(sent)
    message = await answered(ada, sent)
    assert message["id"] == deferred["id"]
    assert message["interaction"]["name"] == "describe"
    lines = message["embeds"][0]["description"].split("\n\n")
    assert [line[:3] for line in lines] == ["1️⃣", "2️⃣", "3️⃣", "4️⃣"]
    assert all(line.endswith(" --ar 3:2") for line in lines)
    assert message["embeds"][0]["image"]["url"].startswith("http")
    assert list(buttons_of(message)) == ["1️⃣", "2️⃣", "3️⃣", "4️⃣", "🔄", "Imagine all"]


async def test_a_description_is_imagined_after_the_form(scene: Scene) -> None:
    ada = await scene.member()
    message = await answered(ada, sent := await ada.slash("describe", image=a_picture("red")))
    await scene.restart()
    modal = await ada.modal(await ada.press(message, "2️⃣"))
    assert modal["custom_id"] == "MJ::Picreader::Modal::2"
    sent = await ada.submit_modal(modal, {"MJ::Picreader::Modal::PromptField": "a quiet fox --ar 3:2"})
    assert "**a quiet fox --ar 3:2**" in (await next_result(ada, sent))["content"]


async def test_describing_again_says_it_in_other_words(scene: Scene) -> None:
    ada = await scene.member()
    first = await answered(ada, await ada.slash("describe", image=a_picture("red")))
    words = first["embeds"][0]["description"]
    sent = await ada.press(first, "🔄")
    again = await answered(ada, sent, lambda m: bool(m["embeds"]) and m["embeds"][0]["description"] != words)
    assert again["id"] == first["id"]
    sizes = [(r.pixels.width, r.pixels.height) for r in scene.engine.others if isinstance(r, DescribeRequest)]
    assert sizes == [(48, 32), (48, 32)]


async def test_all_four_descriptions_are_imagined(scene: Scene) -> None:
    ada = await scene.member()
    message = await answered(ada, await ada.slash("describe", image=a_picture("red")))
    await ada.press(message, "Imagine all")
    await ada.wait_for(lambda _: len(scene.engine.requests) == 4)
    assert len({request.prompt for request in scene.engine.requests}) == 4


@pytest.mark.parametrize(
    "options", [{}, {"image": a_picture("red"), "link": "https://x.example/a.png"}], ids=["none", "two"]
)
async def test_describe_needs_one_picture(scene: Scene, options: dict[str, Any]) -> None:
    ada = await scene.member()
    message = await answered(ada, await ada.slash("describe", **options))
    assert message["embeds"][0]["title"] == "Invalid link"


async def test_a_file_that_is_no_picture_is_told(scene: Scene) -> None:
    ada = await scene.member()
    message = await answered(ada, await ada.slash("describe", image=Upload("a.png", b"no picture")))
    told = message["embeds"][0]["description"]
    assert "not a PNG" in told
    assert "/…/a.png`" in told  # its owner knows the name, and nobody the address


async def test_a_link_into_our_own_network_is_refused(scene: Scene) -> None:
    ada = await scene.member()
    message = await answered(ada, await ada.slash("describe", link="http://127.0.0.1:9/a.png"))
    assert "cannot be opened" in message["embeds"][0]["description"]


async def test_a_word_that_is_no_link_is_told_to_its_member_alone(scene: Scene) -> None:
    ada = await scene.member()
    message = await answered(ada, await ada.slash("describe", link="hello"))
    assert message["flags"] & 64
    assert "copy the whole address" in message["embeds"][0]["description"]


async def test_a_prompt_is_shortened_to_what_matters(scene: Scene) -> None:
    ada = await scene.member()
    message = await answered(ada, await ada.slash("shorten", prompt="fox with a red scarf in deep snow --ar 3:2"))
    text, footer = message["embeds"][0]["description"], message["embeds"][0]["footer"]["text"]
    assert "Important tokens\n**fox** **with**" in text
    assert "Shortened prompts\n1️⃣ fox" in text
    assert footer == "Click on a button to imagine one of the shortened prompts"
    modal = await ada.modal(await ada.press(message, "3️⃣"))
    assert modal["custom_id"] == f"MJ::ImagineModal::{message['id']}"
    result = await next_result(ada, await ada.submit_modal(modal))
    assert result["content"].endswith("(fast)")
    assert "--ar 3:2**" in result["content"]


async def test_the_details_of_a_shortened_prompt(scene: Scene) -> None:
    ada = await scene.member()
    message = await answered(ada, await ada.slash("shorten", prompt="red fox in snow,"))
    sent = await ada.press(message, "Show Details")
    details = await answered(ada, sent, lambda m: bool(m["embeds"]) and "How much" in m["embeds"][0].get("title", ""))
    assert details["flags"] & 64
    assert [line.split()[-1] for line in details["embeds"][0]["description"].splitlines()] == [
        "red",
        "fox",
        "in",
        "snow",
    ]


@pytest.mark.parametrize("prompt", ["a:: b::2", "a --no b", "--ar 3:2"])
async def test_what_cannot_be_shortened_is_told(scene: Scene, prompt: str) -> None:
    ada = await scene.member()
    message = await answered(ada, await ada.slash("shorten", prompt=prompt))
    assert message["flags"] & 64  # nobody else needs to see it
    assert message["embeds"][0]["title"] == "Invalid parameter"
    assert message["embeds"][0]["footer"]["text"] == f"/shorten {prompt}"


@pytest.fixture
async def blending(scene: Scene) -> Scene:
    await scene.close()
    scene.engine = FakeEngine([FAKE_MODEL.__class__("fake", "fake", 64, 64, 4, True, abilities=frozenset(Ability))])
    await scene.open()
    return scene


async def test_pictures_are_blended(blending: Scene) -> None:
    ada = await blending.member()
    sent = await ada.slash("blend", image1=a_picture("red"), image2=a_picture("blue"), dimensions="--ar 3:2")
    result = await next_result(ada, sent)
    assert "--ar 3:2**" in result["content"]
    assert result["attachments"][0]["description"] == "red.png blue.png --ar 3:2"
    [request] = blending.engine.requests
    assert len(request.references) == 2
    again = await next_result(ada, await ada.press(result, "🔄"))
    assert again["content"] == result["content"]
    assert len(blending.engine.requests[1].references) == 2


@pytest.mark.parametrize("count", [2, 5])
async def test_the_same_picture_again_is_no_blend(blending: Scene, count: int) -> None:
    ada = await blending.member()
    same: dict[str, Any] = {f"image{n}": a_picture("red", name=f"{n}.png") for n in range(1, count + 1)}
    message = await answered(ada, await ada.slash("blend", **same))
    assert message["embeds"][0]["title"] == "Duplicate images detected"
    assert blending.engine.requests == []


async def test_a_picture_is_drawn_in_the_manner_of_another(scene: Scene) -> None:
    ada = await scene.member()
    sent = await ada.slash("style", content=a_picture("red"), style=a_picture("blue"), strength=40, care="slow")
    result = await next_result(ada, sent)
    assert result["content"].startswith("**red in the manner of blue** - Restyled by")
    [request] = [other for other in scene.engine.others if isinstance(other, RestyleRequest)]
    assert (request.strength, request.steps > 0, request.keeps_colours) == (0.4, True, False)
    assert (request.content.width, request.content.height) == (48, 32)


async def test_a_picture_is_enlarged(scene: Scene) -> None:
    ada = await scene.member()
    result = await next_result(ada, await ada.slash("upscale", image=a_picture("red", name="my **cat**.png")))
    assert result["content"].startswith("**my cat** - Upscaled (Subtle) by")
    [request] = [other for other in scene.engine.others if isinstance(other, UpscaleRequest)]
    assert request.scale == 2
    assert (result["attachments"][0]["width"], result["attachments"][0]["height"]) == (96, 64)
