"""/describe from the upload to the four pictures that come of it, on the starter itself."""

import io
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from bot.config import Config
from bot.db.database import open_database
from bot.domain.job import JobStatus, UserId
from bot.program import running_studio
from bot.sandbox import Member, Sandbox, Upload
from bot.sandbox.wire import Json
from engine.config import STARTER, EngineConfig
from engine.local import LocalEngine
from tests.ui.conftest import Scene, a_config, buttons_of, next_result

PROMPT = "a large cartoon fox in the middle, teal background"
FOX = "a cartoon fox, teal background"


@pytest.fixture
async def config(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Config]:
    """Of a studio that runs, and draws in two steps."""
    config = a_config(sandbox, tmp_path)
    models = (replace(STARTER, steps=2),)
    engine = LocalEngine(EngineConfig(models, device="cpu", threads=1, max_rows=4, cache_dir=tmp_path / "cache"))
    async with running_studio(config, sandbox.bot_token, engine):
        yield config


def a_fox() -> Image.Image:
    import torch

    from engine.starter.drawing import draw
    from engine.starter.model import StarterModel

    with torch.inference_mode():
        [picture] = draw(StarterModel.load(), [PROMPT], seed=3)
    return Image.fromarray(picture)


def upload(*frames: Image.Image, form: str = "PNG") -> Upload:
    buffer = io.BytesIO()
    frames[0].save(buffer, form, save_all=len(frames) > 1, append_images=frames[1:])
    return Upload(f"it.{form.lower()}", buffer.getvalue())


async def described(member: Member, picture: Upload) -> Json:
    sent = await member.slash("describe", image=picture)
    return await member.wait_for_message(lambda message: bool(message["embeds"]), since=sent)


def prompts_of(message: Json) -> list[str]:
    lines: list[str] = message["embeds"][0]["description"].split("\n\n")
    return [line.partition(" ")[2] for line in lines]


async def test_a_fox_is_named_said_otherwise_and_drawn(config: Config, sandbox: Sandbox) -> None:
    ada = await sandbox.member("ada")
    message = await described(ada, upload(a_fox()))
    first = prompts_of(message)
    assert first[0] == f"{FOX} --ar 1:1"
    assert len(set(first)) == 4
    assert all(prompt.endswith(" --ar 1:1") for prompt in first)
    assert list(buttons_of(message)) == ["1️⃣", "2️⃣", "3️⃣", "4️⃣", "🔄", "Imagine all"]

    sent = await ada.press(message, "🔄")
    again = await ada.wait_for_message(lambda m: bool(m["embeds"]) and prompts_of(m) != first, since=sent)
    assert again["id"] == message["id"]
    assert prompts_of(again)[0] == f"{FOX} --ar 1:1", "the likeliest stays first"

    sent = await ada.press(again, "Imagine all")
    await ada.wait_for(lambda _: len(_results(sandbox)) == 4, since=sent.mark)
    echoes = {content.partition("** - ")[0].removeprefix("**") for content in _results(sandbox)}
    assert echoes == set(prompts_of(again))

    modal = await ada.modal(await ada.press(again, "1️⃣"))
    result = await next_result(ada, await ada.submit_modal(modal))
    assert result["content"].startswith(f"**{FOX} --ar 1:1** - ")


def _title_of(message: Json) -> str:
    return str(message["embeds"][0].get("title", "")) if message["embeds"] else ""


def _results(sandbox: Sandbox) -> list[str]:
    """What finished pictures say; those on their way show a percentage."""
    return [item.content for item in sandbox.messages() if item.attachments and item.content.endswith("> (fast)")]


async def test_odd_pictures_are_described_or_refused_and_cost_nothing(config: Config, sandbox: Sandbox) -> None:
    ada = await sandbox.member("ada")
    red, blue = Image.new("RGB", (8, 8), (206, 38, 44)), Image.new("RGB", (8, 8), "blue")
    fox = a_fox()
    wide = Image.new("RGB", (128, 64), (28, 158, 162))
    wide.paste(fox, (0, 0))
    through = Image.new("RGBA", (30, 20), (0, 0, 0, 0))
    for picture, first in (
        (upload(red.resize((1, 1))), "red background --ar 1:1"),
        (upload(red.resize((2000, 2))), "red background --ar 14:1"),
        (upload(red, blue, form="GIF"), "red background --ar 1:1"),
        (upload(through), "white background --ar 3:2"),
        (upload(wide), "fox"),
    ):
        message = await described(ada, picture)
        assert first in prompts_of(message)[0]
        assert len(set(prompts_of(message))) == 4
    whole = upload(fox).content
    for data, said in (
        (b"no picture", "not a PNG"),
        (whole[: len(whole) // 2], "can be read"),
        (upload(Image.new("1", (20_000, 20_000))).content, "too many pixels"),
    ):
        message = await described(ada, Upload("it.png", data))
        assert message["embeds"][0]["title"] == "Invalid link"
        assert said in message["embeds"][0]["description"]
        assert not message["components"]
    async with open_database(config.database.url) as db, db.transaction() as tx:
        assert await tx.jobs.list_of_member(UserId(int(sandbox.user("ada").id)), list(JobStatus)) == []


async def test_of_all_prompts_those_that_fit_are_drawn(scene: Scene, sandbox: Sandbox, tmp_path: Path) -> None:
    """With room for two."""
    await scene.close()
    settings = scene.config.model_dump(mode="json", exclude={"token", "web_secret"})
    scene.config = Config.model_validate(
        settings | {"queue": {"max_running": 1, "max_running_relax": 1, "max_waiting": 1}}
    )
    await scene.open()
    ada = await scene.member()
    message = await described(ada, upload(Image.new("RGB", (30, 20))))
    gate = scene.engine.hold(step=1)
    sent = await ada.press(message, "Imagine all")
    await ada.wait_for_message(lambda m: _title_of(m) == "Queue full", since=sent)
    gate.open()
    await ada.wait_for(lambda _: len(scene.engine.requests) == 2, since=sent.mark)
    await next_result(ada, sent)
    assert [request.prompt for request in scene.engine.requests] == [
        prompt.partition(" --")[0] for prompt in prompts_of(message)[:2]
    ]
