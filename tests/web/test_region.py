"""Vary (Region): from the button to the page, painted in a real browser, down to the pixels that changed."""

import base64
import io
from typing import Any

import aiohttp
import pytest
from PIL import Image, ImageChops
from playwright.async_api import Browser, Page, expect

from bot.domain.buttons import Action, Button
from bot.domain.job import JobId, MessageRef, UserId
from bot.domain.place import Place
from bot.sandbox import Member, Upload
from bot.sandbox.wire import Json
from bot.web.tickets import LIFETIME_SECONDS, InvalidTicket, TicketOffice
from tests.browser import new_page
from tests.ui.conftest import Scene, buttons_of, draw, next_result, press_for_result

BUTTON = Button(Action.VARY_REGION, JobId("0b8e7d2a-6f1c-4f0e-9f59-3a2d1c4b5e60"))
ANN = Place(UserId(5), "ann", 500, 7, frozenset({3, 1}))


async def a_single(member: Member, prompt: str = "a fox --seed 7") -> Json:
    return await press_for_result(member, await draw(member, prompt), "U1")


async def link_under(member: Member, single: Json) -> str:
    answer = await member.response(await member.press(single, "Vary (Region)"))
    assert answer["flags"] & 64
    return str(buttons_of(answer)["Open the brush"]["url"])


def a_mask(box: tuple[int, int, int, int] | None, size: tuple[int, int] = (64, 64)) -> bytes:
    image = Image.new("L", size, 0)
    if box:
        image.paste(255, box)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


async def send(link: str, mask: bytes, prompt: str = "") -> tuple[int, Json]:
    content: dict[str, Any] = {"mask": base64.b64encode(mask).decode(), "prompt": prompt}
    async with aiohttp.ClientSession() as session, session.post(link, json=content) as answer:
        return answer.status, await answer.json()


async def paint_rectangle(page: Page, share: tuple[float, float, float, float]) -> None:
    box = await page.locator("#mask").bounding_box()
    assert box is not None
    left, top, right, bottom = share
    await page.mouse.move(box["x"] + box["width"] * left, box["y"] + box["height"] * top)
    await page.mouse.down()
    await page.mouse.move(box["x"] + box["width"] * right, box["y"] + box["height"] * bottom, steps=4)
    await page.mouse.up()


async def test_a_painted_part_changes_and_nothing_else_does(scene: Scene, browser: Browser) -> None:
    ada = await scene.member()
    single = await a_single(ada)
    before = Image.open(io.BytesIO(await ada.download(single["attachments"][0]))).convert("RGB")
    page = await new_page(browser, viewport={"width": 900, "height": 900})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await page.goto(await link_under(ada, single))
    await expect(page.get_by_label("Prompt")).to_have_value("a fox --seed 7")
    await expect(page.get_by_role("button", name="Draw it")).to_be_disabled()
    await page.get_by_role("button", name="Rectangle").click()
    await paint_rectangle(page, (0.25, 0.25, 0.75, 0.75))
    await expect(page.get_by_role("status")).to_contain_text("25 % is marked")
    await page.get_by_label("Prompt").fill("a fox with a hat")
    sent = len(ada.events)
    await page.get_by_role("button", name="Draw it").click()
    await expect(page.get_by_role("status")).to_contain_text("On its way")
    event = await ada.wait_for(
        lambda event: (
            event.name == "MESSAGE_CREATE"
            and "(Region) by" in event.data["content"]
            and bool(event.data["attachments"])
            and "%" not in event.data["content"]
        ),
        since=sent,
    )
    assert event.data["content"].startswith("**a fox with a hat** - Remix (Region) by")
    assert event.data["message_reference"]["message_id"] == single["id"]
    grid = Image.open(io.BytesIO(await ada.download(event.data["attachments"][0]))).convert("RGB")
    width, height = before.size
    drawn = grid.crop((0, 0, grid.width // 2, grid.height // 2))
    assert drawn.size == before.size
    changed = ImageChops.difference(drawn, before).convert("L").point(lambda level: 255 if level else 0).getbbox()
    assert changed is not None
    left, top, right, bottom = changed
    assert left >= width * 0.25 - 1
    assert top >= height * 0.25 - 1
    assert right <= width * 0.75 + 1
    assert bottom <= height * 0.75 + 1
    assert errors == []


async def test_painting_by_keys_erasing_and_taking_back(scene: Scene, browser: Browser) -> None:
    ada = await scene.member()
    link = await link_under(ada, await a_single(ada))
    page = await new_page(browser)
    await page.goto(link)
    status = page.get_by_role("status")
    await page.locator("#mask").focus()
    await page.keyboard.press("Enter")
    for key in ("Shift+ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowDown", "Enter"):
        await page.keyboard.press(key)
    await expect(status).to_contain_text("4 % is marked")
    await page.keyboard.press("Space")
    await expect(status).not_to_contain_text(" 4 %")
    await page.keyboard.press("Control+z")
    await expect(status).to_contain_text("4 % is marked")
    await page.get_by_role("button", name="Clear").click()
    await expect(status).to_have_text("Nothing is marked yet.")
    await page.get_by_role("button", name="Undo").click()
    await expect(status).to_contain_text("4 % is marked")


async def test_painting_by_keys_shows_the_cross_and_says_what_changes(scene: Scene, browser: Browser) -> None:
    ada = await scene.member()
    page = await new_page(browser)
    await page.goto(await link_under(ada, await a_single(ada)))
    status, cross = page.get_by_role("status"), page.locator("#cross")
    await expect(cross).to_have_css("visibility", "hidden")
    await page.get_by_role("button", name="Zoom in").focus()
    await page.keyboard.press("Tab")
    await expect(page.locator("#mask")).to_be_focused()
    await expect(cross).to_have_css("visibility", "visible")
    before = await cross.bounding_box()
    await page.keyboard.press("Shift+ArrowRight")
    after = await cross.bounding_box()
    assert before is not None
    assert after is not None
    assert after["x"] > before["x"]
    await page.keyboard.press("e")
    await expect(status).to_have_text("Erase")
    await page.keyboard.press("]")
    await expect(status).to_have_text("Size 14")
    await page.keyboard.press("Enter")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#begun")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator("#begun")).to_be_hidden()
    await expect(status).to_have_text("Nothing is marked yet.")


async def test_a_second_finger_and_the_other_button_paint_nothing(scene: Scene, browser: Browser) -> None:
    ada = await scene.member()
    page = await new_page(browser)
    await page.goto(await link_under(ada, await a_single(ada)))
    mask, status = page.locator("#mask"), page.get_by_role("status")
    await mask.click(button="right")
    await expect(status).to_have_text("Nothing is marked yet.")
    first = {"pointerId": 1, "pointerType": "touch", "clientX": 200, "clientY": 200}
    second = first | {"pointerId": 2, "clientX": 600, "clientY": 400}
    await page.evaluate("() => { document.querySelector('#mask').setPointerCapture = () => {}; }")
    await mask.dispatch_event("pointerdown", first)
    await mask.dispatch_event("pointerdown", second)
    await mask.dispatch_event("pointermove", second)
    await mask.dispatch_event("pointerup", second)
    await expect(status).to_have_text("Nothing is marked yet.")  # it is told with the end of a stroke
    await mask.dispatch_event("pointercancel", first)
    await expect(status).to_have_text("Nothing is marked yet.")
    await expect(page.get_by_role("button", name="Undo")).to_be_disabled()


async def test_a_link_works_once(scene: Scene) -> None:
    ada = await scene.member()
    link = await link_under(ada, await a_single(ada))
    assert (await send(link, a_mask((8, 8, 40, 40))))[0] == 200
    status, told = await send(link, a_mask((8, 8, 40, 40)))
    assert (status, "sent already" in told["message"]) == (400, True)


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (a_mask(None), "Nothing is marked"),
        (a_mask((0, 0, 64, 64)), "Everything is marked"),
        (a_mask((8, 8, 40, 40), size=(64, 32)), "mask is 64x32"),
        (b"no picture", "not a PNG"),
    ],
    ids=["black", "white", "shape", "broken"],
)
async def test_a_refused_mask_may_be_corrected(scene: Scene, mask: bytes, says: str) -> None:
    ada = await scene.member()
    link = await link_under(ada, await a_single(ada))
    before = len(scene.engine.requests)
    status, told = await send(link, mask)
    assert (status, says in told["message"]) == (400, True), told
    assert len(scene.engine.requests) == before
    assert (await send(link, a_mask((8, 8, 40, 40))))[0] == 200


async def test_a_forged_link_shows_nothing(scene: Scene) -> None:
    ada = await scene.member()
    link = await link_under(ada, await a_single(ada))
    async with aiohttp.ClientSession() as session, session.get(link[:-3] + "abc") as answer:
        assert answer.status == 400
        page = await answer.text()
        assert "not one of ours" in page
        assert 'name="viewport"' in page
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


async def test_a_mask_is_handed_in_where_there_are_no_pages(scene: Scene) -> None:
    await scene.close()
    scene.config = scene.config.model_copy(update={"web": scene.config.web.model_copy(update={"public_url": ""})})
    await scene.open()
    ada = await scene.member()
    single = await a_single(ada)
    help_text = (await ada.response(await ada.press(single, "Vary (Region)")))["content"]
    job_id = help_text.partition("job_id:")[2].partition(" ")[0]
    name = single["attachments"][0]["filename"]
    assert job_id in name  # the whole name will do
    sent = await ada.slash("region", job_id=name, mask=Upload("mask.png", a_mask((8, 8, 40, 40))), prompt="an owl")
    result = await next_result(ada, sent)
    assert result["content"].startswith("**an owl** - Remix (Region) by")


def test_a_link_holds_what_was_pressed_and_ends_after_an_hour() -> None:
    now = {"time": 1_000_000}
    office = TicketOffice("secret", "https://easel.example/", clock=lambda: now["time"])
    link = office.link(BUTTON, ANN, MessageRef(500, 9))
    token = link.removeprefix("https://easel.example/region/")
    ticket = office.read(token)
    assert (ticket.button, ticket.place, ticket.pressed) == (BUTTON, ANN, MessageRef(500, 9))
    now["time"] += LIFETIME_SECONDS + 1
    with pytest.raises(InvalidTicket, match="has ended"):
        office.read(token)
    with pytest.raises(InvalidTicket, match="not one of ours"):
        TicketOffice("other", "https://easel.example").read(token)
