"""The smaller commands: `/show`, `/invite`, `/userid`, `/subscribe`, `/ask`, `/docs`, `/faq`, and Report Job."""

import re
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.sandbox import Sandbox
from bot.sandbox.wire import Json
from tests.fakes import FakeEngine
from tests.ui.conftest import Scene, a_config, buttons_of, draw, press_for_result

COMMANDS = Path(__file__).parents[2] / "docs" / "commands.md"


def job_id_of(message: Json) -> str:
    return str(message["attachments"][0]["filename"].rpartition("_")[2].partition(".")[0])


def paths_of(definition: Json) -> list[str]:
    """The full names of a command and its sub-commands."""
    branches = [option for option in definition.get("options") or [] if option["type"] in (1, 2)]
    inner = [f"{definition['name']} {path}" for branch in branches for path in paths_of(branch)]
    return inner or [definition["name"]]


async def test_every_command_is_in_the_docs(scene: Scene) -> None:
    commands = scene.sandbox.world.commands.registered(None)
    registered = {
        f"/{path}" if command.type == 1 else path for command in commands for path in paths_of(command.definition)
    }
    documented = set(re.findall(r"^\| `([^`]+)`", COMMANDS.read_text(encoding="utf-8"), re.MULTILINE))
    assert documented == registered


async def test_show_posts_a_job_again_with_working_buttons(scene: Scene) -> None:
    ada = await scene.member()
    grid = await draw(ada, "a fox")
    sent = await ada.slash("show", job_id=job_id_of(grid))
    shown = await ada.wait_for_message(lambda message: bool(message["attachments"]), since=sent)
    assert shown["id"] != grid["id"]
    assert shown["interaction"]["name"] == "show"
    assert shown["content"] == grid["content"]
    assert job_id_of(shown) == job_id_of(grid)
    assert buttons_of(shown).keys() == buttons_of(grid).keys()
    assert not shown["flags"] & 64
    for message in (shown, grid):
        assert "Image #1" in (await press_for_result(ada, message, "U1"))["content"]


async def test_a_shown_job_takes_reactions(scene: Scene) -> None:
    """Client programs get a seed this way: `/show`, then the envelope."""
    ada = await scene.member()
    channel = await ada.open_dm()
    grid = await draw(ada, "a fox --seed 7")
    sent = await ada.slash("show", job_id=job_id_of(grid), channel=channel)
    shown = await ada.wait_for_message(lambda message: bool(message["attachments"]), since=sent)
    await ada.react(shown, "✉️")
    received = await ada.wait_for_message(lambda message: "**seed** 7" in message["content"])
    assert f"**Job ID**: {job_id_of(grid)}" in received["content"]


@pytest.mark.parametrize("whose", ["unknown", "foreign", "nonsense"])
async def test_show_names_the_id_that_it_does_not_know(scene: Scene, whose: str) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    job_id = {"unknown": "0b8e7d2a-6f1c-4f0e-9f59-3a2d1c4b5e60", "nonsense": "my fox"}.get(whose, "")
    job_id = job_id or job_id_of(await draw(ben, "a fox"))
    sent = await ada.slash("show", job_id=job_id)
    refused = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert refused["embeds"][0]["title"] == "Invalid request"
    assert job_id in refused["embeds"][0]["description"]
    assert refused["flags"] & 64


async def test_a_job_that_is_not_finished_is_not_shown(scene: Scene) -> None:
    gate = scene.engine.hold()
    ada = await scene.member()
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    job_id = waiting["components"][0]["components"][0]["custom_id"].rpartition("::")[2]
    sent = await ada.slash("show", job_id=job_id)
    refused = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert "not finished yet" in refused["embeds"][0]["description"]


async def test_userid_and_invite(scene: Scene) -> None:
    ada = await scene.member()
    told = await ada.response(await ada.slash("userid"))
    assert told["content"] == f"Your user id is `{ada.id}`."
    invited = await ada.response(await ada.slash("invite"))
    buttons = buttons_of(invited)
    assert buttons.keys() == {"Add to a server", "Add to my account"}
    assert all(f"client_id={scene.sandbox.config.application_id}" in button["url"] for button in buttons.values())
    assert "integration_type=1" in buttons["Add to my account"]["url"]
    assert told["flags"] & invited["flags"] & 64


async def test_nothing_is_sold_where_nothing_is_sold(scene: Scene) -> None:
    ada = await scene.member()
    answer = await ada.response(await ada.slash("subscribe"))
    assert "Nothing is sold here" in answer["content"]
    assert answer["flags"] & 64


async def test_links_of_the_operator(sandbox: Sandbox, tmp_path: Path) -> None:
    links = {"community": "https://example.org/join", "account": "https://example.org/plans"}
    config = a_config(sandbox, tmp_path).model_copy(update={})
    config = type(config).model_validate(config.model_dump() | {"links": links})
    async with Scene(sandbox, FakeEngine(), config) as scene:
        ada = await scene.member()
        subscribed = await ada.response(await ada.slash("subscribe"))
        assert buttons_of(subscribed)["Manage Account"]["url"] == "https://example.org/plans"
        invited = await ada.response(await ada.slash("invite"))
        assert buttons_of(invited)["Join our server"]["url"] == "https://example.org/join"


async def test_questions_are_answered_from_the_pages(scene: Scene) -> None:
    ada = await scene.member()
    answer = await ada.response(await ada.slash("ask", question="What does --chaos **do**?"))
    assert answer["content"] == r"> What does --chaos \*\*do\*\*?"
    assert answer["embeds"][0]["title"] == "--chaos, --c"
    lost = await ada.response(await ada.slash("ask", question="xyzzy"))
    assert "found nothing" in lost["embeds"][0]["description"]
    assert lost["flags"] & 64
    assert not answer["flags"] & 64


async def test_pages_and_answers_are_offered_and_shown(scene: Scene) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    offered = await ada.autocomplete("docs", "doc", "turbo")
    assert "/turbo" in [choice["value"] for choice in offered]
    shown = await ada.response(await ada.slash("docs", doc="/turbo", mention=ben))
    assert shown["embeds"][0]["title"] == "/turbo"
    assert shown["content"] == ben.mention
    assert scene.sandbox.pings == []
    (choice,) = await ada.autocomplete("faq", "faq", "delete")
    answer = await ada.response(await ada.slash("faq", faq=choice["value"]))
    assert "❌" in answer["embeds"][0]["description"]
    typed = await ada.response(await ada.slash("faq", faq="how to delete pictures"))
    assert typed["embeds"][0]["title"] == choice["value"]


async def test_a_job_is_reported_once_and_nobody_is_pinged(scene: Scene) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    grid = await draw(ada, "a fox")
    pings = list(scene.sandbox.pings)

    async def report() -> str:
        sent = await ben.context_menu("Report Job", grid)
        told = await ben.wait_for_message(
            lambda message: message.get("interaction", {}).get("name") == "Report Job" and bool(message["content"]),
            since=sent,
        )
        return str(told["content"])

    with capture_logs() as logs:
        assert "Whoever runs this studio" in await report()
        assert "already" in await report()
    reports = [log for log in logs if log["event"] == "job reported"]
    assert [(log["job"], log["member"], log["reporter"]) for log in reports] == [
        (job_id_of(grid), int(ada.id), int(ben.id))
    ]
    assert scene.sandbox.pings == pings


async def test_reports_are_not_offered_in_direct_messages(scene: Scene) -> None:
    ada = await scene.member()
    channel = await ada.open_dm()
    sent = await ada.slash("imagine", prompt="a fox", channel=channel)
    grid = await ada.wait_for_message(lambda message: bool(message["attachments"]), since=sent)
    with pytest.raises(LookupError):
        await ada.context_menu("Report Job", grid)


async def test_a_message_that_was_replaced_still_knows_its_job(scene: Scene) -> None:
    ada = await scene.member()
    grid = await draw(ada, "a fox --seed 7")
    sent = await ada.slash("show", job_id=job_id_of(grid))
    await ada.wait_for_message(lambda message: bool(message["attachments"]), since=sent)
    mark = len(ada.events)
    await ada.context_menu("DM Results", grid)
    await ada.wait_for(lambda event: "**seed** 7" in event.data.get("content", ""), since=mark)
    mark = len(ada.events)
    await ada.react(grid, "✉️")
    await ada.wait_for(lambda event: "**seed** 7" in event.data.get("content", ""), since=mark)
