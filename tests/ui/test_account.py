"""`/info`, `/help` and the message menu."""

from tests.ui.conftest import Scene, draw


async def test_info_is_deferred_and_then_edited(scene: Scene) -> None:
    """Client programs wait for the edit, and read keys and values line by line."""
    ada = await scene.member("ada")
    await draw(ada, "a fox")
    gate = scene.engine.hold()
    waiting = await ada.response(await ada.slash("imagine", prompt="an owl"))
    await gate.reached()
    sent = await ada.slash("info")
    deferred = await ada.response(sent)
    assert deferred["embeds"] == []
    info = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert info["id"] == deferred["id"]
    assert info["flags"] & 64
    assert info["interaction"]["name"] == "info"
    (embed,) = info["embeds"]
    assert "Your info" in embed["title"]
    lines = dict(line.removeprefix("**").split("**: ") for line in embed["description"].splitlines() if line)
    assert lines["Subscription"] == "Open studio (Active)"
    assert lines["Job Mode"] == "Fast"
    assert lines["Lifetime Usage"] == "1 images (0.00 hours)"
    assert lines["Queued Jobs (fast)"] == "0"
    assert lines["Running Jobs"].endswith(f"/{waiting['channel_id']}/{waiting['id']}")


async def test_help(scene: Scene) -> None:
    ada = await scene.member("ada")
    answer = await ada.response(await ada.slash("help"))
    assert "/imagine" in answer["embeds"][0]["description"]
    assert "✉️ to get it by direct message" in answer["embeds"][0]["description"]
    assert answer["flags"] & 64


async def test_cancel_from_the_menu(scene: Scene) -> None:
    gate = scene.engine.hold(step=1)
    ada, ben = await scene.member("ada"), await scene.member("ben")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    refused = await ben.response(await ben.context_menu("Cancel Job", waiting))
    assert refused["embeds"][0]["title"] == "Job action restricted"
    assert (await ada.response(await ada.context_menu("Cancel Job", waiting)))["content"] == "The job is cancelled."
    await ada.wait_for_message(lambda message: "(Stopped)" in message["content"])


async def test_results_by_direct_message_from_the_menu(scene: Scene) -> None:
    ada = await scene.member("ada")
    grid = await draw(ada, "a fox --seed 7")
    await ada.context_menu("DM Results", grid)
    received = await ada.wait_for_message(lambda message: "**seed** 7" in message["content"])
    assert received["channel_id"] != grid["channel_id"]
    assert len(received["attachments"]) == 4


async def test_the_menu_on_a_message_that_is_no_job(scene: Scene) -> None:
    ada = await scene.member("ada")
    said = await ada.say("hello")
    answer = await ada.response(await ada.context_menu("Cancel Job", said))
    assert "no longer here" in answer["embeds"][0]["description"]


async def test_closed_direct_messages_are_told(scene: Scene) -> None:
    ada = await scene.member("ada")
    grid = await draw(ada, "a fox")
    scene.sandbox.close_dms("ada")
    sent = await ada.context_menu("DM Results", grid)
    told = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert "Allow direct messages" in told["embeds"][0]["description"]
