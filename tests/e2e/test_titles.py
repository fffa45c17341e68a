"""Every title that client programs tell errors and notices by, each raised by its real cause over the socket.

The titles, and the colours by which some programs go, are Midjourney's; what is said under them is ours.
"""

import contextlib
import re
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.db.database import open_database
from bot.domain.errors import StudioError
from bot.domain.job import FailureReason, UserId
from bot.domain.plan import Entitlement
from bot.sandbox import Member, Sandbox, Sent, Upload
from bot.sandbox.wire import Json
from bot.ui.errors import failure_embed
from engine.protocol import Ability, FailureCode, ModelInfo
from tests.domain.factories import a_job
from tests.e2e.studio import Scene, a_config, draw, is_result, running_scene
from tests.fakes import FakeEngine
from tests.odd_pictures import READABLE

RED, YELLOW = 16711680, 16776960
SKU = "1100"

NARROW = {"plans": {"enabled": True, "everyone": "Small", "tiers": [{"name": "Small", "fast_minutes": 60}]}}
NARROW["plans"]["tiers"][0] |= {"max_running": 1, "max_waiting": 1}  # type: ignore[index]
POOR = {"plans": {"enabled": True, "everyone": "Poor", "tiers": [{"name": "Poor", "fast_minutes": 1}]}}
SHOP = {"plans": {"enabled": True, "skus": [{"id": SKU, "plan": "Pro"}]}}

KNOWN = (
    "Queue full",
    "Job queued",
    "Invalid parameter",
    "Invalid prompt",
    "Invalid link",
    "Invalid request",
    "Empty prompt",
    "Job action restricted",
    "Duplicate images detected",
    "Slow Down!",
    "Credits exhausted",
    "Subscription required",
    "Subscription paused",
    "Plan Cancelled",
    "Blocked",
    "Not enough ratings",
    "Internal error",
    "Sorry, something went wrong",
)
OF_MODERATION = (
    "Action needed to continue",
    "Banned prompt",
    "Banned prompt detected",
    "Banned image prompt",
    "Image denied",
    "Request cancelled due to output filters",
    "Pending mod message",
    "Tos not accepted",
)
"""Titles for which there is no cause here: nobody judges prompts and pictures, or asks for terms to be accepted."""


async def imagine(scene: Scene, prompt: str) -> Json:
    ada = await scene.member()
    return await told(ada, await ada.slash("imagine", prompt=prompt))


async def told(member: Member, sent: Sent) -> Json:
    return await member.wait_for_message(lambda message: bool(message["embeds"]), since=sent)


def prompted(prompt: str) -> Callable[[Scene], Awaitable[Json]]:
    return lambda scene: imagine(scene, prompt)


async def one_drawn_one_waiting(scene: Scene) -> tuple[Member, Sent]:
    """What the second is told."""
    ada = await scene.member()
    gate = scene.engine.hold(step=1)
    await ada.response(await ada.slash("imagine", prompt="the first"))
    await gate.reached()
    return ada, await ada.slash("imagine", prompt="the second")


async def queued(scene: Scene) -> Json:
    return await told(*await one_drawn_one_waiting(scene))


async def one_too_many(scene: Scene) -> Json:
    ada, waiting = await one_drawn_one_waiting(scene)
    await ada.response(waiting)
    return await told(ada, await ada.slash("imagine", prompt="the third"))


async def show_what_is_not_there(scene: Scene) -> Json:
    ada = await scene.member()
    return await told(ada, await ada.slash("show", job_id="0b8e7d2a-6f1c-4f0e-9f59-3a2d1c4b5e60"))


async def cancel_of_another(scene: Scene) -> Json:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    gate = scene.engine.hold(step=1)
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    await ben.wait_for_message(lambda message: message["id"] == waiting["id"])
    answer = await told(ben, await ben.press(waiting, "Cancel Job"))
    gate.open()
    await ada.wait_for_message(is_result)
    return answer


async def blend_of_one(scene: Scene) -> Json:
    ada = await scene.member()
    picture = READABLE["alpha"].data
    return await told(ada, await ada.slash("blend", image1=Upload("a.png", picture), image2=Upload("b.png", picture)))


async def the_same_upscale_again(scene: Scene) -> Json:
    """From another message, for a second press of the same button is a double click."""
    ada = await scene.member()
    grid = await draw(ada, "a fox")
    single = await next_result(ada, await ada.press(grid, "U1"))
    await next_result(ada, await ada.press(single, "Upscale (Subtle)"))
    job_id = single["attachments"][0]["filename"].rpartition("_")[2].partition(".")[0]
    sent = await ada.slash("show", job_id=job_id)
    shown = await ada.wait_for_message(is_result, since=sent)
    return await told(ada, await ada.press(shown, "Upscale (Subtle)"))


async def next_result(member: Member, sent: Sent) -> Json:
    event = await member.wait_for(
        lambda event: event.name == "MESSAGE_CREATE" and is_result(event.data), since=sent.mark
    )
    return event.data


async def nothing_left(scene: Scene) -> Json:
    await draw(await scene.member(), "a fox")
    return await imagine(scene, "an owl")


async def payment_failed(scene: Scene) -> Json:
    member = UserId(int(scene.sandbox.user("ada").id))
    now = datetime.now(UTC)
    unpaid = Entitlement(member, "Pro", "test", now - timedelta(days=1), "ref", now, is_paused=True)
    async with open_database(scene.config.database.url) as db, db.transaction() as tx:
        await tx.users.lock(member, "ada", now)
        await tx.entitlements.save(unpaid)
    return await imagine(scene, "a fox")


async def plan_given_back(scene: Scene) -> Json:
    bought = scene.sandbox.grant("ada", SKU)
    await scene.restart()
    await draw(await scene.member(), "a fox")
    scene.sandbox.revoke(bought["id"])
    await scene.restart()  # whatever the event came to, what Discord lists decides
    return await imagine(scene, "a fox")


async def blocked_by_an_operator(scene: Scene) -> Json:
    admin = {"members": [int(scene.sandbox.user("ben").id)]}
    await scene.close()
    scene.config = scene.config.model_validate(scene.config.model_dump() | {"admin": admin})
    await scene.open()
    ada, ben = await scene.member("ada"), await scene.member("ben")
    everyone = {command.name: command for command in scene.sandbox.world.commands.registered(None)}
    everyone["admin"].definition["default_member_permissions"] = None  # as a server's own settings can
    sent = await ben.slash("admin block", member=ada, length="1 hour", reason="Flooding.")
    await ben.wait_for_message(lambda message: bool(message["content"] or message["embeds"]), since=sent)
    return await imagine(scene, "a fox")


async def a_mask_that_is_no_picture(scene: Scene) -> Json:
    ada = await scene.member()
    grid = await draw(ada, "a fox")
    single = await next_result(ada, await ada.press(grid, "U1"))
    job_id = single["attachments"][0]["filename"].rpartition("_")[2].partition(".")[0]
    return await told(ada, await ada.slash("region", job_id=job_id, mask=Upload("mask.png", b"no picture")))


async def engine_out_of_memory(scene: Scene) -> Json:
    scene.engine.fail_next(FailureCode.OUT_OF_MEMORY)
    return await imagine(scene, "a fox")


async def a_table_is_missing(scene: Scene) -> Json:
    ada = await scene.member()
    await rename_table(scene, "saved_styles", "mislaid")
    answer = await told(ada, await ada.slash("style_code list"))
    await rename_table(scene, "mislaid", "saved_styles")
    return answer


async def rename_table(scene: Scene, name: str, other: str) -> None:
    """The file is the bot's alone while it runs."""
    await scene.close()
    with contextlib.closing(sqlite3.connect(scene.config.database.url.partition(":///")[2])) as raw, raw:
        raw.execute(f"ALTER TABLE {name} RENAME TO {other}")
    await scene.open()


def an_engine() -> FakeEngine:
    return FakeEngine([ModelInfo("fake", "fake", 64, 64, 4, True, abilities=frozenset(Ability))])


@dataclass(frozen=True)
class Row:
    """`says` is a pattern for the sentence, `footer` for the small print. `alone`: shown to the member only."""

    title: str
    says: str
    cause: Callable[[Scene], Awaitable[Json]]
    colour: int = RED
    footer: str = ""
    alone: bool = True
    settings: dict[str, Any] = field(default_factory=dict)


ROWS = [
    Row("Queue full", "Please wait for a job to finish first, then resubmit", one_too_many, settings=NARROW),
    Row("Job queued", "starts|line|wait", queued, YELLOW, "/imagine the second", False, NARROW),
    Row("Invalid parameter", r"Unrecognized parameter\(s\): bogus", prompted("a fox --bogus"), footer="/imagine a fox"),
    Row("Invalid parameter", "Invalid value|needs|must be", prompted("a fox --stop 5"), footer="--stop 5"),
    Row("Invalid prompt", "weights", prompted("a:: b::-2"), footer="/imagine a:: b"),
    Row("Invalid link", "cannot be opened", prompted("http://127.0.0.1:9/a.png a fox"), footer="/imagine http"),
    Row("Invalid request", "0b8e7d2a-6f1c-4f0e-9f59-3a2d1c4b5e60", show_what_is_not_there),
    Row("Empty prompt", "/imagine prompt: a fox", prompted(" ")),
    Row("Job action restricted", "Only|only", cancel_of_another),
    Row("Invalid parameter", "relax mode", prompted("{a, b} fox --relax"), footer="--relax"),
    Row("Duplicate images detected", "the same", blend_of_one, alone=False),
    Row("Slow Down!", r"^You can request another upscale for this image <t:\d+:R>$", the_same_upscale_again),
    Row("Credits exhausted", "left", nothing_left, footer="/imagine an owl", settings=POOR),
    Row("Subscription required", "/subscribe", prompted("a fox"), footer="/imagine a fox", settings=SHOP),
    Row("Subscription paused", "payment", payment_failed, footer="/imagine a fox", settings=SHOP),
    Row("Plan Cancelled", r"ended on <t:\d+:D>.*/subscribe", plan_given_back, footer="a fox", settings=SHOP),
    Row("Blocked", r"until <t:\d+>.*Flooding", blocked_by_an_operator, footer="/imagine a fox"),
    Row("Not enough ratings", "not rated enough", prompted("a fox --p"), footer="/imagine a fox --p"),
    Row("Invalid image", "not a PNG, JPEG, WebP or GIF", a_mask_that_is_no_picture),
    Row("Internal error", "too little memory", engine_out_of_memory, footer=r"^[0-9a-f]{8}$", alone=False),
    Row("Sorry, something went wrong", "noted", a_table_is_missing, footer=r"^[0-9a-f]{8}$"),
]


@pytest.fixture
async def row(request: pytest.FixtureRequest) -> Row:
    found: Row = request.param
    return found


@pytest.fixture
async def troubled(row: Row, sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Scene]:
    async with running_scene(sandbox, an_engine(), a_config(sandbox, tmp_path, **row.settings)) as scene:
        yield scene


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.title} ({row.says[:12]})", indirect=True)
async def test_each_title_has_its_cause(row: Row, troubled: Scene) -> None:
    message = await row.cause(troubled)
    [embed] = message["embeds"]
    assert (embed["title"], embed["color"]) == (row.title, row.colour)
    assert re.search(row.says, embed["description"])
    assert re.search(row.footer, embed.get("footer", {}).get("text", ""))
    assert bool(message["flags"] & 64) == row.alone
    assert message["author"]["bot"]


def test_no_title_lacks_its_row() -> None:
    """Titles of our own, such as those of the shop, are shown where they belong."""
    ours = {error.title for error in _errors(StudioError)} | {
        str(failure_embed(a_job(failure=reason)).title) for reason in FailureReason
    }
    caused = {row.title for row in ROWS}
    assert caused == {*KNOWN, "Invalid image"}
    assert caused <= ours | {"Job queued"}
    assert not ours & set(OF_MODERATION)


def _errors(error: type[StudioError]) -> set[type[StudioError]]:
    return {error}.union(*(_errors(child) for child in error.__subclasses__()))
