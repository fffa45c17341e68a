"""The requests and messages that midjourney-proxy needs, over real sockets, from a bot that has Midjourney's ids.

The lines are written from the description of what it matches. It knows of a job only what it reads from them.
"""

import io
import re
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bot.config import Config
from bot.demo import sandbox_config
from bot.sandbox import EASEL, MIDJOURNEY, Sandbox
from bot.sandbox.watch import Sent
from bot.sandbox.wire import Json
from engine.protocol import Ability, ModelInfo
from tests.clients.proxy import APPLICATION, COMMANDS, OLDER, Proxy
from tests.fakes import FakeEngine
from tests.patience import PATIENT
from tests.ui.conftest import Scene, a_config, buttons_of
from tests.unhurried import unhurried

ABLE = ModelInfo("fake", "fake", 64, 64, 4, True, abilities=frozenset(Ability))
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
PERCENT = r"(?:\((?P<percent>\d{1,3})%\) )?"
MODE = r"\((?P<mode>fast|relaxed|turbo)(?:, stealth)?\)"
WEBSITE = r"(?:\(Open on website for full quality\) |\[\(Open on website for full quality\)\]\(<[^>]*>\) )?"
LINES = {
    "grid": rf"\*\*(?P<prompt>.+?)\*\* - <@\d+> {PERCENT}{WEBSITE}{MODE}",
    "variation": rf"\*\*(?P<prompt>.+?)\*\* - (?:Variations|Remix)(?: \((?P<how>Subtle|Strong|Region)\))? "
    rf"by <@\d+> {PERCENT}{MODE}",
    "one": r"\*\*(?P<prompt>.+?)\*\* - Image #(?P<n>[1-4]) <@\d+>",
    "upscale": rf"\*\*(?P<prompt>.+?)\*\* - (?:Upscaling|Upscaled)(?: \((?P<how>Subtle|Creative|2x|4x)\))? "
    rf"by <@\d+> {PERCENT}{MODE}",
    "zoom": rf"\*\*(?P<prompt>.+?)\*\* - Zoom Out by <@\d+> {PERCENT}{MODE}",
    "pan": rf"\*\*(?P<prompt>.+?)\*\* - Pan (?P<how>Left|Right|Up|Down) by <@\d+> {PERCENT}{MODE}",
}
RED, ORANGE = 16711680, (16776960, 16239475)


@pytest.fixture
async def sandbox(tmp_path: Path, empty_database: Path) -> AsyncIterator[Sandbox]:
    shutil.copy(empty_database, tmp_path)
    with unhurried():
        async with Sandbox(replace(PATIENT, identity=MIDJOURNEY)) as sandbox:
            yield sandbox
            assert sandbox.contract_violations == []


@pytest.fixture
async def scene(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Scene]:
    async with Scene(sandbox, FakeEngine([ABLE]), a_config(sandbox, tmp_path)) as scene:
        yield scene


@pytest.fixture
async def proxy(scene: Scene) -> AsyncIterator[Proxy]:
    sandbox = scene.sandbox
    async with Proxy(
        server=sandbox.base_url,
        gateway=sandbox.gateway_url,
        token=sandbox.world.token_of(sandbox.user("ada").id),
        guild_id=sandbox.world.guild.id,
        channel_id=sandbox.channel("studio").id,
        wait_seconds=PATIENT.wait_seconds,
    ) as proxy:
        yield proxy


def reads_as(kind: str, content: str) -> re.Match[str] | None:
    """A known line at the beginning; small print may follow on lines of its own."""
    return re.match(LINES[kind] + r"(?:\n-# |$)", content)


def job_of(message: Json) -> str:
    """In the address of the picture: after the last underscore up to the next dot, which is also its first UUID."""
    url = str(message["attachments"][0]["url"])
    after_underscore = url.rpartition("_")[2].partition(".")[0]
    assert re.search(UUID, url.partition("?")[0].rpartition("/")[2])
    assert re.fullmatch(UUID, after_underscore)
    return after_underscore


async def finished(proxy: Proxy, sent: Sent, kind: str) -> Json:
    message = await proxy.result(sent, lambda content: bool((found := reads_as(kind, content)) and "%" not in found[0]))
    assert message["author"] == message["author"] | {"id": APPLICATION, "bot": True, "username": "Midjourney Bot"}
    assert "nonce" not in message
    assert "interaction" not in message
    return message


async def grid_of(proxy: Proxy, prompt: str) -> Json:
    return await finished(proxy, await proxy.imagine(prompt), "grid")


async def single_of(proxy: Proxy, prompt: str) -> Json:
    grid = await grid_of(proxy, prompt)
    return await finished(proxy, await proxy.press(grid["id"], f"MJ::JOB::upsample::2::{job_of(grid)}"), "one")


def a_picture(colour: str, size: tuple[int, int] = (48, 32)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def test_the_ids_are_given_by_a_setting_that_is_off() -> None:
    assert sandbox_config(Config()).identity == EASEL
    on = Config.model_validate({"sandbox": {"midjourney_ids": True}})
    assert sandbox_config(on).identity == MIDJOURNEY
    assert {name: (MIDJOURNEY.commands[1, name].id, MIDJOURNEY.commands[1, name].version) for name in COMMANDS} == (
        COMMANDS
    )


async def test_the_bot_has_the_ids_that_are_built_in(scene: Scene) -> None:
    world = scene.sandbox.world
    assert (world.bot.id, world.bot.username, world.application.id) == (APPLICATION, "Midjourney Bot", APPLICATION)
    registered = {command.key: (command.id, command.version) for command in world.commands.registered(None)}
    for key, fixed in MIDJOURNEY.commands.items():
        assert registered[key] == (fixed.id, fixed.version)
    assert len({command_id for command_id, _ in registered.values()}) == len(registered)


async def test_commands_of_one_server_have_the_ids_too(sandbox: Sandbox, tmp_path: Path) -> None:
    guild_id = sandbox.world.guild.id
    async with Scene(sandbox, FakeEngine(), a_config(sandbox, tmp_path, guild_id=int(guild_id))):
        registered = sandbox.world.commands.registered(guild_id)
        assert {command.id for command in registered} >= {fixed.id for fixed in MIDJOURNEY.commands.values()}
    definition = {"name": "imagine", "description": "another", "type": 1}
    [elsewhere] = sandbox.world.commands.replace_all(None, [definition])
    assert elsewhere.id != MIDJOURNEY.commands[1, "imagine"].id


async def test_the_compressed_gateway_is_spoken_to_and_resumed(proxy: Proxy, scene: Scene) -> None:
    assert proxy.events[0].name == "op 10"
    assert proxy.events[0].data["heartbeat_interval"] > 10_000
    assert {"session_id", "resume_gateway_url", "user", "guilds"} <= proxy.ready.keys()
    await proxy.beat()
    user_id = proxy.ready["user"]["id"]
    await proxy.disconnect()
    await scene.sandbox.gateway.wait_until(lambda: not scene.sandbox.gateway.is_connected(user_id))
    ben = await scene.member("ben")
    await ben.say("while you were away")
    await proxy.resume()
    await proxy.wait_for(lambda event: event.data.get("content") == "while you were away")
    await proxy.wait_for(lambda event: event.name == "RESUMED")


@pytest.mark.parametrize("how", ["reconnect", "invalid"])
async def test_the_gateway_asks_for_a_new_connection(proxy: Proxy, scene: Scene, how: str) -> None:
    scene.sandbox.gateway.drop(proxy.ready["user"]["id"], how=how)
    code = {"reconnect": 7, "invalid": 9}[how]
    await proxy.wait_for(lambda event: event.name == f"op {code}")


@pytest.mark.parametrize("ids", [COMMANDS["imagine"], OLDER], ids=["newer", "older"])
async def test_a_picture_from_the_request_to_the_result(proxy: Proxy, scene: Scene, ids: tuple[str, str]) -> None:
    gate = scene.engine.hold(step=2)
    sent = await proxy.imagine("a fox under a full moon --ar 3:2 --v 7", ids)
    assert proxy.codes == [204]
    created = await proxy.wait_for(lambda event: event.name == "INTERACTION_CREATE")
    success = await proxy.success(sent)
    assert created.data == success.data == {"id": success.data["id"], "nonce": sent.nonce}

    waiting = await proxy.response(sent)
    echo = "a fox under a full moon --ar 3:2 --v 7.0"
    user_id = proxy.ready["user"]["id"]
    assert waiting["content"] == f"**{echo}** - <@{user_id}> (Waiting to start)"
    assert waiting["interaction_metadata"]["id"] == success.data["id"]
    assert waiting["interaction"]["name"] == "imagine"
    assert (waiting["type"], waiting["flags"] & 64, waiting["application_id"]) == (20, 0, APPLICATION)
    assert waiting["author"]["username"] == "Midjourney Bot"
    [row] = waiting["components"]
    assert re.fullmatch(rf"MJ::CancelJob::ByJobid::{UUID}", row["components"][0]["custom_id"])

    await gate.reached()
    progress = await proxy.updated(sent, lambda message: "%" in message["content"])
    gate.open()
    assert (progress["id"], progress["author"]["bot"]) == (waiting["id"], True)
    line = reads_as("grid", progress["content"])
    assert line
    assert (line["prompt"], line["mode"]) == (echo, "fast")
    assert re.search(UUID, progress["attachments"][0]["url"])

    grid = await finished(proxy, sent, "grid")
    gone = await proxy.wait_until_deleted(waiting)
    assert gone.data["channel_id"] == proxy.channel_id
    assert grid["id"] != waiting["id"]
    found = reads_as("grid", grid["content"])
    assert found
    assert found["prompt"] == echo
    job = job_of(grid)
    assert job == row["components"][0]["custom_id"].rpartition("::")[2]
    first, second = [[button["custom_id"] for button in row["components"]] for row in grid["components"][:2]]
    assert first == [*(f"MJ::JOB::upsample::{n}::{job}" for n in range(1, 5)), f"MJ::JOB::reroll::0::{job}::SOLO"]
    assert second == [f"MJ::JOB::variation::{n}::{job}" for n in range(1, 5)]
    picture = grid["attachments"][0]
    assert {"url", "proxy_url", "width", "height", "size", "filename", "content_type"} <= picture.keys()
    await proxy.mark_read(grid["id"])


@pytest.mark.parametrize(
    ("custom_id", "kind", "says"),
    [
        ("MJ::JOB::upsample::3::{job}", "one", "Image #3"),
        ("MJ::JOB::variation::4::{job}", "variation", "Variations (Strong)"),
        ("MJ::JOB::reroll::0::{job}::SOLO", "grid", "a fox"),
    ],
)
async def test_buttons_of_a_grid_by_ids_put_together(proxy: Proxy, custom_id: str, kind: str, says: str) -> None:
    grid = await grid_of(proxy, "a fox")
    sent = await proxy.press(grid["id"], custom_id.format(job=job_of(grid)))
    result = await finished(proxy, sent, kind)
    assert says in result["content"]
    assert (result["type"], result["message_reference"]["message_id"]) == (19, grid["id"])
    assert job_of(result) != job_of(grid)


@pytest.mark.parametrize(
    ("action", "kind", "says"),
    [
        ("JOB::high_variation::1::{job}::SOLO", "variation", "Variations (Strong)"),
        ("JOB::low_variation::1::{job}::SOLO", "variation", "Variations (Subtle)"),
        ("JOB::upsample_v7_2x_subtle::1::{job}::SOLO", "upscale", "Upscaled (Subtle)"),
        ("JOB::upsample_v7_2x_creative::1::{job}::SOLO", "upscale", "Upscaled (Creative)"),
        ("Outpaint::50::1::{job}::SOLO", "zoom", "Zoom Out"),
        ("Outpaint::75::1::{job}::SOLO", "zoom", "Zoom Out"),
        ("JOB::pan_left::1::{job}::SOLO", "pan", "Pan Left"),
        ("JOB::pan_right::1::{job}::SOLO", "pan", "Pan Right"),
        ("JOB::pan_up::1::{job}::SOLO", "pan", "Pan Up"),
        ("JOB::pan_down::1::{job}::SOLO", "pan", "Pan Down"),
        ("JOB::animate_high::1::{job}::SOLO", "grid", "--motion high --video 1 --aspect 1:1**"),
        ("JOB::animate_low::1::{job}::SOLO", "grid", "--motion low --video 1 --aspect 1:1**"),
    ],
)
async def test_buttons_of_a_single_picture(proxy: Proxy, action: str, kind: str, says: str) -> None:
    single = await single_of(proxy, "a fox --v 7")
    custom_id = f"MJ::{action.format(job=job_of(single))}"
    assert custom_id in {button.get("custom_id") for button in buttons_of(single).values()}
    sent = await proxy.press(single["id"], custom_id)
    result = await finished(proxy, sent, kind)
    assert says in result["content"]
    assert result["message_reference"]["message_id"] == single["id"]


@pytest.mark.parametrize(
    ("version", "known"),
    [("5.2", "upsample_v5_2x"), ("6", "upsample_v6_2x_subtle"), ("6.1", "upsample_v6r1_2x_subtle")],
)
async def test_upscale_ids_follow_the_version(proxy: Proxy, version: str, known: str) -> None:
    single = await single_of(proxy, f"a fox --v {version}")
    sent = await proxy.press(single["id"], f"MJ::JOB::{known}::1::{job_of(single)}::SOLO")
    assert (found := reads_as("upscale", (await finished(proxy, sent, "upscale"))["content"]))
    assert found["how"] in ("2x", "Subtle")


async def test_custom_zoom_is_a_form_that_is_never_looked_at(proxy: Proxy) -> None:
    single = await single_of(proxy, "a fox")
    job = job_of(single)
    pressed = await proxy.press(single["id"], f"MJ::CustomZoom::{job}")
    name = "MJ::OutpaintCustomZoomModal"
    sent = await proxy.submit(pressed, f"{name}::{job}", f"{name}::prompt", "a fox --ar 1:1 --zoom 1.5")
    waiting = await proxy.response(sent)
    assert waiting["message_reference"]["message_id"] == single["id"]
    assert (await finished(proxy, sent, "zoom"))["content"].startswith("**a fox --ar 1:1** - Zoom Out by")


GRID_FORMS = [
    ("MJ::JOB::variation::2::{job}", "MJ::RemixModal::{job}::2::1", "MJ::RemixModal::new_prompt", "Remix (Strong)"),
    ("MJ::JOB::reroll::0::{job}::SOLO", "MJ::ImagineModal::{message}", "MJ::ImagineModal::new_prompt", "an owl"),
]
SINGLE_FORMS = [
    (
        "MJ::JOB::low_variation::1::{job}::SOLO",
        "MJ::RemixModal::{job}::1::0",
        "MJ::RemixModal::new_prompt",
        "Remix (Subtle)",
    ),
    ("MJ::JOB::pan_up::1::{job}::SOLO", "MJ::PanModal::up::{job}::1", "MJ::PanModal::prompt", "Pan Up"),
    (
        "MJ::Outpaint::50::1::{job}::SOLO",
        "MJ::OutpaintModal::-1::1::{job}",
        "MJ::OutpaintModal::new_prompt",
        "Zoom Out",
    ),
    (
        "MJ::JOB::animate_low::1::{job}::SOLO",
        "MJ::AnimateModal::{job}::1::low::0",
        "MJ::AnimateModal::prompt",
        "--motion low --video 1",
    ),
]


@pytest.mark.parametrize("is_grid", [True, False], ids=["grid", "single"])
async def test_with_remix_on_forms_are_sent_by_themselves(proxy: Proxy, is_grid: bool) -> None:
    settings = await settings_of(proxy)
    await proxy.press(settings["id"], "MJ::Settings::RemixMode")
    source = await (grid_of if is_grid else single_of)(proxy, "a fox")
    for custom_id, form_id, field_id, says in GRID_FORMS if is_grid else SINGLE_FORMS:
        known = {"job": job_of(source), "message": source["id"]}
        pressed = await proxy.press(source["id"], custom_id.format(**known))
        sent = await proxy.submit(pressed, form_id.format(**known), field_id, "an owl")
        assert (await proxy.response(sent))["nonce"] == sent.nonce
        result = await proxy.result(sent, lambda content: "%" not in content)
        assert any(reads_as(kind, result["content"]) for kind in LINES), result["content"]
        assert result["content"].startswith("**an owl")
        assert says in result["content"]


async def settings_of(proxy: Proxy) -> Json:
    sent = await proxy.command("settings")
    return await proxy.updated(sent, lambda message: bool(message["components"]))


async def test_settings_are_read_pressed_and_chosen(proxy: Proxy) -> None:
    settings = await settings_of(proxy)
    assert settings["interaction"]["name"] == settings["interaction_metadata"]["name"] == "settings"
    assert (settings["components"][0]["id"], settings["flags"] & 64) == (1, 64)
    [menu] = settings["components"][0]["components"]
    assert (menu["type"], menu["custom_id"]) == (3, "MJ::Settings::VersionSelector")
    assert {"label", "value"} <= menu["options"][0].keys()
    buttons = buttons_of({"components": settings["components"][2:]})
    assert {"RAW Mode", "Remix mode", "Public mode", "Turbo mode", "Fast mode", "Relax mode"} <= buttons.keys()
    assert buttons["High Variation Mode"]["custom_id"] == "MJ::Settings::HighVariabilityMode::1"
    assert buttons["High Variation Mode"]["style"] == 3

    pressed = await proxy.press(settings["id"], buttons["Relax mode"]["custom_id"], flags=64)
    changed = await proxy.updated(pressed, lambda message: message["id"] == settings["id"])
    assert buttons_of({"components": changed["components"][2:]})["Relax mode"]["style"] == 3
    chosen = await proxy.choose(settings["id"], menu["custom_id"], menu["options"][2]["value"])
    changed = await proxy.updated(chosen, lambda message: message["id"] == settings["id"])
    [menu] = changed["components"][0]["components"]
    assert [option.get("default", False) for option in menu["options"]].index(True) == 2
    await proxy.command("fast")
    grid = await grid_of(proxy, "a fox")
    assert "(fast)" in grid["content"]


async def test_speeds_by_command(proxy: Proxy) -> None:
    for command, mode in (("relax", "relaxed"), ("fast", "fast")):
        sent = await proxy.command(command)
        told = await proxy.wait_for(lambda event: event.data.get("content", "").startswith("Done!"), since=sent.mark)
        assert told.data["flags"] & 64
        found = reads_as("grid", (await grid_of(proxy, f"a {command} fox"))["content"])
        assert found
        assert found["mode"] == mode


async def test_info_is_an_edit_with_its_title_and_keys(proxy: Proxy) -> None:
    sent = await proxy.command("info")
    message = await proxy.updated(sent, lambda message: bool(message["embeds"]))
    [embed] = message["embeds"]
    assert "Your info" in embed["title"]
    lines = dict(line.replace("*", "").split(": ", 1) for line in embed["description"].splitlines() if line)
    assert lines["Job Mode"] == "Fast"
    assert {"Subscription", "Visibility Mode", "Fast Time Remaining", "Lifetime Usage", "Relaxed Usage"} <= lines.keys()
    assert {"User ID", "Fast Usage", "Turbo Usage", "Queued Jobs (fast)", "Queued Jobs (relax)", "Running Jobs"} <= (
        lines.keys()
    )


@pytest.mark.parametrize("value", [0, "0"], ids=["a number", "a text"])
async def test_an_uploaded_picture_is_described(proxy: Proxy, value: int | str) -> None:
    attachment = await proxy.upload("red.png", a_picture("red"))
    option = {"type": 11, "name": "image", "value": value}
    sent = await proxy.command("describe", option, attachments=[attachment])
    deferred = await proxy.response(sent)
    assert deferred["embeds"] == []
    message = await proxy.updated(sent, lambda message: bool(message["embeds"]))
    assert (message["id"], message["author"]["username"]) == (deferred["id"], "Midjourney Bot")
    assert message["embeds"][0]["image"]["url"].startswith(proxy.server)
    assert message["embeds"][0]["description"].count("\n\n") == 3
    assert message["interaction_metadata"]["id"] == (await proxy.success(sent)).data["id"]
    buttons = buttons_of(message)
    assert [buttons[f"{n}️⃣"]["custom_id"] for n in range(1, 5)] == [f"MJ::Job::PicReader::{n}" for n in range(1, 5)]
    assert buttons["🔄"]["custom_id"] == "MJ::Picread::Retry"
    assert buttons["Imagine all"]["custom_id"] == "MJ::Job::PicReader::all"

    pressed = await proxy.press(message["id"], "MJ::Job::PicReader::3")
    form = "MJ::Picreader::Modal"
    chosen = await proxy.submit(pressed, f"{form}::3", f"{form}::PromptField", "a red square --ar 3:2")
    assert "**a red square --ar 3:2**" in (await finished(proxy, chosen, "grid"))["content"]


async def test_a_picture_by_its_link_is_described(proxy: Proxy) -> None:
    """Sent as a message first, for the address that it gets there."""
    posted = await proxy.say("", await proxy.upload("blue.png", a_picture("blue")))
    link = posted["attachments"][0]["url"]
    sent = await proxy.command("describe", {"type": 3, "name": "link", "value": link})
    assert (await proxy.updated(sent, lambda message: bool(message["embeds"])))["embeds"][0]["image"]["url"]


async def test_pictures_are_blended(proxy: Proxy, scene: Scene) -> None:
    attachments = [
        await proxy.upload(f"{n}.png", a_picture(colour), str(n)) for n, colour in enumerate(("red", "blue"))
    ]
    options: list[Json] = [{"type": 11, "name": f"image{n + 1}", "value": n} for n in range(2)]
    options.append({"type": 3, "name": "dimensions", "value": "--ar 2:3"})
    sent = await proxy.command("blend", *options, attachments=attachments)
    assert "--ar 2:3**" in (await finished(proxy, sent, "grid"))["content"]
    assert len(scene.engine.requests[0].references) == 2


async def test_a_prompt_is_shortened(proxy: Proxy) -> None:
    sent = await proxy.command("shorten", {"type": 3, "name": "prompt", "value": "a very red fox in deep snow"})
    message = await proxy.updated(sent, lambda message: bool(message["embeds"]))
    assert message["interaction_metadata"]["name"] == "shorten"
    [embed] = message["embeds"]
    assert embed["description"]
    assert "Click on a button to imagine one of the shortened prompts" in embed["footer"]["text"]
    pressed = await proxy.press(message["id"], "MJ::Job::PromptAnalyzer::1")
    form = "MJ::ImagineModal"
    chosen = await proxy.submit(pressed, f"{form}::{message['id']}", f"{form}::new_prompt", "a red fox")
    assert "**a red fox**" in (await finished(proxy, chosen, "grid"))["content"]


async def test_a_seed_is_asked_for_in_direct_messages(proxy: Proxy) -> None:
    """`/show` there, an envelope on what is shown, and the answer is read."""
    grid = await grid_of(proxy, "a fox --seed 12345")
    dm = await proxy.open_dm()
    option = {"type": 3, "name": "job_id", "value": job_of(grid)}
    sent = await proxy.command("show", option, channel_id=dm, guild_id=None)
    shown = await proxy.wait_for(
        lambda event: event.name.startswith("MESSAGE_") and bool(event.data.get("attachments")), since=sent.mark
    )
    assert shown.data["channel_id"] == dm
    await proxy.react(dm, shown.data["id"])
    told = await proxy.wait_for(lambda event: "**seed** 12345" in event.data.get("content", ""), since=sent.mark)
    assert f"**Job ID**: {job_of(grid)}" in told.data["content"]


async def test_a_job_is_cancelled_by_its_id(proxy: Proxy, scene: Scene) -> None:
    gate = scene.engine.hold(step=1)
    sent = await proxy.imagine("a fox")
    waiting = await proxy.response(sent)
    await gate.reached()
    await proxy.press(waiting["id"], waiting["components"][0]["components"][0]["custom_id"])
    stopped = await proxy.updated(sent, lambda message: "(Stopped)" in message["content"])
    assert stopped["id"] == waiting["id"]


@pytest.mark.parametrize(
    ("prompt", "title"),
    [("a fox --bogus 1", "Invalid parameter"), ("a:: b::-2", "Invalid prompt"), ("ftp://x.y/a.png a", "Invalid link")],
)
async def test_what_is_refused_is_told_in_red_under_the_nonce(proxy: Proxy, prompt: str, title: str) -> None:
    sent = await proxy.imagine(prompt)
    message = await proxy.response(sent)
    [embed] = message["embeds"]
    assert (embed["title"], embed["color"], message["flags"] & 64) == (title, RED, 64)
    assert embed["description"]
    assert embed["footer"]["text"] == f"/imagine {prompt}"


async def test_a_queued_job_goes_on_waiting(proxy: Proxy, scene: Scene) -> None:
    gates = [scene.engine.hold(step=1) for _ in range(3)]
    for number in range(3):
        await proxy.response(await proxy.imagine(f"fox {number}"))
    sent = await proxy.imagine("the fourth")
    notice = await proxy.wait_for(
        lambda event: any(embed.get("title") == "Job queued" for embed in event.data.get("embeds", [])),
        since=sent.mark,
    )
    [embed] = [embed for embed in notice.data["embeds"] if embed["title"] == "Job queued"]
    assert embed["color"] in ORANGE
    assert embed["description"]
    assert "the fourth" in embed["footer"]["text"]
    for gate in gates:
        gate.open()
    await proxy.result(sent, lambda content: "**the fourth**" in content and bool(reads_as("grid", content)))
