"""`/admin` in the chat: who may, what it answers, and that a blocked member is told."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.config import Config
from bot.db.database import open_database
from bot.domain.job import UserId
from bot.domain.oversight import Deed
from bot.sandbox import Member
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.wire import Json
from tests.fakes import FakeEngine
from tests.ui.conftest import Scene, a_config, draw


@pytest.fixture
async def studio(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[Scene]:
    """Ada is an operator. Who has no plan has Basic."""
    ada = await sandbox.member("ada")
    settings = a_config(sandbox, tmp_path).model_dump()
    config = Config.model_validate(
        {**settings, "plans": {"enabled": True, "everyone": "Basic"}, "admin": {"members": [int(ada.id)]}}
    )
    async with Scene(sandbox, FakeEngine(), config) as scene:
        yield scene


async def admin(who: Member, command: str, /, **options: Any) -> Json:
    """The answer to `/admin command`, which the member alone sees."""
    sent = await who.slash(f"admin {command}", **options)
    return await who.wait_for_message(
        lambda message: message["flags"] & 64 and bool(message["content"] or message["embeds"]), since=sent
    )


async def test_the_command_is_hidden_from_ordinary_members(studio: Scene) -> None:
    [command] = [one for one in studio.sandbox.world.commands.registered(None) if one.name == "admin"]
    assert command.definition["default_member_permissions"] in (8, "8")


async def test_others_are_refused_every_command(scene: Scene) -> None:
    """Ada sees the command, for the server is hers, but the settings do not name her."""
    ada, ben = await scene.member("ada"), await scene.member("ben")
    commands: list[tuple[str, dict[str, Any]]] = [
        ("queue pause", {}),
        ("queue look", {}),
        ("grant time", {"member": ben, "amount": 1.0}),
        ("grant plan", {"member": ben, "plan": "Pro"}),
        ("revoke", {"member": ben}),
        ("block", {"member": ben, "length": "for good"}),
        ("log", {}),
        ("reports", {}),
    ]
    for command, options in commands:
        refused = await admin(ada, command, **options)
        assert refused["embeds"][0]["title"] == "Job action restricted", command
    async with open_database(scene.config.database.url) as db, db.reading() as tx:
        assert await tx.oversight.list_acts(9) == []


async def test_who_is_no_administrator_is_not_offered_it(studio: Scene) -> None:
    ben = await studio.member("ben")
    with pytest.raises(LookupError):
        await ben.slash("admin log")


async def test_a_plan_is_given_and_taken_back(studio: Scene) -> None:
    ben, ada = await studio.member("ben"), await studio.member("ada")
    choices = await ada.autocomplete("admin grant plan", "plan", "pr", member=ben)
    assert [choice["value"] for choice in choices] == ["Pro"]
    given = await admin(ada, "grant plan", member=ben, plan="Pro", days=30)
    assert given["content"].startswith(f"<@{ben.id}> has Pro until <t:")
    assert "3 more hours of fast time" in (await admin(ada, "grant time", member=ben, amount=3.0))["content"]
    sent = await ben.slash("info")
    shown = await ben.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert "**Subscription**: Pro" in shown["embeds"][0]["description"]
    assert "Pro, 118,800 GPU-seconds" in (await admin(ada, "revoke", member=ben))["content"]
    log = (await admin(ada, "log"))["embeds"][0]["description"].splitlines()
    assert ["**revoke**" in log[0], "**grant time**" in log[1], "**grant plan**" in log[2]] == [True] * 3


async def test_a_gift_that_discord_tells_twice_is_given_once(studio: Scene) -> None:
    ben, ada = await studio.member("ben"), await studio.member("ada")
    bot = studio.sandbox.config.application_id
    gifts: list[tuple[str, dict[str, Any]]] = [("time", {"amount": 2.0}), ("plan", {"plan": "Pro", "days": 3})]
    for kind, options in gifts:
        studio.sandbox.event_faults.add("double", "INTERACTION_CREATE", user_id=bot)
        await admin(ada, f"grant {kind}", member=ben, **options)
    await admin(ada, "log")
    async with open_database(studio.config.database.url) as db, db.reading() as tx:
        assert [act.deed for act in await tx.oversight.list_acts(9)] == [Deed.GRANT_PLAN, Deed.GRANT_TIME]
        [given] = await tx.ledger.list_of_member(UserId(int(ben.id)))
        assert given.postings[-1].amount == 7200


async def test_a_plan_that_is_not_sold_is_named(studio: Scene) -> None:
    ben, ada = await studio.member("ben"), await studio.member("ada")
    refused = await admin(ada, "grant plan", member=ben, plan="Gold")
    assert "There are Basic, Standard, Pro, Mega" in refused["embeds"][0]["description"]


async def test_a_blocked_member_is_told_until_when(studio: Scene) -> None:
    ben, ada = await studio.member("ben"), await studio.member("ada")
    blocked = await admin(ada, "block", member=ben, length="1 day", reason="Be kind.")
    assert "is blocked until <t:" in blocked["content"]
    answer = await ben.response(await ben.slash("imagine", prompt="a fox"))
    assert answer["embeds"][0]["title"] == "Blocked"
    assert "until <t:" in answer["embeds"][0]["description"]
    assert "Be kind." in answer["embeds"][0]["description"]
    assert "may draw again" in (await admin(ada, "unblock", member=ben))["content"]
    assert "was not blocked" in (await admin(ada, "unblock", member=ben))["content"]
    await draw(ben, "a fox")


async def test_the_queue_is_held_and_a_job_cancelled(studio: Scene) -> None:
    ben, ada = await studio.member("ben"), await studio.member("ada")
    assert "none is begun" in (await admin(ada, "queue pause"))["content"]
    waiting = await ben.response(await ben.slash("imagine", prompt="a *small* fox"))
    look = (await admin(ada, "queue look"))["embeds"][0]
    assert r"a \*small\* fox" in look["fields"][1]["value"]
    assert "Paused" in look["description"]
    assert [field["name"] for field in look["fields"]] == ["Running: 0", "Waiting: 1"]
    job_id = look["fields"][1]["value"].split("`")[1]
    assert (await admin(ada, "queue cancel", job_id="nope"))["content"].startswith("There is no job `nope`")
    assert "is cancelled" in (await admin(ada, "queue cancel", job_id=job_id))["content"]
    await ben.wait_for_message(lambda message: message["id"] == waiting["id"] and "(Stopped)" in message["content"])
    await admin(ada, "queue drain")
    refused = await ben.response(await ben.slash("imagine", prompt="an owl"))
    assert "takes no new jobs" in refused["embeds"][0]["description"]
    await admin(ada, "queue resume")
    await draw(ben, "an owl")
    figures = (await admin(ada, "statistics", days=1))["embeds"][0]
    assert figures["fields"][0]["name"] == "Jobs: 2"
    assert figures["fields"][0]["value"] == "cancelled: 1\nsucceeded: 1"


async def test_every_act_stands_in_the_log(studio: Scene) -> None:
    """And looking does not."""
    ben, ada = await studio.member("ben"), await studio.member("ada")
    await admin(ada, "queue pause")
    answer = await ben.response(await ben.slash("imagine", prompt="a fox"))
    job_id = (await admin(ada, "queue look"))["embeds"][0]["fields"][1]["value"].split("`")[1]
    acts: list[tuple[str, dict[str, Any], str]] = [
        ("queue cancel", {"job_id": job_id}, "cancel"),
        ("queue drain", {}, "queue"),
        ("queue resume", {}, "queue"),
        ("grant time", {"member": ben, "amount": 1.5}, "grant time"),
        ("grant plan", {"member": ben, "plan": "Pro", "days": 3}, "grant plan"),
        ("revoke", {"member": ben}, "revoke"),
        ("block", {"member": ben, "length": "1 hour", "reason": "rest"}, "block"),
        ("unblock", {"member": ben}, "unblock"),
    ]
    for command, options, _ in acts:
        await admin(ada, command, **options)
    await admin(ada, "statistics")
    assert answer["content"]
    log = (await admin(ada, "log"))["embeds"][0]["description"]
    async with open_database(studio.config.database.url) as db, db.reading() as tx:
        written = await tx.oversight.list_acts(99)
    assert [str(act.deed) for act in reversed(written)] == ["queue", *(deed for *_, deed in acts)]
    assert {act.operator.user_id for act in written} == {int(ada.id)}
    assert len(log.splitlines()) >= len(written)


async def test_what_members_report_is_found_by_operators(studio: Scene) -> None:
    """Report Job says that whoever runs the studio will see it."""
    ada, ben = await studio.member("ada"), await studio.member("ben")
    empty = (await admin(ada, "reports"))["embeds"][0]["description"]
    assert empty == "Nobody has reported anything."
    grid = await draw(ben, "a fox **in** snow")
    sent = await ada.context_menu("Report Job", grid)
    await ada.wait_for_message(lambda message: "Thank you" in message["content"], since=sent)
    [line] = (await admin(ada, "reports"))["embeds"][0]["description"].splitlines()
    job_id = grid["attachments"][0]["filename"].rpartition("_")[2].partition(".")[0]
    address = f"https://discord.com/channels/{studio.sandbox.world.guild.id}/{grid['channel_id']}/{grid['id']}"
    for part in (f"<@{ada.id}>", f"<@{ben.id}>", f"`{job_id}`", "a fox in snow", address):
        assert part in line
