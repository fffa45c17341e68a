"""The buttons under a grid and a single picture, pressed by their owner, by others, twice, late and by mistake."""

import asyncio
from dataclasses import replace

import pytest

from bot.sandbox.wire import Json
from engine.protocol import Ability
from tests.fakes import FAKE_MODEL, FakeEngine
from tests.ui.conftest import Scene, buttons_of, draw, is_result, next_result, press_for_result

SINGLE = [
    *("Upscale (Subtle)", "Upscale (Creative)", "Vary (Subtle)", "Vary (Strong)", "Vary (Region)"),
    *("Zoom Out 2x", "Zoom Out 1.5x", "Custom Zoom"),
    *("⬅️", "➡️", "⬆️", "⬇️"),
    *("Animate (High motion)", "Animate (Low motion)"),
    "❤️",
]
STALE = "0b8e7d2a-6f1c-4f0e-9f59-3a2d1c4b5e60"


async def test_upscale_splits_one_picture_off(scene: Scene) -> None:
    ada = await scene.member("ada")
    grid = await draw(ada, "a fox")
    sent = await ada.press(grid, "U2")
    waiting = await ada.response(sent)
    assert waiting["content"] == f"Upscaling image #2 with **a fox** - {ada.mention} (Waiting to start)"
    assert waiting["type"] == 19
    single = await next_result(ada, sent)
    assert single["content"] == f"**a fox** - Image #2 {ada.mention}"
    assert single["message_reference"]["message_id"] == grid["id"]
    assert list(buttons_of(single)) == SINGLE
    assert single["attachments"][0]["width"] == grid["attachments"][0]["width"] // 2
    await ada.wait_until_deleted(waiting)
    assert len(scene.engine.requests) == 1


@pytest.mark.parametrize(
    ("label", "waiting_line", "result_line"),
    [
        (
            "V3",
            "Making variations for image #3 with prompt **a fox** - {}",
            "**a fox** - Variations (Strong) by {} (fast)",
        ),
        ("🔄", "**a fox** - {}", "**a fox** - {} (fast)"),
    ],
)
async def test_a_new_grid_from_a_grid(scene: Scene, label: str, waiting_line: str, result_line: str) -> None:
    ada = await scene.member("ada")
    grid = await draw(ada, "a fox")
    sent = await ada.press(grid, label)
    waiting = await ada.response(sent)
    assert waiting["content"] == f"{waiting_line.format(ada.mention)} (Waiting to start)"
    assert waiting["type"] == 19
    result = await next_result(ada, sent)
    assert result["content"] == result_line.format(ada.mention)
    assert result["type"] == 19
    assert result["message_reference"]["message_id"] == grid["id"]
    assert len(result["components"]) == 2
    first, second = scene.engine.requests
    assert first.seeds != second.seeds


@pytest.mark.parametrize(("label", "kind"), [("Vary (Subtle)", "Subtle"), ("Vary (Strong)", "Strong")])
async def test_variations_of_a_single_picture(scene: Scene, label: str, kind: str) -> None:
    ada = await scene.member("ada")
    single = await press_for_result(ada, await draw(ada, "a fox"), "U1")
    result = await press_for_result(ada, single, label)
    assert result["content"] == f"**a fox** - Variations ({kind}) by {ada.mention} (fast)"


@pytest.mark.parametrize(
    ("label", "prompt", "kind", "size"),
    [
        ("Zoom Out 2x", "a fox", "Zoom Out", (256, 256)),
        ("Zoom Out 1.5x", "a fox", "Zoom Out", (192, 192)),
        ("⬅️", "a fox --ar 3:2", "Pan Left", (192, 128)),
        ("➡️", "a fox --ar 3:2", "Pan Right", (192, 128)),
        ("⬆️", "a fox --ar 2:3", "Pan Up", (128, 192)),
        ("⬇️", "a fox --ar 2:3", "Pan Down", (128, 192)),
    ],
)
async def test_beyond_the_edges(scene: Scene, label: str, prompt: str, kind: str, size: tuple[int, int]) -> None:
    ada = await scene.member("ada")
    single = await press_for_result(ada, await draw(ada, "a fox"), "U1")
    sent = await ada.press(single, label)
    waiting = await ada.response(sent)
    assert waiting["content"] == f"**{prompt}** - {ada.mention} (Waiting to start)"
    result = await next_result(ada, sent)
    assert result["content"] == f"**{prompt}** - {kind} by {ada.mention} (fast)"
    assert result["message_reference"]["message_id"] == single["id"]
    picture = result["attachments"][0]
    assert (picture["width"], picture["height"]) == size
    assert list(buttons_of(result)) == ["U1", "U2", "U3", "U4", "🔄", "V1", "V2", "V3", "V4"]
    blue = await ada.wait_for_message(
        lambda message: message["id"] == single["id"] and buttons_of(message)[label]["style"] == 1
    )
    assert list(buttons_of(blue)) == SINGLE


async def test_a_wide_picture_is_made_square(scene: Scene) -> None:
    ada = await scene.member("ada")
    single = await press_for_result(ada, await draw(ada, "a fox"), "U1")
    wide = await press_for_result(ada, await press_for_result(ada, single, "➡️"), "U3")
    assert "Make Square" in buttons_of(wide)
    square = await press_for_result(ada, wide, "Make Square")
    assert square["content"] == f"**a fox --ar 1:1** - Zoom Out by {ada.mention} (fast)"
    assert square["attachments"][0]["width"] == square["attachments"][0]["height"] == 192


async def test_a_heart_is_remembered_and_turns_blue(scene: Scene) -> None:
    ada = await scene.member("ada")
    single = await press_for_result(ada, await draw(ada, "a fox"), "U1")
    answer = await ada.response(await ada.press(single, "❤️"))
    assert answer["flags"] & 64
    assert "😍" in answer["content"]
    assert single["id"] in answer["content"]
    await ada.wait_for_message(lambda message: message["id"] == single["id"] and buttons_of(message)["❤️"]["style"] == 1)


@pytest.mark.parametrize("name", ["Subtle", "Creative"])
async def test_an_upscale_and_what_can_follow_it(scene: Scene, name: str) -> None:
    ada = await scene.member("ada")
    single = await press_for_result(ada, await draw(ada, "a fox"), "U2")
    sent = await ada.press(single, f"Upscale ({name})")
    waiting = await ada.response(sent)
    assert waiting["content"] == f"Upscaling image #1 with **a fox** - {ada.mention} (Waiting to start)"
    large = await next_result(ada, sent)
    assert large["content"] == f"**a fox** - Upscaled ({name}) by {ada.mention} (fast)"
    assert large["attachments"][0]["width"] == 2 * single["attachments"][0]["width"]
    assert list(buttons_of(large)) == [
        *("Redo Upscale (Subtle)", "Redo Upscale (Creative)", "Vary (Subtle)", "Vary (Strong)"),
        *("Animate (High motion)", "Animate (Low motion)", "❤️"),
    ]


async def test_a_film(scene: Scene) -> None:
    ada = await scene.member("ada")
    single = await press_for_result(ada, await draw(ada, "a fox"), "U1")
    film = await press_for_result(ada, single, "Animate (Low motion)")
    assert film["content"] == f"**a fox --motion low --video 1 --aspect 1:1** - {ada.mention} (fast)"
    assert film["attachments"][0]["filename"].endswith(".webp")
    assert list(buttons_of(film)) == ["🔄", "❤️"]


async def test_the_pressed_button_turns_blue(scene: Scene) -> None:
    ada = await scene.member("ada")
    grid = await draw(ada, "a fox")
    await press_for_result(ada, grid, "V1")
    coloured = await ada.wait_for_message(
        lambda message: message["id"] == grid["id"] and buttons_of(message)["V1"]["style"] == 1
    )
    styles = {label: button["style"] for label, button in buttons_of(coloured).items()}
    assert styles == dict.fromkeys(styles, 2) | {"V1": 1}
    assert coloured["attachments"][0]["id"] == grid["attachments"][0]["id"]


async def test_a_grid_of_somebody_else_may_be_pressed(scene: Scene) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    grid = await draw(ada, "a fox")
    result = await press_for_result(ben, grid, "V1")
    assert result["content"] == f"**a fox** - Variations (Strong) by {ben.mention} (fast)"


async def test_a_double_click_counts_once(scene: Scene) -> None:
    ada = await scene.member("ada")
    grid = await draw(ada, "a fox")
    first, second = await asyncio.gather(ada.press(grid, "V1"), ada.press(grid, "V1"))
    await asyncio.gather(ada.success(first), ada.success(second))
    await ada.wait_for_message(lambda message: is_result(message) and message["id"] != grid["id"])
    assert len(scene.engine.requests) == 2
    assert len([message for message in scene.sandbox.messages() if len(message.components) == 2]) == 2


async def test_two_buttons_at_once_are_two_jobs(scene: Scene) -> None:
    ada = await scene.member("ada")
    grid = await draw(ada, "a fox")
    first, second = await asyncio.gather(ada.press(grid, "U1"), ada.press(grid, "U3"))
    await asyncio.gather(ada.response(first), ada.response(second))
    for number in (1, 3):
        await ada.wait_for_message(lambda message, n=number: message["content"].startswith(f"**a fox** - Image #{n}"))  # type: ignore[misc]


async def test_buttons_work_after_a_restart(scene: Scene) -> None:
    ada = await scene.member("ada")
    grid = await draw(ada, "a fox")
    await scene.restart()
    assert (await press_for_result(ada, grid, "U4"))["content"] == f"**a fox** - Image #4 {ada.mention}"


async def told_on_press(scene: Scene, custom_id: str) -> Json:
    """What a member reads who presses a button that another time or program put under a message."""
    ada = await scene.member("ada")
    grid = await draw(ada, "a fox")
    button = buttons_of(grid)["U1"]
    for message in scene.sandbox.messages():
        for row in message.components:
            for item in row["components"]:
                if item.get("custom_id") == button["custom_id"]:
                    item["custom_id"] = custom_id
    ada.inbox[grid["id"]] = (await ada.messages())[-1]
    answer = await ada.response(await ada.press(grid, custom_id))
    assert answer["flags"] & 64
    return dict(answer["embeds"][0])


async def test_a_button_of_a_deleted_job(scene: Scene) -> None:
    embed = await told_on_press(scene, f"MJ::JOB::upsample::1::{STALE}")
    assert embed["title"] == "Invalid request"
    assert "no longer here" in embed["description"]


@pytest.mark.parametrize("custom_id", ["MJ::JOB::frobnicate::1::x", "somebody-else:1", "EASEL::gallery::no", "MJ::"])
async def test_an_unknown_button(scene: Scene, custom_id: str) -> None:
    embed = await told_on_press(scene, custom_id)
    assert "do not know this button" in embed["description"]


async def test_the_owner_cancels_what_runs(scene: Scene) -> None:
    gate = scene.engine.hold(step=1)
    ada = await scene.member("ada")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    await ada.success(await ada.press(waiting, "Cancel Job"))
    stopped = await ada.wait_for_message(lambda message: "(Stopped)" in message["content"])
    assert stopped["id"] == waiting["id"]
    assert stopped["content"] == f"**a fox** - {ada.mention} (Stopped)"
    assert stopped["components"] == []


async def test_the_owner_cancels_what_waits(scene: Scene) -> None:
    gates = [scene.engine.hold() for _ in range(3)]
    ada = await scene.member("ada")
    for gate in gates:
        await ada.response(await ada.slash("imagine", prompt="busy"))
        await gate.reached()
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await ada.press(waiting, "Cancel Job")
    stopped = await ada.wait_for_message(lambda message: "(Stopped)" in message["content"])
    assert stopped["id"] == waiting["id"]
    assert len(scene.engine.requests) == 3


async def test_nobody_else_cancels(scene: Scene) -> None:
    gate = scene.engine.hold(step=1)
    ada, ben = await scene.member("ada"), await scene.member("ben")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    answer = await ben.response(await ben.press(waiting, "Cancel Job"))
    assert answer["embeds"][0]["title"] == "Job action restricted"
    assert answer["flags"] & 64
    gate.open()
    await ada.wait_for_message(is_result)


async def test_a_tile_is_shown_two_by_two_to_whoever_asks(scene: Scene) -> None:
    await scene.close()
    scene.engine = FakeEngine([replace(FAKE_MODEL, abilities=frozenset({Ability.TILE}))])
    await scene.open()
    ada, ben = await scene.member("ada"), await scene.member("ben")
    single = await press_for_result(ada, await draw(ada, "a fox --tile"), "U1")
    sent = await ben.press(single, "Show 2x2")
    shown = await ben.wait_for_message(lambda message: bool(message["attachments"]), since=sent)
    assert shown["flags"] & 64
    [picture] = shown["attachments"]
    assert (picture["filename"], picture["width"], picture["height"]) == ("2x2.webp", 128, 128)
    assert picture["description"] == "The picture repeated, two by two"
