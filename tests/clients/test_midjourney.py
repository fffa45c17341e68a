"""The npm package `midjourney`, unmodified, drives the bot through the stand-in with every method for pictures."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from bot.sandbox.wire import Json
from tests.patience import PATIENCE_SECONDS
from tests.ui.conftest import Scene

DRIVER = Path(__file__).with_name("midjourney.cjs")
GRID = {"msgId": "$0.id", "hash": "$0.hash", "flags": "$0.flags"}


async def drive(scene: Scene, node_modules: Path, *calls: list[Any], polling: bool = False) -> list[Json]:
    """What each call came back with, in order."""
    sandbox = scene.sandbox
    channel = sandbox.channel("studio")
    config = {
        "ServerId": sandbox.world.guild.id,
        "ChannelId": channel.id,
        "SalaiToken": sandbox.world.token_of(sandbox.user("ada").id),
        "BotId": sandbox.config.application_id,
        "DiscordBaseUrl": sandbox.base_url,
        "WsBaseUrl": f"{sandbox.gateway_url}?encoding=json&v=9",
        "Ws": not polling,
    }
    process = await asyncio.create_subprocess_exec(
        "node",
        str(DRIVER),
        json.dumps(config),
        json.dumps(calls),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "NODE_PATH": str(node_modules)},
    )
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            out, trouble = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    answers = [json.loads(line) for line in out.decode().splitlines()]
    assert process.returncode == 0, f"{answers}\n{trouble.decode()[-2000:]}"
    return answers


def pressed(customId: str, **more: str) -> dict[str, Any]:  # noqa: N803
    return {"msgId": "$1.id", "flags": "$1.flags", "customId": customId, **more}


async def test_pictures_are_drawn_varied_split_zoomed_and_drawn_again(scene: Scene, node_modules: Path) -> None:
    gate, ada = scene.engine.hold(step=2), await scene.member("ada")
    calls: list[list[Any]] = [
        ["Imagine", "a fox under a full moon --seed 7"],
        ["Upscale", {**GRID, "index": 2}],
        ["Variation", {**GRID, "index": 3}],
        ["Reroll", GRID],
        ["ZoomOut", {"level": "2x", "msgId": "$1.id", "hash": "$1.hash", "flags": "$1.flags"}],
        ["ZoomOut", {"level": "low", "msgId": "$1.id", "hash": "$1.hash", "flags": "$1.flags"}],
    ]
    async with asyncio.TaskGroup() as tasks:
        driving = tasks.create_task(drive(scene, node_modules, *calls))
        await ada.wait_for_message(lambda seen: "(50%)" in seen["content"])
        gate.open()
    grid, single, varied, again, zoomed, subtle = driving.result()
    assert grid["content"].startswith("**a fox under a full moon --seed 7** - <@")
    assert grid["progress"] == "done"
    assert any("%" in text for text in grid["seen"])
    assert [option["label"] for option in grid["options"]][:5] == ["U1", "U2", "U3", "U4", "🔄"]
    assert len(grid["hash"]) == 36
    assert "Image #2" in single["content"]
    assert "Variations (Strong)" in varied["content"]
    assert again["content"] == grid["content"]
    assert "Zoom Out by" in zoomed["content"]
    assert "Variations (Subtle)" in subtle["content"]
    assert len({answer["hash"] for answer in (grid, single, varied, again, zoomed, subtle)}) == 6


async def test_buttons_are_pressed_by_the_ids_that_a_message_brings(scene: Scene, node_modules: Path) -> None:
    grid, single, panned = await drive(
        scene,
        node_modules,
        ["Imagine", "an owl"],
        ["Custom", {"msgId": "$0.id", "flags": "$0.flags", "customId": "$0.options.0.custom"}],
        ["Custom", pressed("$1.options.8.custom")],
    )
    assert grid["options"][0]["label"] == "U1"
    labels = [option["label"] for option in single["options"]]
    assert labels[8:10] == ["⬅️", "➡️"]
    assert "Pan Left by" in panned["content"]


async def test_custom_zoom_goes_through_its_form(scene: Scene, node_modules: Path) -> None:
    *_, single, zoomed = await drive(
        scene,
        node_modules,
        ["Imagine", "an owl"],
        ["Upscale", {**GRID, "index": 1}],
        ["Custom", pressed("$1.options.7.custom", content="an owl in snow --ar 1:1 --zoom 1.4")],
    )
    assert single["options"][7]["label"] == "Custom Zoom"
    assert zoomed["content"].startswith("**an owl in snow")


async def test_remix_sends_the_changed_prompt(scene: Scene, node_modules: Path) -> None:
    told, _, _, remixed = await drive(
        scene,
        node_modules,
        ["SwitchRemix"],
        ["remix", True],
        ["Imagine", "a fox"],
        ["Variation", {"index": 1, "msgId": "$2.id", "hash": "$2.hash", "flags": "$2.flags", "content": "an owl"}],
    )
    assert told["value"].startswith("Remix mode turned on")
    assert remixed["content"].startswith("**an owl** - Remix (Strong) by")


async def test_words_settings_and_modes(scene: Scene, node_modules: Path) -> None:
    _, described, shortened, info, settings, fast, relax, reset = await drive(
        scene,
        node_modules,
        ["Imagine", "a fox"],
        ["Describe", "$0.uri"],
        ["Shorten", "a very red fox in deep snow"],
        ["Info"],
        ["Settings"],
        ["Fast"],
        ["Relax"],
        ["Reset"],
    )
    assert len(described["descriptions"]) == 4
    assert all(line.endswith("--ar 1:1") for line in described["descriptions"])
    assert shortened["prompts"]
    assert info["subscription"]
    assert {"Remix mode", "Reset Settings"} <= {option.get("label") for option in settings["options"]}
    assert all("error" not in answer for answer in (fast, relax, reset))


async def test_errors_reach_the_caller(scene: Scene, node_modules: Path) -> None:
    [wrong] = await drive(scene, node_modules, ["Imagine", "a fox --bogus 7"])
    assert "bogus" in wrong["error"]


async def test_a_client_that_only_polls(scene: Scene, node_modules: Path) -> None:
    [grid] = await drive(scene, node_modules, ["Imagine", "a fox"], polling=True)
    assert grid["progress"] == "done"
    assert "a fox" in grid["content"]
