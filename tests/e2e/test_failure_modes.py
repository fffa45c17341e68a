"""What other bots fall over, over the real socket: each is brought about here and survived."""

import io
import threading
from typing import Any

import aiohttp
import pytest
from PIL import Image

from bot.domain.job import JobStatus
from bot.sandbox import Member
from bot.sandbox.wire import Json
from tests.e2e.studio import Scene, draw, is_result
from tests.fakes import coloured

FIFTEEN_MINUTES = 15 * 60.0
A_DAY = 24 * 60 * 60.0


async def result_of(member: Member, prompt: str) -> Json:
    return await member.wait_for_message(lambda seen: is_result(seen) and f"**{prompt}**" in seen["content"])


async def test_a_picture_that_takes_longer_than_the_interactions_token_lives(scene: Scene) -> None:
    gate = scene.engine.hold(step=2)
    ada = await scene.member()
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    scene.sandbox.clock.advance(FIFTEEN_MINUTES + 60)
    gate.open()
    result = await result_of(ada, "a fox")
    await ada.wait_until_deleted(waiting)
    scene.sandbox.clock.advance(FIFTEEN_MINUTES + 60)
    sent = await ada.press(result, "U2")
    await ada.wait_for_message(lambda seen: is_result(seen) and "Image #2" in seen["content"], since=sent)


async def test_links_to_attachments_expire_and_pictures_do_not(scene: Scene) -> None:
    ada = await scene.member()
    grid = await draw(ada, "a fox")
    scene.sandbox.clock.advance(2 * A_DAY)
    async with aiohttp.ClientSession() as http, http.get(grid["attachments"][0]["url"]) as answer:
        assert answer.status == 404
    await scene.restart()
    sent = await ada.press(grid, "U3")
    await ada.wait_for_message(lambda seen: is_result(seen) and "Image #3" in seen["content"], since=sent)


async def test_each_result_belongs_to_its_own_job_whichever_ends_first(scene: Scene) -> None:
    members = [await scene.member(name) for name in ("ada", "ben", "cleo")]
    gates = []
    for member in members:
        gates.append(scene.engine.hold(step=3))
        await member.response(await member.slash("imagine", prompt=f"a fox for {member.name}"))
        await gates[-1].reached()
    for member, gate in reversed(list(zip(members, gates, strict=True))):
        gate.open()
        result = await result_of(member, f"a fox for {member.name}")
        [job] = await scene.jobs(member.name)
        assert job.id in result["attachments"][0]["filename"]
        shown = Image.open(io.BytesIO(await member.download(result["attachments"][0]))).convert("RGB").getpixel((9, 9))
        assert shown == pytest.approx(tuple(coloured(1, 1, job.seeds[0]).rgb), abs=6)


async def test_one_cancel_stops_one_job(scene: Scene) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    gates = [scene.engine.hold(step=1), scene.engine.hold(step=1)]
    first = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gates[0].reached()
    await ben.response(await ben.slash("imagine", prompt="an owl"))
    await gates[1].reached()
    await ada.press(first, "Cancel Job")
    await ada.wait_for_message(lambda seen: "(Stopped)" in seen["content"])
    gates[1].open()
    await result_of(ben, "an owl")
    ends = [(await scene.jobs(name))[0].status for name in ("ada", "ben")]
    assert ends == [JobStatus.CANCELLED, JobStatus.SUCCEEDED]


async def test_nothing_is_encoded_on_the_loop_that_answers(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Discord's heartbeats and three seconds go through it."""
    threads: list[threading.Thread] = []
    encode = Image.Image.save

    def save(*arguments: Any, **named: Any) -> None:
        threads.append(threading.current_thread())
        encode(*arguments, **named)

    monkeypatch.setattr(Image.Image, "save", save)
    ada = await scene.member()
    grid = await draw(ada, "a fox")
    sent = await ada.press(grid, "U1")
    await ada.wait_for_message(lambda seen: is_result(seen) and "Image #1" in seen["content"], since=sent)
    sent = await ada.slash("gallery")
    await ada.wait_for_message(lambda seen: bool(seen["embeds"]), since=sent)
    assert threads
    assert threading.main_thread() not in threads
