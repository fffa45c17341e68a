"""Remix: a press opens a form with the prompt, and what is written there is drawn. Custom Zoom always asks."""

import pytest

from bot.sandbox import Member
from bot.sandbox.wire import Json
from tests.ui.conftest import Scene, draw, next_result, press_for_result


async def remixing(scene: Scene) -> Member:
    ada = await scene.member()
    sent = await ada.slash("prefer remix")
    await ada.wait_for_message(lambda message: message["content"].startswith("Remix mode turned on"), since=sent)
    return ada


async def form_under(member: Member, message: Json, which: str) -> Json:
    return await member.modal(await member.press(message, which))


def job_in(message: Json) -> str:
    return str(message["attachments"][0]["filename"]).rpartition("_")[2].partition(".")[0]


async def test_another_prompt_makes_a_remix(scene: Scene) -> None:
    ada = await remixing(scene)
    grid = await draw(ada, "a fox --seed 7")
    form = await form_under(ada, grid, "V2")
    assert form["custom_id"] == f"MJ::RemixModal::{job_in(grid)}::2::1"
    sent = await ada.submit_modal(form, {"MJ::RemixModal::new_prompt": "an owl --seed 7"})
    result = await next_result(ada, sent)
    assert result["content"].startswith("**an owl --seed 7** - Remix (Strong) by")
    assert result["message_reference"]["message_id"] == grid["id"]
    request = scene.engine.requests[-1]
    assert (request.prompt, request.init_image is not None) == ("an owl", True)


async def test_the_same_prompt_makes_a_plain_variation(scene: Scene) -> None:
    ada = await remixing(scene)
    grid = await draw(ada, "a fox")
    result = await next_result(ada, await ada.submit_modal(await form_under(ada, grid, "V1")))
    assert "Variations (Strong) by" in result["content"]


async def test_a_form_outlives_a_restart(scene: Scene) -> None:
    ada = await remixing(scene)
    grid = await draw(ada, "a fox")
    form = await form_under(ada, grid, "V1")
    await scene.restart()
    result = await next_result(ada, await ada.submit_modal(form, {"MJ::RemixModal::new_prompt": "an owl"}))
    assert "Remix (Strong) by" in result["content"]


@pytest.mark.parametrize(
    ("which", "form_id", "says"),
    [
        ("Vary (Subtle)", "MJ::RemixModal::{job}::1::0", "Remix (Subtle) by"),
        ("Zoom Out 2x", "MJ::OutpaintModal::50::1::{job}", "Zoom Out by"),
        ("➡️", "MJ::PanModal::right::{job}::1", "Pan Right by"),
    ],
)
async def test_single_pictures_are_remixed(scene: Scene, which: str, form_id: str, says: str) -> None:
    ada = await remixing(scene)
    single = await press_for_result(ada, await draw(ada, "a fox"), "U1")
    form = await form_under(ada, single, which)
    assert form["custom_id"] == form_id.format(job=job_in(single))
    [field] = [field for row in form["components"] for field in row["components"]]
    assert field["value"] == "a fox"
    result = await next_result(ada, await ada.submit_modal(form, {field["custom_id"]: "an owl"}))
    assert says in result["content"]
    assert scene.engine.requests[-1].prompt == "an owl"


async def test_a_zoom_that_is_sent_in_the_form_of_a_variation_stays_a_zoom(scene: Scene) -> None:
    ada = await remixing(scene)
    single = await press_for_result(ada, await draw(ada, "a fox"), "U1")
    form = await form_under(ada, single, "Zoom Out 1.5x")
    form |= {"custom_id": f"MJ::RemixModal::{job_in(single)}::1::1"}
    assert "Zoom Out by" in (await next_result(ada, await ada.submit_modal(form)))["content"]


async def test_a_reroll_is_remixed(scene: Scene) -> None:
    ada = await remixing(scene)
    grid = await draw(ada, "a fox")
    form = await form_under(ada, grid, "🔄")
    result = await next_result(ada, await ada.submit_modal(form, {"MJ::ImagineModal::new_prompt": "an owl"}))
    assert result["content"].startswith("**an owl** - <@")
    assert result["message_reference"]["message_id"] == grid["id"]


async def test_custom_zoom_asks_without_remix(scene: Scene) -> None:
    ada = await scene.member()
    single = await press_for_result(ada, await draw(ada, "a fox"), "U1")
    form = await form_under(ada, single, "Custom Zoom")
    assert form["custom_id"] == f"MJ::OutpaintCustomZoomModal::{job_in(single)}"
    [field] = [field for row in form["components"] for field in row["components"]]
    assert field["value"] == "a fox --ar 1:1 --zoom 2"
    sent = await ada.submit_modal(form, {field["custom_id"]: "a fox in snow --zoom 1.3"})
    assert (await next_result(ada, sent))["content"].startswith("**a fox in snow** - Zoom Out by")


@pytest.mark.parametrize(
    ("wording", "title"),
    [("  ", "Empty prompt"), ("a fox --zoom 3", "Invalid parameter"), ("a --bogus", "Invalid parameter")],
)
async def test_what_is_wrong_in_a_form_is_told(scene: Scene, wording: str, title: str) -> None:
    ada = await scene.member()
    single = await press_for_result(ada, await draw(ada, "a fox"), "U1")
    form = await form_under(ada, single, "Custom Zoom")
    sent = await ada.submit_modal(form, {"MJ::OutpaintCustomZoomModal::prompt": wording})
    told = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert told["embeds"][0]["title"] == title
    assert told["embeds"][0].get("footer", {}).get("text", "") == wording.strip()  # not to be typed again
    assert told["flags"] & 64
