"""Our pages in the language of the member; where none is known, in the browser's."""

import aiohttp
from playwright.async_api import Browser, expect

from bot.sandbox import Sandbox
from tests.browser import new_page
from tests.ui.conftest import Scene, buttons_of, draw, press_for_result


async def text_of(url: str, accepted: str) -> str:
    async with aiohttp.ClientSession() as http, http.get(url, headers={"Accept-Language": accepted}) as page:
        return await page.text()


async def test_the_page_speaks_the_language_of_its_link(scene: Scene) -> None:
    scene.sandbox.set_locale("ada", "de")
    ada = await scene.member("ada")
    single = await press_for_result(ada, await draw(ada, "a fox"), "U1")
    answer = await ada.response(await ada.press(single, "Vary (Region)"))
    link = str(buttons_of(answer)["Pinsel öffnen"]["url"])
    text = await text_of(link, "fr")
    assert '<html lang="de">' in text
    assert "Übermale, was neu gemalt werden soll." in text
    assert "Noch ist nichts markiert." in text
    assert "Ce lien n&#x27;est pas l&#x27;un des nôtres." in await text_of(f"{link}x", "fr-CA, de;q=0.5")


async def test_the_chat_page_makes_its_member_speak_the_browser_s(
    scene: Scene, sandbox: Sandbox, browser: Browser
) -> None:
    page = await new_page(browser, locale="de-AT")
    await page.goto(f"{sandbox.base_url}/#member=ada")
    await expect(page.locator("#connection")).to_have_text("online")
    await page.locator("#composer-text").press_sequentially("/fas")
    await expect(page.get_by_role("option", name="/fast")).to_contain_text("Mit Fast-Zeit malen")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    done = page.get_by_role("log").get_by_text("Done! Deine Aufträge werden gemalt")
    await expect(done).to_be_visible()
