"""`/prefer auto_dm`: every finished job by direct message as well, once, with buttons that work there."""

from tests.ui.conftest import Scene, buttons_of, draw, is_result, press_for_result


async def test_copies_come_by_direct_message(scene: Scene) -> None:
    ada = await scene.member()
    direct = await ada.open_dm()
    sent = await ada.slash("prefer auto_dm")
    told = await ada.wait_for_message(lambda message: "direct message" in message["content"], since=sent)
    assert told["flags"] & 64
    grid = await draw(ada, "a fox")
    copy = await ada.wait_for_message(lambda message: message["channel_id"] == direct["id"] and is_result(message))
    assert copy["content"] == grid["content"]
    assert copy["attachments"][0]["filename"] == grid["attachments"][0]["filename"]
    assert buttons_of(copy).keys() == buttons_of(grid).keys()
    upscaled = await press_for_result(ada, copy, "U1")
    assert upscaled["channel_id"] == direct["id"]
    await scene.close()  # what is under way is finished first
    assert len([m for m in await ada.messages(direct) if is_result(m)]) == 2  # what is made there needs no copy


async def test_a_lost_confirmation_does_not_double_the_copy(scene: Scene) -> None:
    ada = await scene.member()
    direct = await ada.open_dm()
    await ada.wait_for_message(lambda m: "direct message" in m["content"], since=await ada.slash("prefer auto_dm"))
    scene.sandbox.faults.add("POST", rf"/channels/{direct['id']}/messages", cut="after")
    await draw(ada, "a fox")
    await scene.restart()
    await draw(ada, "a second fox")
    await ada.wait_for_message(lambda message: message["channel_id"] == direct["id"] and "second" in message["content"])
    assert len([m for m in await ada.messages(direct) if is_result(m)]) == 2
