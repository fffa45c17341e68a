"""The real discord.py client against the stand-in: commands, answers, edits, buttons, modals, reactions, files."""

import io

from PIL import Image

from bot.sandbox import Sandbox, Upload
from tests.sandbox.studio_bot import JOB, StudioBot, png


async def test_slash_command_runs_from_waiting_to_a_new_result_message(sandbox: Sandbox, bot: StudioBot) -> None:
    ada = await sandbox.member("ada")
    sent = await ada.slash("imagine", prompt="a fox under a full moon")
    waiting = await ada.response(sent)
    result = await ada.wait_for_message(lambda message: bool(message["components"]), since=sent)
    await ada.wait_until_deleted(waiting)

    updates = [event.data for event in ada.events if event.name == "MESSAGE_UPDATE"]
    assert waiting["flags"] == 128
    assert waiting["type"] == 20
    assert waiting["interaction"]["name"] == "imagine"
    assert waiting["interaction"]["user"]["id"] == ada.id
    assert [update["content"].rpartition("- ")[2].split(" ", 1)[1] for update in updates] == [
        "(Waiting to start)",
        "(31%) (fast)",
        "(62%) (fast)",
    ]
    assert all("nonce" not in update and update["interaction"]["name"] == "imagine" for update in updates)
    assert result["id"] != waiting["id"]
    assert "interaction" not in result
    assert result.get("nonce") != sent.nonce
    assert result["content"] == f"**a fox under a full moon** - {ada.mention} (fast)"
    assert [user["id"] for user in result["mentions"]] == [ada.id]
    attachment = result["attachments"][0]
    assert attachment["filename"] == f"ada_a_fox_{JOB}.png"
    assert (attachment["width"], attachment["height"], attachment["description"]) == (64, 64, "a fox")
    assert Image.open(io.BytesIO(await ada.download(attachment))).size == (64, 64)


async def test_a_button_edits_its_message_and_answers_as_a_reply(sandbox: Sandbox, bot: StudioBot) -> None:
    ben = await sandbox.member("ben")
    await ben.slash("imagine", prompt="a boat")
    grid = await ben.wait_for_message(lambda message: bool(message["components"]))
    sent = await ben.press(grid, "U1")
    single = await ben.wait_for_message(lambda message: "Image #1" in message["content"], since=sent)

    assert single["type"] == 19
    assert single["message_reference"]["message_id"] == grid["id"]
    assert ben.inbox[grid["id"]]["components"][0]["components"][0]["style"] == 1


async def test_a_modal_opens_for_the_caller_and_its_text_comes_back(sandbox: Sandbox, bot: StudioBot) -> None:
    ada = await sandbox.member("ada")
    await ada.slash("imagine", prompt="a boat")
    grid = await ada.wait_for_message(lambda message: bool(message["components"]))
    modal = await ada.modal(await ada.press(grid, "V1"))
    answer = await ada.response(await ada.submit_modal(modal, {"new_prompt": "a red boat"}))

    assert modal["title"] == "Remix"
    assert answer["content"] == "**a red boat** - remixed"
    assert answer["message_reference"]["message_id"] == grid["id"]


async def test_an_ephemeral_answer_reaches_its_caller_alone(sandbox: Sandbox, bot: StudioBot) -> None:
    ada, ben = await sandbox.member("ada"), await sandbox.member("ben")
    sent = await ada.slash("info")
    deferred = await ada.response(sent)
    filled = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    public = await ada.response(await ada.slash("find", text="fox"))
    await ben.wait_for_message(lambda message: message["id"] == public["id"])

    assert filled["id"] == deferred["id"], "the first follow-up fills the deferred message"
    assert filled["flags"] == 64
    assert filled["id"] not in ben.inbox
    assert [message["id"] for message in await ben.messages()] == [public["id"]]


async def test_autocomplete_context_menu_sub_command_and_select(sandbox: Sandbox, bot: StudioBot) -> None:
    ada = await sandbox.member("ada")
    assert [choice["name"] for choice in await ada.autocomplete("find", "text", "fo")] == ["fox", "forest"]

    said = await ada.say("hello")
    answer = await ada.response(await ada.context_menu("Show Seed", said))
    assert answer["content"] == f"seed of {said['id']}"
    assert answer["type"] == 23

    answer = await ada.response(await ada.slash("prefer remix"))
    assert answer["interaction"]["name"] == "prefer remix"

    await ada.slash("imagine", prompt="a boat")
    grid = await ada.wait_for_message(lambda message: bool(message["components"]))
    answer = await ada.response(await ada.choose(grid, "Pick a style", "round"))
    assert answer["content"] == "style round"


async def test_files_go_to_the_bot_through_upload_slots(sandbox: Sandbox, bot: StudioBot) -> None:
    ada = await sandbox.member("ada")
    content = png("red")
    sent = await ada.slash("imagine", prompt="like this", image=Upload("start here.png", content))
    result = await ada.wait_for_message(lambda message: bool(message["components"]), since=sent)
    assert result["content"].endswith(f"from {len(content)} bytes")


async def test_a_command_in_a_direct_channel_knows_its_place_and_limit(sandbox: Sandbox, bot: StudioBot) -> None:
    sandbox.set_upload_limit(12345)
    ben = await sandbox.member("ben")
    direct = await ben.open_dm()
    answer = await ben.response(await ben.slash("where", channel=direct))
    assert answer["content"] == "private, guild None, 12345 bytes, ben"
    assert answer["channel_id"] == direct["id"]
    elsewhere = await ben.response(await ben.slash("where"))
    assert elsewhere["content"] == f"text, guild {sandbox.world.guild.id}, 12345 bytes, ben"


async def test_a_reaction_brings_a_direct_message(sandbox: Sandbox, bot: StudioBot) -> None:
    ben = await sandbox.member("ben")
    await ben.slash("imagine", prompt="a boat")
    grid = await ben.wait_for_message(lambda message: bool(message["components"]))
    await ben.react(grid, "✉️")
    seen = await bot.seen_reactions.get()
    direct = await ben.wait_for_message(lambda message: "Job ID" in message["content"])

    assert (str(seen.user_id), str(seen.message_id), str(seen.message_author_id)) == (
        ben.id,
        grid["id"],
        sandbox.config.application_id,
    )
    assert direct["channel_id"] == (await ben.open_dm())["id"]
    assert "guild_id" not in direct


async def test_a_dropped_gateway_resumes_and_misses_nothing(sandbox: Sandbox, bot: StudioBot) -> None:
    ada = await sandbox.member("ada")
    sandbox.drop_bot(how="abort")
    answer = ada.response(await ada.slash("find", text="moon"))
    await bot.resumed.wait()
    assert (await answer)["content"] == "found moon"
