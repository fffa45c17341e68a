"""Members who read other languages: our own words are theirs, what programs read is the same for all."""

from typing import Any

import pytest

from bot.sandbox.member import Member
from bot.sandbox.permission import Permission
from bot.sandbox.wire import Json
from engine.protocol import FailureCode
from tests.ui.conftest import Scene, buttons_of, draw, is_result, press_for_result
from tests.ui.test_delivery import by_direct_message
from tests.ui.test_settings import LABELS, open_settings, told


async def reader(scene: Scene, locale: str, name: str = "ada") -> Member:
    scene.sandbox.set_locale(name, locale)
    return await scene.member(name)


async def embed_after(member: Member, command: str, **options: Any) -> Json:
    sent = await member.slash(command, **options)
    message = await member.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    return dict(message["embeds"][0])


@pytest.mark.parametrize(
    ("locale", "says"),
    [
        ("de", "Done! Deine Aufträge werden gemalt,"),
        ("ja", "Done! 順番が来たら"),
        ("es-419", "Done! Tus trabajos se dibujan"),
        ("tr", "Done! Your jobs are drawn"),
    ],
)
async def test_replies_follow_the_words_that_programs_know(scene: Scene, locale: str, says: str) -> None:
    ada = await reader(scene, locale)
    assert (await told(ada, "fast")).startswith(says)


async def test_two_members_at_once_are_each_told_in_their_own(scene: Scene) -> None:
    ada, ben = await reader(scene, "de"), await reader(scene, "ja", "ben")
    assert (await told(ada, "prefer remix")).startswith("Remix mode turned on! Bei Variationen")
    assert (await told(ben, "prefer remix")).startswith("Remix mode turned on! 画像の")
    assert (await told(ada, "prefer remix")).startswith("Remix mode turned off! Variationen eines Bildes")


async def test_what_programs_read_of_a_job_is_the_same(scene: Scene) -> None:
    ada = await reader(scene, "de")
    sent = await ada.slash("imagine", prompt="a fox")
    waiting = await ada.response(sent)
    assert waiting["content"] == f"**a fox** - {ada.mention} (Waiting to start)"
    assert list(buttons_of(waiting)) == ["Cancel Job"]
    grid = (await ada.wait_for(lambda event: event.name == "MESSAGE_CREATE" and is_result(event.data))).data
    assert grid["content"] == f"**a fox** - {ada.mention} (fast)"
    single = await press_for_result(ada, grid, "U1")
    assert single["content"] == f"**a fox** - Image #1 {ada.mention}"
    assert {"Upscale (Subtle)", "Vary (Region)", "Zoom Out 2x"} <= buttons_of(single).keys()


async def test_settings_keep_their_labels(scene: Scene) -> None:
    settings = await open_settings(await reader(scene, "ja"))
    versions, looks, *rows = (row["components"] for row in settings["components"])
    assert [switch["label"] for row in rows for switch in row] == LABELS
    assert "Version 6.1 (V6.1)" in [option["label"] for option in versions[0]["options"]]
    assert versions[0]["placeholder"] == "バージョンを選ぶ"
    assert "油絵" in [option["label"] for option in looks[0]["options"]]


async def test_info_keeps_its_keys(scene: Scene) -> None:
    embed = await embed_after(await reader(scene, "ru"), "info")
    assert embed["title"] == "Your info"
    assert "**Job Mode**: Fast\n" in embed["description"]


async def test_errors_keep_their_titles_and_what_programs_know_of_them(scene: Scene) -> None:
    ada = await reader(scene, "de")
    embed = await embed_after(ada, "imagine", prompt="fox --ar3:2")
    assert embed["title"] == "Invalid parameter"
    assert embed["description"] == (
        "Unrecognized parameter(s): ar3:2. Setz ein Leerzeichen zwischen Name und Wert: `--ar 3:2`."
    )
    embed = await embed_after(ada, "imagine", prompt="fox --s 2000 --v 7")
    assert embed["description"] == ("`--stylize` must be between 0 and 1000 with `--version 7`. Du wolltest 2000.")


async def test_buttons_of_our_own_are_in_the_language(scene: Scene) -> None:
    ada = await reader(scene, "fr")
    await draw(ada, "a fox")
    sent = await ada.slash("gallery")
    page = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert {"◀ Précédent", "Suivant ▶"} <= buttons_of(page).keys()
    assert page["embeds"][0]["footer"]["text"] == "Page 1 sur 1 · 4 images"


async def test_a_failure_later_on_is_told_in_the_language_of_who_asked(scene: Scene) -> None:
    """Nobody presses anything any more: the job knows it."""
    scene.engine.fail_next(FailureCode.OUT_OF_MEMORY)
    ada = await reader(scene, "ko")
    sent = await ada.slash("imagine", prompt="a fox")
    failed = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert failed["content"].endswith("(Failed)")
    embed = failed["embeds"][0]
    assert (embed["title"], embed["description"][:12]) == ("Internal error", "이 이미지를 그리기엔 ")


async def test_a_direct_message_is_in_the_language_of_who_asked(scene: Scene) -> None:
    ada = await reader(scene, "it")
    gate = scene.engine.hold(0)
    sent = await ada.slash("imagine", prompt="a fox")
    waiting = await ada.response(sent)
    scene.sandbox.deny_bot("studio", Permission.SEND_MESSAGES, Permission.ATTACH_FILES)
    await gate.reached()
    gate.open()
    letter = await by_direct_message(ada, waiting)
    assert "Non ho potuto mostrarlo in" in letter["content"]
    assert "È conservata nella tua `/galleria`." in letter["content"]


async def test_commands_are_offered_in_every_language_and_found_by_their_names(scene: Scene) -> None:
    ada = await reader(scene, "de")
    index = await ada.request("GET", f"/guilds/{scene.sandbox.world.guild.id}/application-command-index")
    commands = {command["name"]: command for command in index["application_commands"]}
    assert commands["imagine"]["description_localizations"]["ja"] == "プロンプトから画像を4枚描く"
    assert not commands["imagine"].get("name_localizations")
    assert commands["gallery"]["name_localizations"]["pt-BR"] == "galeria"
    assert commands["Cancel Job"]["name_localizations"]["zh-CN"] == "取消任务"


async def test_a_reaction_is_answered_in_the_language_that_the_job_was_asked_in(scene: Scene) -> None:
    """A reaction tells nobody's language, and its answer comes by direct message."""
    ada = await reader(scene, "pt-BR")
    grid = await draw(ada, "a fox")
    scene.sandbox.faults.add("DELETE", r"/channels/\d+/messages/\d+$", status=403, code=50013)
    await ada.react(grid, "❌")
    letter = await ada.wait_for_message(lambda message: message["channel_id"] != grid["channel_id"])
    assert letter["content"] == (
        "**Job action restricted**\nAs imagens estão na sua lixeira, mas não posso apagar a mensagem aqui."
    )
