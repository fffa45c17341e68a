"""Every title of an error that client programs know and that a prompt or a mode can bring about, by its real cause.

Those of buttons, of money and of pictures that are handed in stand beside what they are about.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.config import Config
from bot.sandbox import Member, Sandbox, Sent
from bot.sandbox.wire import Json
from tests.fakes import FakeEngine
from tests.ui.conftest import Scene, a_config, draw

RED = 16711680


@pytest.fixture
async def basic(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Scene]:
    """A studio that sells plans, where everybody has a small one."""
    async with Scene(sandbox, FakeEngine(), selling(sandbox, tmp_path)) as scene:
        yield scene


def selling(sandbox: Sandbox, folder: Path) -> Config:
    plans = {"enabled": True, "everyone": "Basic"}
    return Config.model_validate({**a_config(sandbox, folder).model_dump(), "plans": plans})


async def refused(member: Member, sent: Sent) -> Json:
    """The red embed that answers, whether at once or in the place of a deferred answer."""
    message = await member.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert message["flags"] & 64
    (embed,) = message["embeds"]
    assert embed["color"] == RED
    assert embed["description"]
    return dict(embed)


@pytest.mark.parametrize(
    ("prompt", "title", "says"),
    [
        ("", "Empty prompt", "nothing to draw"),
        ("fox:: cat::-5", "Invalid prompt", "weights add up to -4"),
        ("fox --ar", "Invalid parameter", "`--ar` needs"),
        ("fox --foo --bar 3", "Invalid parameter", "Unrecognized parameter(s): foo, bar"),
        ("fox --s 1001 --v 7", "Invalid parameter", "`--stylize` must be between 0 and 1000 with `--version 7`"),
        ("fox --stop 20 --v 7", "Invalid parameter", "`--stop` is not compatible with `--version 7`"),
        ("fox --q 2 --v 8.1", "Invalid parameter", "`--quality` is not compatible with `--version 8.1`"),
        ("a:: b --v 7", "Invalid parameter", "Multi-prompts"),
        ("blob:https://example.org/x fox", "Invalid link", "cannot be opened"),
        ("file:///etc/passwd fox", "Invalid link", "cannot be opened"),
        ("fox --p", "Not enough ratings", "not rated enough pictures"),
        ("fox --zoom 2", "Invalid parameter", "Custom Zoom"),
    ],
)
async def test_prompts(scene: Scene, prompt: str, title: str, says: str) -> None:
    ada = await scene.member()
    embed = await refused(ada, await ada.slash("imagine", prompt=prompt))
    assert embed["title"] == title
    assert says in embed["description"]
    if prompt:
        assert embed["footer"]["text"] == f"/imagine {prompt}"
    assert scene.engine.requests == []


@pytest.mark.parametrize(
    ("prompt", "says"),
    [
        ("fox --relax", "Failed to submit: Relax queues are only available for users with a standard plan or higher"),
        ("fox --stealth", "no stealth mode"),
        ("{a, b, c, d, e} fox", "4"),
    ],
)
async def test_what_a_plan_leaves_out_of_prompts(basic: Scene, prompt: str, says: str) -> None:
    ada = await basic.member()
    embed = await refused(ada, await ada.slash("imagine", prompt=prompt))
    assert embed["title"] == "Job action restricted"
    assert says in embed["description"]


@pytest.mark.parametrize("command", ["relax", "stealth", "private"])
async def test_what_a_plan_leaves_out_of_modes(basic: Scene, command: str) -> None:
    ada = await basic.member()
    embed = await refused(ada, await ada.slash(command))
    assert embed["title"] == "Job action restricted"
    grid = await draw(ada, "a fox")
    assert "(fast)" in grid["content"]


@pytest.mark.parametrize("label", ["Public mode", "Relax mode"])
async def test_what_a_plan_leaves_out_of_settings(basic: Scene, label: str) -> None:
    ada = await basic.member()
    sent = await ada.slash("settings")
    settings = await ada.wait_for_message(lambda message: bool(message["components"]), since=sent)
    assert (await refused(ada, await ada.press(settings, label)))["title"] == "Job action restricted"
    sent = await ada.slash("settings")
    again = await ada.wait_for_message(lambda message: bool(message["components"]), since=sent)
    assert again["components"] == settings["components"]


async def test_a_batch_in_relax_mode(scene: Scene) -> None:
    ada = await scene.member()
    sent = await ada.slash("relax")
    await ada.wait_for_message(lambda message: message["content"].startswith("Done!"), since=sent)
    embed = await refused(ada, await ada.slash("imagine", prompt="{red, blue} fox"))
    assert "You can not submit batch jobs in relax mode" in embed["description"]


async def test_settings_that_a_plan_no_longer_allows_are_named(sandbox: Sandbox, tmp_path: Path) -> None:
    """The setting has stayed, the plan has not. The member learns how to switch back."""
    async with Scene(sandbox, FakeEngine(), a_config(sandbox, tmp_path)) as scene:
        ada = await scene.member()
        sent = await ada.slash("stealth")
        await ada.wait_for_message(lambda message: message["content"].startswith("Done!"), since=sent)
    async with Scene(sandbox, FakeEngine(), selling(sandbox, tmp_path)):
        embed = await refused(ada, await ada.slash("imagine", prompt="a fox"))
        assert "/public" in embed["description"]
