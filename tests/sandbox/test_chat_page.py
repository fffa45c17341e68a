"""The chat page in a real browser: two members, commands, buttons, forms, reactions, ephemeral messages."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, expect

from bot.sandbox import Sandbox
from tests.browser import new_page, running_browser
from tests.patience import PATIENT, still_clock
from tests.sandbox.bot_api import bot_api
from tests.sandbox.studio_bot import StudioBot, png

pytestmark = pytest.mark.browser


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with running_browser() as running:
        yield running


async def visit(browser: Browser, sandbox: Sandbox, member: str, size: tuple[int, int] = (1280, 860)) -> Page:
    """A tab of its own for one member, connected; a script error fails the test at the next action."""
    page = await new_page(browser, viewport={"width": size[0], "height": size[1]})
    await page.goto(f"{sandbox.base_url}/#member={member}")
    await expect(page.locator("#connection")).to_have_text("online")
    return page


async def choose(page: Page, command: str) -> None:
    """Type a command as a person does, who waits until it is offered: slash, its name, Tab."""
    await page.locator("#composer-text").press_sequentially(f"/{command}")
    await expect(page.get_by_role("option", name=f"/{command}").first).to_be_visible()
    await page.keyboard.press("Tab")


async def draw(page: Page, prompt: str) -> None:
    await choose(page, "imagine")
    await page.keyboard.type(prompt)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="U1").last).to_be_visible()


async def test_a_person_draws_presses_answers_a_form_and_reacts(
    browser: Browser, sandbox: Sandbox, bot: StudioBot, tmp_path: Path
) -> None:
    page = await visit(browser, sandbox, "ada")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    await draw(page, "a fox under a full moon")
    result = page.locator(".message", has=page.get_by_role("button", name="V1"))
    await expect(result.locator("strong")).to_have_text("a fox under a full moon")
    await expect(result.locator(".author")).to_have_text("Easel")  # also once the waiting message above has gone
    await expect(result.locator(".mention")).to_have_text("@Ada")
    await expect(result.get_by_role("button", name="Enlarge picture: a fox")).to_be_visible()

    await result.get_by_role("button", name="U1").click()
    await expect(page.locator(".message").last).to_contain_text("Image #1")
    await expect(result.get_by_role("button", name="U1")).to_have_class("button primary")

    await result.get_by_role("button", name="V1").click()
    form = page.get_by_role("dialog", name="Remix")
    await expect(form.get_by_label("Prompt")).to_have_value("a fox")
    await form.get_by_label("Prompt").fill("a red fox")
    await form.get_by_role("button", name="Submit").click()
    await expect(page.locator(".message").last).to_contain_text("a red fox - remixed")
    await expect(form).to_be_hidden()

    await page.get_by_role("button", name="Enlarge picture").first.click()
    await expect(page.get_by_role("dialog").get_by_alt_text("a fox")).to_be_visible()
    await page.keyboard.press("Escape")

    await result.hover()
    await result.get_by_role("button", name="Add reaction").click()
    await page.get_by_role("menuitem", name="React with ⭐").click()
    chip = result.get_by_role("button", name="⭐, 1")
    await expect(chip).to_have_attribute("aria-pressed", "true")
    await chip.click()
    await expect(chip).to_be_hidden()
    await result.hover()
    await result.get_by_role("button", name="React with ✉️").click()
    direct = page.get_by_role("list", name="Direct messages").get_by_role("button", name="Easel")
    await expect(direct).to_have_class("place unread")
    await direct.click()
    await expect(page.locator(".message").last).to_contain_text("Job ID")
    assert errors == []
    assert [item for item in sandbox.contract_violations if item.side == "request"] == []


async def test_two_members_see_one_channel_but_not_each_others_ephemeral_messages(
    browser: Browser, sandbox: Sandbox, bot: StudioBot
) -> None:
    ada, ben = await visit(browser, sandbox, "ada"), await visit(browser, sandbox, "ben")
    await choose(ada, "info")
    await ada.keyboard.press("Enter")
    mine = ada.locator(".message.ephemeral")
    await expect(mine).to_contain_text("Your info")
    await expect(mine).to_contain_text("Only you can see this")

    await ben.locator("#composer-text").fill("hello **Ada**")
    await ben.keyboard.press("Enter")
    await expect(ada.locator(".message").last.locator("strong")).to_have_text("Ada")
    await expect(ben.locator(".message.ephemeral")).to_have_count(0)
    await mine.get_by_role("button", name="Dismiss message").click()
    await expect(mine).to_be_hidden()


async def test_autocomplete_apps_select_and_the_member_switch(
    browser: Browser, sandbox: Sandbox, bot: StudioBot
) -> None:
    page = await visit(browser, sandbox, "cleo")
    await choose(page, "find")
    await page.keyboard.type("fo")
    await expect(page.get_by_role("option", name="forest")).to_be_visible()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")
    await expect(page.locator(".message").last).to_contain_text("found forest")

    last = page.locator(".message").last
    await last.hover()
    await last.get_by_role("button", name="Apps and more").click()
    await page.get_by_role("menuitem", name="Show Seed").click()
    await expect(page.locator(".message.ephemeral")).to_contain_text("seed of")

    await draw(page, "a boat")
    await page.get_by_label("Pick a style").select_option("round")
    await expect(page.locator(".message").last).to_contain_text("style round")

    await page.get_by_role("button", name="Switch member").click()
    await page.get_by_role("menuitem", name="Be Ben").click()
    await expect(page.locator("#my-name")).to_have_text("Ben")
    await expect(page.locator(".message", has_text="found forest")).to_be_visible()
    await expect(page.locator(".message.ephemeral")).to_have_count(0)


async def test_silence_is_reported_and_the_page_comes_back_after_a_break(
    browser: Browser, sandbox: Sandbox, bot: StudioBot
) -> None:
    page = await visit(browser, sandbox, "ada")
    await choose(page, "silence")
    async with page.expect_response(lambda response: response.url.endswith("/interactions")):
        await page.keyboard.press("Enter")
    sandbox.clock.advance(3)
    await expect(page.locator(".sending")).to_contain_text("did not respond to /silence")

    ben = await sandbox.member("ben")
    sandbox.gateway.drop(sandbox.user("ada").id, how="abort")
    await ben.say("while you were away")
    await expect(page.locator(".message").last).to_contain_text("while you were away")
    sandbox.gateway.drop(sandbox.user("ada").id, can_resume=False)
    await ben.say("and again")
    await expect(page.locator(".message").last).to_contain_text("and again")


async def test_files_are_sent_and_unread_channels_are_marked(
    browser: Browser, sandbox: Sandbox, bot: StudioBot
) -> None:
    ada, ben = await visit(browser, sandbox, "ada"), await visit(browser, sandbox, "ben")
    await ben.get_by_role("button", name="general").click()
    await ada.set_input_files("#attach", {"name": "look here.png", "mimeType": "image/png", "buffer": png()})
    await expect(ada.locator("#staged")).to_contain_text("look here.png")
    await ada.locator("#composer-text").fill(f"see <@{sandbox.user('ben').id}>")
    await ada.keyboard.press("Enter")
    await expect(ada.locator(".message").last.get_by_role("button", name="Enlarge picture")).to_be_visible()

    studio = ben.get_by_role("list", name="Channels").get_by_role("button", name="studio")
    await expect(studio.get_by_label("1 mentions")).to_be_visible()
    await expect(ben).to_have_title("(1) general · Easel sandbox")
    await studio.click()
    await expect(ben.get_by_role("separator")).to_have_text("New")
    await expect(ben.locator(".me-mention")).to_have_text("@Ben")
    await expect(ben).to_have_title("studio · Easel sandbox")
    await ben.keyboard.press("ArrowUp")
    await expect(ben.locator(".message").last).to_be_focused()


async def test_who_types_faster_than_the_list_of_commands_comes_needs_one_enter(
    browser: Browser, sandbox: Sandbox, bot: StudioBot
) -> None:
    page, typed = await visit(browser, sandbox, "ada"), asyncio.Event()

    async def wait_for_typing(route: Route) -> None:
        await typed.wait()
        await route.continue_()

    await page.route("**/application-command-index", wait_for_typing)
    await page.locator("#composer-text").press_sequentially("/imagine a boat")
    await page.keyboard.press("Enter")
    typed.set()
    await expect(page.get_by_role("button", name="U1")).to_have_count(1)
    await expect(page.locator(".message strong")).to_have_text("a boat")


async def test_what_the_bot_says_is_read_out(browser: Browser, sandbox: Sandbox, bot: StudioBot) -> None:
    page = await visit(browser, sandbox, "ada")
    told = page.locator("#announce")
    await expect(page.get_by_role("heading", name="studio", exact=True, level=1)).to_be_visible()
    await expect(page.get_by_role("heading", name="Welcome to #studio", level=2)).to_be_visible()
    await draw(page, "a boat")
    await expect(told).to_contain_text("Easel: a boat")
    await expect(told).to_contain_text("picture: a fox")
    await choose(page, "info")
    await page.keyboard.press("Enter")
    await expect(told).to_have_text("Easel: only to you, Your info, Job Mode: Fast")
    mine = page.locator(".message.ephemeral")
    await expect(mine).to_have_attribute("aria-label", re.compile("Easel, .*: only to you, Your info"))
    await mine.get_by_role("button", name="Dismiss message").click()
    await expect(page.locator("#composer-text")).to_be_focused()


async def test_where_a_message_goes_the_focus_stays_among_the_others(
    browser: Browser, sandbox: Sandbox, bot: StudioBot
) -> None:
    page = await visit(browser, sandbox, "ada")
    ben = await sandbox.member("ben")
    gone, stays = await ben.say("I go"), await ben.say("I stay")
    await page.locator(f"#message-{gone['id']}").focus()
    await ben.request("DELETE", f"/channels/{gone['channel_id']}/messages/{gone['id']}")
    await expect(page.locator(f"#message-{stays['id']}")).to_be_focused()


async def test_the_answer_to_a_command_is_in_sight_wherever_one_has_scrolled(
    browser: Browser, sandbox: Sandbox, bot: StudioBot
) -> None:
    page, ben = await visit(browser, sandbox, "ada"), await sandbox.member("ben")
    for number in range(40):
        await ben.say(f"line {number}")
    last = page.get_by_text("line 39", exact=True)
    await expect(last).to_be_in_viewport()
    await page.get_by_text("line 3", exact=True).scroll_into_view_if_needed()
    await expect(last).not_to_be_in_viewport()
    await choose(page, "info")
    await page.keyboard.press("Enter")
    await expect(page.locator(".embed")).to_be_in_viewport()


async def test_a_reply_says_when_what_it_answers_is_gone(browser: Browser, sandbox: Sandbox, bot: StudioBot) -> None:
    page = await visit(browser, sandbox, "ada")
    ben = await sandbox.member("ben")
    gone = await ben.say("I go")
    path = f"/channels/{gone['channel_id']}/messages"
    await ben.request("POST", path, {"content": "so do I", "message_reference": {"message_id": gone["id"]}})
    reply = page.locator(".message", has_text="so do I")
    await expect(reply.locator(".context")).to_contain_text("I go")
    await ben.request("DELETE", f"{path}/{gone['id']}")
    await expect(reply.locator(".context")).to_have_text("The original message was deleted")


async def test_a_link_to_a_message_leads_there(browser: Browser, sandbox: Sandbox, bot: StudioBot) -> None:
    page = await visit(browser, sandbox, "ada")
    await page.locator("#composer-text").fill("here I am")
    await page.keyboard.press("Enter")
    mine = page.locator(".message", has_text="here I am")
    await expect(mine).to_be_visible()
    await choose(page, "link")
    await page.keyboard.type(str(sandbox.messages("studio")[-1].id))
    await page.keyboard.press("Enter")
    await page.get_by_role("button", name="Jump to the message").click()
    await expect(mine).to_be_focused()


async def test_a_picture_in_an_embed_is_shown_once_and_can_be_enlarged(
    browser: Browser, sandbox: Sandbox, bot: StudioBot
) -> None:
    page = await visit(browser, sandbox, "ada")
    await choose(page, "card")
    await page.keyboard.press("Enter")
    await expect(page.locator(".embed")).to_contain_text("A card")
    picture = page.get_by_role("button", name="Enlarge picture: a fox")
    await expect(picture).to_have_count(1)
    await picture.click()
    await expect(page.get_by_role("dialog").get_by_alt_text("a fox")).to_be_visible()


async def test_escape_leaves_a_command_and_what_is_missing_is_said(
    browser: Browser, sandbox: Sandbox, bot: StudioBot
) -> None:
    page = await visit(browser, sandbox, "ada")
    text = page.locator("#composer-text")
    await text.press_sequentially("/imagine ")
    prompt = page.get_by_label("prompt: what to draw")
    await expect(prompt).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(prompt).to_have_attribute("aria-invalid", "true")
    await expect(prompt).to_have_accessible_description("prompt is required. what to draw")
    await page.keyboard.press("Escape")
    await expect(text).to_be_focused()
    await expect(text).to_have_value("")
    await text.press_sequentially("/ima")
    await expect(page.get_by_role("option", name="/imagine")).to_be_visible()
    await page.get_by_role("heading", name="studio", exact=True).click()
    await expect(page.get_by_role("listbox")).to_be_hidden()


async def test_the_page_fits_a_phone(browser: Browser, sandbox: Sandbox, bot: StudioBot) -> None:
    page = await visit(browser, sandbox, "ada", (390, 780))
    await draw(page, "a boat")
    drawer = page.get_by_role("button", name="Channels")
    await drawer.click()
    await expect(page.get_by_role("button", name="studio")).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(drawer).to_be_focused()
    await expect(drawer).to_have_attribute("aria-expanded", "false")
    await drawer.click()
    await page.mouse.click(380, 300)
    await expect(page.get_by_role("button", name="studio")).to_be_hidden()
    await drawer.click()
    await page.get_by_role("button", name="general").click()
    await expect(page.get_by_role("heading", name="general", exact=True)).to_be_visible()
    await page.locator("#composer-text").press_sequentially("/imagine ")
    await page.get_by_role("button", name="+ image").click()
    await expect(page.get_by_label("image: a picture to start from")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390
    assert await page.evaluate("document.querySelector('#composer').scrollWidth") <= 390


async def test_another_server_and_an_app_of_ones_own(browser: Browser) -> None:
    """Where the bot is no member its commands are there only for those who carry it with them."""
    config = replace(PATIENT, other_guild_name="Elsewhere")
    async with Sandbox(config, still_clock()) as sandbox, bot_api(sandbox) as api:
        await api.register(
            {"name": "imagine", "description": "Draw", "contexts": [0, 1, 2], "integration_types": [0, 1]}
        )
        page = await visit(browser, sandbox, "ada")
        elsewhere = page.get_by_role("list", name="Elsewhere")
        await elsewhere.get_by_role("button", name="lounge").click()
        await expect(page.get_by_role("heading", name="lounge", exact=True)).to_be_visible()
        await page.locator("#composer-text").fill("/imagine")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("alert")).to_contain_text("There is no command /imagine here")
        await page.get_by_role("button", name="Switch member").click()
        await page.get_by_role("menuitem", name="Add the app to my account").click()
        await expect(page.get_by_role("alert")).to_contain_text("in every server")
        await page.locator("#composer-text").fill("")
        await page.locator("#composer-text").press_sequentially("/ima")
        await expect(page.get_by_role("option", name="/imagine")).to_be_visible()
        await page.keyboard.press("Enter")
        async with page.expect_response(lambda response: response.url.endswith("/interactions")) as answered:
            await page.keyboard.press("Enter")
        assert (await answered.value).status == 204
