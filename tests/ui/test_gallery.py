"""`/gallery` over the socket: pages, pictures in full, searching, the trash."""

import asyncio
import io
import shutil

from PIL import Image

from bot.sandbox import Member, Sent
from bot.sandbox.wire import Json
from tests.ui.conftest import Scene, buttons_of, draw


async def shown(member: Member, sent: Sent) -> Json:
    """The gallery message once it is filled."""
    return await member.wait_for_message(lambda message: bool(message["embeds"]), since=sent)


async def test_pages_of_pictures(scene: Scene) -> None:
    ada = await scene.member("ada")
    await draw(ada, "a red fox")
    await draw(ada, "a blue owl")
    page = await shown(ada, await ada.slash("gallery"))
    assert page["flags"] & 64
    whose, *lines = page["embeds"][0]["description"].splitlines()
    assert whose == f"Pictures of {ada.mention}"
    assert lines == ["`1-4` a blue owl"]
    assert page["embeds"][0]["footer"]["text"] == "Page 1 of 2 · 8 pictures"
    assert page["attachments"][0]["filename"] == "gallery.webp"
    assert buttons_of(page)["◀ Previous"]["disabled"]

    second = await shown(ada, await ada.press(page, "Next ▶"))
    assert second["id"] == page["id"]
    assert "a red fox" in second["embeds"][0]["description"]
    assert buttons_of(second)["Next ▶"]["disabled"]
    first = await shown(ada, await ada.press(second, "◀ Previous"))
    assert first["embeds"][0]["footer"]["text"] == "Page 1 of 2 · 8 pictures"


async def test_a_picture_in_full(scene: Scene) -> None:
    ada = await scene.member("ada")
    await draw(ada, "a red fox --seed 7")
    page = await shown(ada, await ada.slash("gallery"))
    opened = await shown(ada, await ada.press(page, "2"))
    assert opened["id"] != page["id"]
    assert opened["flags"] & 64
    (embed,) = opened["embeds"]
    fields = {field["name"]: field["value"] for field in embed["fields"]}
    assert embed["description"] == "**a red fox --seed 7**"
    number = int(embed["footer"]["text"].rpartition(" ")[2])
    assert fields["Seed"] == f"`{7 + number - 1}`"
    assert fields["Parameters"] == "`--ar 1:1` `--q 1`"
    picture = Image.open(io.BytesIO(await ada.download(opened["attachments"][0])))
    assert picture.size == (64, 64)


async def test_an_opened_picture_is_shown_in_the_chat_with_its_buttons(scene: Scene) -> None:
    ada = await scene.member("ada")
    grid = await draw(ada, "a red fox")
    page = await shown(ada, await ada.slash("gallery"))
    opened = await shown(ada, await ada.press(page, "2"))
    again = await ada.wait_for_message(
        lambda message: "U1" in buttons_of(message), since=await ada.press(opened, "Show in the chat")
    )
    assert again["id"] != grid["id"]
    assert not again["flags"] & 64
    assert again["content"] == grid["content"]


async def test_somebody_elses_pictures_and_a_search(scene: Scene) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    await draw(ada, "a red fox")
    await draw(ada, "a blue owl")
    page = await shown(ben, await ben.slash("gallery", member=ada, search="OWL blue"))
    assert page["embeds"][0]["footer"]["text"] == "Page 1 of 1 · 4 pictures"
    opened = await shown(ben, await ben.press(page, "1"))
    assert opened["components"] == []
    assert "blue owl" in opened["embeds"][0]["description"]


async def test_a_search_turns_pages_after_a_restart(scene: Scene) -> None:
    ada = await scene.member("ada")
    await draw(ada, "a red fox")
    await draw(ada, "a red owl")
    await draw(ada, "a blue owl")
    page = await shown(ada, await ada.slash("gallery", search="red"))
    await scene.restart()
    second = await shown(ada, await ada.press(page, "Next ▶"))
    assert second["embeds"][0]["footer"]["text"] == "Page 2 of 2 · 8 pictures"


async def test_nothing_there(scene: Scene) -> None:
    ada = await scene.member("ada")
    empty = await shown(ada, await ada.slash("gallery"))
    assert "no pictures here yet" in empty["embeds"][0]["description"]
    none_found = await shown(ada, await ada.slash("gallery", search="zebra"))
    assert "Try fewer words" in none_found["embeds"][0]["description"]


async def test_into_the_trash_and_out_of_it(scene: Scene) -> None:
    ada = await scene.member("ada")
    grid = await draw(ada, "a red fox")
    page = await shown(ada, await ada.slash("gallery"))
    opened = await shown(ada, await ada.press(page, "1"))
    moved = await ada.press(opened, "Move all 4 to the trash")
    await ada.wait_until_deleted(grid)
    toggled = await ada.wait_for_message(lambda message: message["id"] == opened["id"], since=moved)
    assert list(buttons_of(toggled)) == ["Take all 4 out of the trash"]
    assert "no pictures" in (await shown(ada, await ada.slash("gallery")))["embeds"][0]["description"]
    trash = await shown(ada, await ada.slash("gallery", trash=True))
    assert trash["embeds"][0]["title"] == "Trash"

    from_trash = await shown(ada, await ada.press(trash, "1"))
    restored = await ada.press(from_trash, "Take all 4 out of the trash")
    await ada.wait_for_message(lambda message: "Move all 4 to the trash" in buttons_of(message), since=restored)
    back = await shown(ada, await ada.slash("gallery"))
    assert back["embeds"][0]["footer"]["text"] == "Page 1 of 1 · 4 pictures"


async def test_the_trash_of_others_stays_closed(scene: Scene) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    answer = await ben.response(await ben.slash("gallery", member=ada, trash=True))
    assert answer["embeds"][0]["title"] == "Job action restricted"


async def test_a_picture_whose_bytes_are_gone(scene: Scene) -> None:
    ada = await scene.member("ada")
    await draw(ada, "a red fox")
    page = await shown(ada, await ada.slash("gallery"))
    await asyncio.to_thread(shutil.rmtree, scene.config.images.store)
    told = await shown(ada, await ada.press(page, "1"))
    assert "no longer here" in told["embeds"][0]["description"]


async def test_a_picture_that_is_too_large_for_the_chat(scene: Scene) -> None:
    ada = await scene.member("ada")
    await draw(ada, "a red fox")
    page = await shown(ada, await ada.slash("gallery"))
    scene.sandbox.set_upload_limit(64)
    opened = await shown(ada, await ada.press(page, "1"))
    assert opened["embeds"][0]["title"] == "Picture too large"
