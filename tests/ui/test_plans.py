"""A studio that sells plans, in the chat: what members are refused, what `/info` says, and that it is the ledger's."""

import csv
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.config import Config
from bot.db.database import open_database
from bot.domain.job import UserId
from bot.domain.ledger import LOTS
from bot.sandbox import Member
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.wire import Json
from bot.usecases.export_ledger import export_ledger
from engine.protocol import FailureCode
from tests.fakes import FakeEngine
from tests.ui.conftest import Scene, a_config, draw, press_for_result


def selling(sandbox: Sandbox, folder: Path, **plans: Any) -> Config:
    settings = a_config(sandbox, folder).model_dump()
    return Config.model_validate({**settings, "plans": {"enabled": True, **plans}})


@pytest.fixture
async def paid(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Scene]:
    """Ada's role is worth a Basic plan of ten minutes, Ben's a Pro one. The others have none."""
    tiers = [
        {"name": "Basic", "fast_minutes": 10, "relax": False, "stealth": False, "terms": "Yours."},
        {"name": "Pro", "fast_minutes": 90, "terms": "Yours, and companies'."},
    ]
    roles = {sandbox.give_role("ada", "patron"): "Basic", sandbox.give_role("ben", "sponsor"): "Pro"}
    config = selling(sandbox, tmp_path, tiers=tiers, roles=roles)
    async with Scene(sandbox, FakeEngine(), config) as scene:
        yield scene


async def info(member: Member) -> tuple[dict[str, str], dict[str, str]]:
    """The lines that programs read, and the fields beside them."""
    sent = await member.slash("info")
    message = await member.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    [embed] = message["embeds"]
    lines = dict(line.removeprefix("**").split("**: ") for line in embed["description"].splitlines() if line)
    return lines, {field["name"]: field["value"] for field in embed["fields"]}


async def refusal(member: Member, prompt: str) -> Json:
    answer = await member.response(await member.slash("imagine", prompt=prompt))
    embed: Json = answer["embeds"][0]
    return embed


def in_seconds(text: str) -> int:
    units = {"h": 3600, "min": 60, "s": 1}
    return sum(int(count.replace(",", "")) * units[unit] for count, unit in re.findall(r"([\d,]+) (h|min|s)\b", text))


async def exported(scene: Scene, member: Member) -> dict[tuple[str, str], int]:
    """Balances by account and label, summed from the export."""
    async with open_database(scene.config.database.url) as db:
        rows = csv.DictReader(io.StringIO(await export_ledger(UserId(int(member.id)), db=db)))
    balances: dict[tuple[str, str], int] = {}
    for row in rows:
        account = row["account"], row["label"]
        balances[account] = balances.get(account, 0) + int(row["amount"])
    return balances


async def test_where_nothing_can_be_bought_members_are_told_whom_to_ask(paid: Scene) -> None:
    ada = await paid.member("ada")
    answer = await ada.response(await ada.slash("subscribe"))
    assert answer["content"].startswith("Ask whoever runs this studio for a plan.")


@pytest.mark.parametrize(
    ("command", "says"), [("fast", "use fast time again"), ("turbo", "go first and use twice the fast time")]
)
async def test_a_speed_says_what_it_takes(paid: Scene, command: str, says: str) -> None:
    ada = await paid.member("ada")
    sent = await ada.slash(command)
    answer = await ada.wait_for_message(lambda message: message["content"].startswith("Done!"), since=sent)
    assert says in answer["content"]


async def test_a_role_is_worth_a_plan(paid: Scene) -> None:
    ada, cid = await paid.member("ada"), await paid.member("cleo")
    lines, fields = await info(ada)
    assert re.fullmatch(r"Basic \(Active monthly, renews next on <t:\d+>\)", lines["Subscription"])
    assert lines["Fast Time Remaining"] == "10.00 minutes"
    assert fields["Your pictures"] == "Yours."
    lines, fields = await info(cid)
    assert lines["Subscription"] == "None (Inactive)"
    assert (await refusal(cid, "a fox"))["title"] == "Subscription required"
    assert (await draw(ada, "a fox"))["attachments"]


async def test_info_and_export_agree_to_the_second(paid: Scene) -> None:
    ben = await paid.member("ben")
    grid = await draw(ben, "a fox --q 2 --s 250")
    await press_for_result(ben, grid, "V1")
    await press_for_result(ben, grid, "U1")
    await draw(ben, "an owl --turbo --draft")
    await draw(ben, "a crow --relax")
    paid.engine.fail_next(FailureCode.OUT_OF_MEMORY)
    failed = await ben.slash("imagine", prompt="a wren")
    await ben.wait_for_message(lambda message: bool(message["embeds"]), since=failed)
    lines, fields = await info(ben)
    balances = await exported(paid, ben)
    left = sum(amount for (account, _), amount in balances.items() if account in LOTS)
    used = {label: amount for (account, label), amount in balances.items() if account == "used"}
    assert used == {"fast": 120 + 108, "turbo": 60, "relax": 60}
    assert (left, sum(balances.values())) == (5400 - 288, 0)
    assert in_seconds(fields["What is left"]) == left
    assert lines["Fast Time Remaining"] == "1.42/1.5 hours (94.67%)"
    assert lines["Lifetime Usage"] == "4 images (0.10 hours)"
    assert lines["Fast Usage"] == "2 images (0.06 hours)"
    assert lines["Turbo Usage"] == "1 images (0.02 hours)"
    assert lines["Relaxed Usage"] == "1 images (0.02 hours)"
    assert list(lines) == [
        "User ID",
        "Subscription",
        "Job Mode",
        "Visibility Mode",
        "Fast Time Remaining",
        "Lifetime Usage",
        "Fast Usage",
        "Turbo Usage",
        "Relaxed Usage",
        "Ranking Count",
        "Queued Jobs (fast)",
        "Queued Jobs (relax)",
        "Running Jobs",
    ]


async def test_time_that_is_used_up_is_told_with_its_title(paid: Scene) -> None:
    ada = await paid.member("ada")
    gate = paid.engine.hold()
    for _ in range(2):
        await ada.response(await ada.slash("imagine", prompt="a fox --q 4"))
    await gate.reached()
    told = await refusal(ada, "a fox --q 4")
    assert told["title"] == "Credits exhausted"
    assert "takes 4 min; you have 2 min left" in told["description"]
    assert "--relax" not in told["description"]
    relaxed = await refusal(ada, "a fox --relax")
    assert "standard plan or higher" in relaxed["description"]


async def test_the_speed_reads_as_it_is_paid(paid: Scene) -> None:
    ben = await paid.member("ben")
    assert (await draw(ben, "a fox --turbo"))["content"].endswith("(turbo)")
    assert [request.priority for request in paid.engine.requests] == [0]
