"""`/settings`, `/prefer` and the modes: stored at once, shown in place, and read by the next prompt."""

import re
from typing import Any

import pytest

from bot.sandbox import Member
from bot.sandbox.wire import Json
from tests.ui.conftest import Scene, buttons_of, draw, press_for_result

LABELS = [
    *("RAW Mode", "Personalization", "Public mode", "Remix mode", "Sticky Style"),
    *("Stylize low", "Stylize med", "Stylize high", "Stylize very high", "Reset Settings"),
    *("High Variation Mode", "Low Variation Mode", "Turbo mode", "Fast mode", "Relax mode"),
]


async def open_settings(member: Member) -> Json:
    """As client programs take it: the edit of the deferred answer, which has no nonce."""
    sent = await member.slash("settings")
    edit = await member.wait_for(lambda e: e.name == "MESSAGE_UPDATE" and e.data["components"], since=sent.mark)
    shown = edit.data
    assert shown["interaction"]["name"] == "settings"
    assert "nonce" not in shown
    assert shown["flags"] & 64
    return shown


async def told(member: Member, command: str, **options: Any) -> str:
    sent = await member.slash(command, **options)
    answer = await member.wait_for_message(
        lambda message: message.get("interaction", {}).get("name") == command and bool(message["content"]), since=sent
    )
    assert answer["flags"] & 64
    return str(answer["content"])


async def pressed(member: Member, settings: Json, which: str, *values: str) -> Json:
    """The same message after a press, or after a choice in a menu."""
    sent = await (member.choose(settings, which, *values) if values else member.press(settings, which))
    return await member.wait_for_message(lambda message: message["id"] == settings["id"], since=sent)


def on(settings: Json) -> set[str]:
    switches = [button for row in settings["components"][2:] for button in row["components"]]
    return {switch["label"] for switch in switches if switch["style"] == 3}


async def test_what_client_programs_read_of_the_message(scene: Scene) -> None:
    settings = await open_settings(await scene.member())
    versions, looks, *rows = settings["components"]
    assert versions["id"] == 1
    (menu,) = versions["components"]
    assert (menu["type"], menu["custom_id"]) == (3, "MJ::Settings::VersionSelector")
    assert [option["value"] for option in menu["options"] if option.get("default")] == ["studio"]
    assert "Version 6.1 (V6.1)" in [option["label"] for option in menu["options"]]
    assert all(re.search(r"\(.+\)$", option["label"]) for option in menu["options"])
    assert looks["components"][0]["custom_id"] == "EASEL::settings::look"
    switches = [button for row in rows for button in row["components"]]
    assert [switch["label"] for switch in switches] == LABELS
    assert {switch["style"] for switch in switches} == {2, 3}
    assert on(settings) == {"Public mode", "Stylize med", "High Variation Mode", "Fast mode"}
    ids = {switch["label"]: switch["custom_id"] for switch in switches}
    assert ids["RAW Mode"] == "MJ::Settings::Style::raw"
    assert ids["Remix mode"] == "MJ::Settings::RemixMode"
    assert ids["High Variation Mode"] == "MJ::Settings::HighVariabilityMode::1"


async def test_a_press_is_shown_in_place_and_read_by_the_next_prompt(scene: Scene) -> None:
    ada = await scene.member()
    settings = await open_settings(ada)
    settings = await pressed(ada, settings, "Stylize high")
    settings = await pressed(ada, settings, "MJ::Settings::VersionSelector", "7")
    settings = await pressed(ada, settings, "Turbo mode")
    assert on(settings) == {"Public mode", "Stylize high", "High Variation Mode", "Turbo mode"}
    assert "`--s 250 --v 7`" in settings["content"]
    grid = await draw(ada, "a fox")
    said, *notes = grid["content"].splitlines()
    assert said == f"**a fox --s 250 --v 7.0** - {ada.mention} (fast)"
    assert any("no turbo" in note for note in notes)  # nobody could pay for it here
    ben = await scene.member("ben")
    assert (await draw(ben, "a fox"))["content"] == f"**a fox** - {ben.mention} (fast)"


async def test_settings_outlive_a_restart_and_an_old_message_still_works(scene: Scene) -> None:
    ada = await scene.member()
    settings = await open_settings(ada)
    await pressed(ada, settings, "Remix mode")
    await scene.restart()
    settings = await pressed(ada, settings, "RAW Mode")
    assert {"Remix mode", "RAW Mode"} <= on(settings)
    settings = await pressed(ada, settings, "Reset Settings")
    assert on(settings) == {"Public mode", "Stylize med", "High Variation Mode", "Fast mode"}


async def test_a_look_is_chosen(scene: Scene) -> None:
    ada = await scene.member()
    settings = await pressed(ada, await open_settings(ada), "EASEL::settings::look", "oil")
    assert "`--style oil`" in settings["content"]
    await draw(ada, "a fox")
    assert scene.engine.requests[0].prompt == "a fox, oil painting"


async def test_stealth_by_the_switch_and_by_command(scene: Scene) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    await pressed(ada, await open_settings(ada), "Public mode")
    assert "(fast, stealth)" in (await draw(ada, "a secret fox"))["content"]
    assert (await told(ada, "public")).startswith("Done!")
    await draw(ada, "an open fox")
    sent = await ben.slash("gallery", member=ada)
    gallery = await ben.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert "open fox" in gallery["embeds"][0]["description"]
    assert "secret fox" not in gallery["embeds"][0]["description"]


@pytest.mark.parametrize(
    ("command", "says", "mode"),
    [
        ("fast", "Done! Your jobs are drawn as soon as", "fast"),
        ("relax", "Done! Your jobs wait for a quiet moment. They", "relaxed"),
        ("turbo", "Done! There is no turbo speed here", "fast"),
    ],
)
async def test_speeds(scene: Scene, command: str, says: str, mode: str) -> None:
    """Turbo is for sale only: in an open studio it is a fast job, and no time is counted."""
    ada = await scene.member()
    assert (await told(ada, command)).startswith(says)
    assert f"({mode})" in (await draw(ada, "a fox"))["content"]


@pytest.mark.parametrize("command", ["stealth", "private"])
async def test_stealth_commands(scene: Scene, command: str) -> None:
    ada = await scene.member()
    assert (await told(ada, command)).startswith("Done!")
    assert "stealth" in (await draw(ada, "a fox"))["content"]


async def test_the_switch_of_remix(scene: Scene) -> None:
    ada = await scene.member()
    assert (await told(ada, "prefer remix")).startswith("Remix mode turned on")
    assert "Remix mode" in on(await open_settings(ada))
    assert (await told(ada, "prefer remix")).startswith("Remix mode turned off")


async def test_low_variation_mode_makes_v1_subtle(scene: Scene) -> None:
    ada = await scene.member()
    grid = await draw(ada, "a fox")
    assert "Variations (Strong) by" in (await press_for_result(ada, grid, "V1"))["content"]
    assert "Low variation mode" in await told(ada, "prefer variability")
    varied = await press_for_result(ada, grid, "V2")
    assert "Variations (Subtle) by" in varied["content"]
    assert "U1" in buttons_of(varied)
    strong, subtle = (request.init_image for request in scene.engine.requests[1:])
    assert strong
    assert subtle
    assert subtle.strength < strong.strength


async def test_a_press_uses_the_pressers_own_speed(scene: Scene) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    grid = await draw(ada, "a fox")
    await told(ben, "relax")
    assert "(relaxed)" in (await press_for_result(ben, grid, "🔄"))["content"]
    typed = await draw(ada, "a fox --fast")
    assert "(fast)" in (await press_for_result(ben, typed, "🔄"))["content"]


async def test_what_comes_of_a_private_picture_is_private(scene: Scene) -> None:
    ada = await scene.member("ada")
    await told(ada, "stealth")
    grid = await draw(ada, "a fox")
    await told(ada, "public")
    assert "(fast, stealth)" in (await press_for_result(ada, grid, "🔄"))["content"]


async def test_suffix(scene: Scene) -> None:
    ada = await scene.member()
    assert "`--ar 3:2`" in await told(ada, "prefer suffix", new_value="--ar 3:2")
    assert "**a fox --ar 3:2**" in (await draw(ada, "a fox"))["content"]
    assert "--ar 3:2" in (await open_settings(ada))["content"]
    assert "taken away" in await told(ada, "prefer suffix")
    assert "**a fox**" in (await draw(ada, "a fox"))["content"]


async def test_a_wrong_suffix_is_explained(scene: Scene) -> None:
    ada = await scene.member()
    sent = await ada.slash("prefer suffix", new_value="in oil")
    refused = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert refused["embeds"][0]["title"] == "Invalid parameter"
    assert "parameters only" in refused["embeds"][0]["description"]
    assert refused["embeds"][0]["color"] == 16711680


async def test_personal_options(scene: Scene) -> None:
    ada = await scene.member()
    assert "--hero" in await told(ada, "prefer option set", option="hero", value="a tall sailor")
    await told(ada, "prefer option set", option="--wide", value="--ar 3:2")
    choices = await ada.autocomplete("prefer option set", "option", "he")
    assert [choice["value"] for choice in choices] == ["hero"]
    assert len(await ada.autocomplete("prefer option set", "option", "")) == 2
    assert "**a tall sailor at sea --ar 3:2**" in (await draw(ada, "--hero at sea --wide"))["content"]
    sent = await ada.slash("prefer option list")
    listed = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert "`--hero`: `a tall sailor`" in listed["embeds"][0]["description"]
    assert "taken away" in await told(ada, "prefer option set", option="hero")
    assert await ada.autocomplete("prefer option set", "option", "he") == []


async def test_an_option_that_expands_to_itself(scene: Scene) -> None:
    ada = await scene.member()
    sent = await ada.slash("prefer option set", option="hero", value="x --hero")
    refused = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert "stands within itself" in refused["embeds"][0]["description"]


async def test_variety(scene: Scene) -> None:
    ada = await scene.member()
    assert "--c 20" in await told(ada, "prefer variety", amount=20)
    assert "--c 20" in (await draw(ada, "a fox"))["content"]


async def test_an_unknown_setting_is_answered(scene: Scene) -> None:
    """A button of a newer or an older studio; and nothing is lost by it."""
    ada = await scene.member()
    settings = await open_settings(ada)
    stored = scene.sandbox.world.messages[str(settings["id"])]
    stored.components[2]["components"][0]["custom_id"] = "MJ::Settings::Gone"
    sent = await ada._on_message(settings, {"component_type": 2, "custom_id": "MJ::Settings::Gone"})
    answer = await ada.response(sent)
    assert "do not know this button" in answer["embeds"][0]["description"]


async def test_info_knows_the_modes(scene: Scene) -> None:
    ada = await scene.member()
    await told(ada, "relax")
    await told(ada, "stealth")
    sent = await ada.slash("info")
    info = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert "**Job Mode**: Relaxed" in info["embeds"][0]["description"]
    assert "**Visibility Mode**: Stealth" in info["embeds"][0]["description"]
