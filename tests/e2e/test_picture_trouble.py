"""Masks, regions and pans of which nothing can come, through the chat and the page, where everything has its price: a
sentence that says what to do, and neither a job nor a charge. The scene audits its ledger at the end.
"""

import asyncio
import base64
import io
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image

from bot.domain.job import JobKind
from bot.sandbox import Member, Sandbox, Sent, Upload
from bot.sandbox.wire import Json
from bot.web import tickets
from tests.e2e.studio import Scene, a_config, draw, is_result, running_scene
from tests.fakes import FakeEngine
from tests.odd_pictures import REFUSED, png_of

PLAN = {"name": "Trouble", "fast_minutes": 600, "stealth": True}


@pytest.fixture
async def scene(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Scene]:
    plans = {"enabled": True, "everyone": "Trouble", "tiers": [PLAN]}
    config = a_config(sandbox, tmp_path, plans=plans, web={"public_url": "local", "port": 0})
    async with running_scene(sandbox, FakeEngine(), config) as running:
        yield running


async def press(member: Member, message: Json, which: str) -> Json:
    """The picture that comes of it, or the refusal."""
    sent = await member.press(message, which)
    return await answer_to(member, sent)


async def answer_to(member: Member, sent: Sent) -> Json:
    """The pressed message itself changes, too: its button turns blue."""
    event = await member.wait_for(
        lambda event: (
            event.name.startswith("MESSAGE_")
            and bool(event.data.get("embeds") or (event.name == "MESSAGE_CREATE" and is_result(event.data)))
        ),
        since=sent.mark,
    )
    return event.data


async def single_of(member: Member, prompt: str) -> Json:
    return await press(member, await draw(member, prompt), "U1")


def refusal_of(answer: Json) -> str:
    [embed] = answer["embeds"]
    assert embed["color"] == 16711680
    assert answer["flags"] & 64, "told to the member alone"
    return str(embed["description"])


def job_id_of(message: Json) -> str:
    """Of the job whose message it is, out of its buttons."""
    heart = next(one for row in message["components"] for one in row["components"] if "BOOKMARK" in one["custom_id"])
    return str(heart["custom_id"]).rpartition("::")[2]


def a_mask(box: tuple[int, int, int, int] | None = (8, 8, 40, 40), mode: str = "L", **options: Any) -> bytes:
    image, buffer = Image.new("L", (64, 64), 0), io.BytesIO()
    if box:
        image.paste(255, box)
    options.setdefault("format", "PNG")
    if options.get("save_all"):
        options["append_images"] = [Image.new("L", (64, 64), 255)]
    image.convert(mode).save(buffer, **options)
    return buffer.getvalue()


SIXTEEN_BITS = png_of(
    *(64, 64, 16, 0),
    zlib.compress(b"".join(b"\0" + struct.pack(">64H", *(row // 32 * 0xFFFF,) * 64) for row in range(64))),
)


async def link_under(member: Member, single: Json) -> str:
    answer = await member.response(await member.press(single, "Vary (Region)"))
    [button] = [one for row in answer["components"] for one in row["components"]]
    return str(button["url"])


async def send(link: str, mask: bytes) -> tuple[int, str]:
    content = {"mask": base64.b64encode(mask).decode(), "prompt": ""}
    async with aiohttp.ClientSession() as session, session.post(link, json=content) as answer:
        return answer.status, (await answer.json())["message"]


async def regions_of(scene: Scene, name: str = "ada") -> int:
    return sum(job.kind is JobKind.VARY_REGION for job in await scene.jobs(name))


async def test_masks_that_cannot_be_used_cost_nothing(scene: Scene) -> None:
    """By `/region`, one after the other; the last one is fine."""
    ada = await scene.member()
    job_id = job_id_of(await single_of(ada, "a fox"))
    jobs, drawn = len(await scene.jobs()), len(scene.engine.requests)
    cases = {
        **REFUSED,
        "all black": (a_mask(None), "Nothing is marked"),
        "all white": (a_mask((0, 0, 64, 64)), "Everything is marked"),
        "a dot": (a_mask((5, 5, 8, 8)), "too small"),
    }
    for name, (data, says) in cases.items():
        sent = await ada.slash("region", job_id=job_id, mask=Upload("mask.png", data))
        assert says in refusal_of(await answer_to(ada, sent)), name
    assert (len(await scene.jobs()), len(scene.engine.requests)) == (jobs, drawn)
    sent = await ada.slash("region", job_id=job_id, mask=Upload("mask.png", a_mask()))
    assert is_result(await answer_to(ada, sent))


@pytest.mark.parametrize(
    "mask",
    [
        a_mask(mode="CMYK", format="JPEG", quality=95),
        a_mask(mode="P"),
        SIXTEEN_BITS,
        a_mask(mode="LA"),
        a_mask(format="WEBP", save_all=True, lossless=True),
        a_mask(format="GIF", save_all=True),
    ],
    ids=["cmyk", "palette", "16 bit", "alpha", "webp film", "gif film"],
)
async def test_masks_of_any_kind_are_understood(scene: Scene, mask: bytes) -> None:
    ada = await scene.member()
    single = await single_of(ada, "a fox")
    sent = await ada.slash("region", job_id=job_id_of(single), mask=Upload("mask", mask))
    assert is_result(await answer_to(ada, sent))
    told = scene.engine.requests[-1].mask
    assert told is not None
    white = sum(level > 127 for level in told.levels) / len(told.levels)
    assert 0 < white < 1


async def test_a_link_that_has_ended_draws_nothing(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await scene.member()
    link = await link_under(ada, await single_of(ada, "a fox"))
    with monkeypatch.context() as later:
        later.setattr(tickets, "LIFETIME_SECONDS", -1)
        status, told = await send(link, a_mask())
        assert (status, "has ended" in told) == (400, True)
        async with aiohttp.ClientSession() as session, session.get(f"{link}/picture") as answer:
            assert (answer.status, "has ended" in await answer.text()) == (400, True)
    assert await regions_of(scene) == 0
    assert (await send(link, a_mask()))[0] == 200


async def test_a_forged_link_draws_nothing(scene: Scene) -> None:
    ada = await scene.member()
    link = await link_under(ada, await single_of(ada, "a fox"))
    content, stamp, signature = link.rpartition("/")[2].rsplit(".", 2)
    other = "".join("B" if letter == "A" else "A" for letter in signature)
    for forged in (f"{content}.{stamp}.{other}", f"{content[:-4]}AAAA.{stamp}.{signature}", content, "x"):
        status, told = await send(f"{link.rpartition('/')[0]}/{forged}", a_mask())
        assert (status, "not one of ours" in told) == (400, True), forged
    assert await regions_of(scene) == 0


async def test_two_submits_at_once_of_one_page_are_one_job(scene: Scene) -> None:
    ada = await scene.member()
    link = await link_under(ada, await single_of(ada, "a fox"))
    since = len(ada.events)
    outcomes = await asyncio.gather(*(send(link, a_mask()) for _ in range(4)))
    assert sorted(status for status, _ in outcomes) == [200, 400, 400, 400]
    assert all("sent already" in told for status, told in outcomes if status == 400)
    await ada.wait_for(
        lambda event: event.name == "MESSAGE_CREATE" and "(Region)" in event.data["content"] and is_result(event.data),
        since=since,
    )
    assert await regions_of(scene) == 1


@pytest.mark.parametrize("way", ["button", "command"])
async def test_a_private_picture_is_repainted_by_its_maker_alone(scene: Scene, way: str) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    single = await single_of(ada, "a fox --stealth")
    if way == "button":
        answer = await press(ben, single, "Vary (Region)")
    else:
        sent = await ben.slash("region", job_id=job_id_of(single), mask=Upload("mask.png", a_mask()))
        answer = await answer_to(ben, sent)
    assert "private. Only the member who made" in refusal_of(answer)
    assert await scene.jobs("ben") == []
    link = await link_under(ada, single)
    assert (await send(link, a_mask()))[0] == 200


async def test_a_page_of_a_picture_that_was_thrown_away_draws_nothing(scene: Scene) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    single = await single_of(ada, "a fox")
    link = await link_under(ben, single)
    await ada.react(single, "❌")
    await ada.wait_until_deleted(single)
    status, told = await send(link, a_mask())
    assert (status, "no longer here" in told) == (400, True)
    assert await scene.jobs("ben") == []


async def test_a_pan_beyond_the_limit_costs_nothing(scene: Scene) -> None:
    ada = await scene.member()
    single = await single_of(ada, "a fox --v 4")
    for _ in range(2):
        single = await press(ada, await press(ada, single, "➡️"), "U1")
    jobs, drawn = len(await scene.jobs()), len(scene.engine.requests)
    assert "wider than 2:1, which is the limit" in refusal_of(await press(ada, single, "⬅️"))
    assert (len(await scene.jobs()), len(scene.engine.requests)) == (jobs, drawn)
    assert is_result(await press(ada, single, "⬆️"))
