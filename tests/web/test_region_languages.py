"""The page of the brush in the language of the member whose link it is; without a member in the browser's."""

import aiohttp

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
