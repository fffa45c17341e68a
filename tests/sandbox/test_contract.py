"""Discord's OpenAPI document judges both sides; where it is not at hand these tests say so and are skipped."""

from pathlib import Path
from typing import Any

import pytest

from bot.sandbox import Sandbox, SandboxConfig
from bot.sandbox.config import CONTRACT
from bot.sandbox.contract import Contract, with_string_ids
from tests.patience import patient
from tests.sandbox.bot_api import BotApi


def row(*children: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(children)}


REASON = Contract(CONTRACT).reason_missing
needs_document = pytest.mark.skipif(REASON is not None, reason=f"contract not checked: {REASON}")


@needs_document
async def test_a_request_against_the_document_is_refused_and_noted(api: BotApi, sandbox: Sandbox) -> None:
    path = f"/channels/{sandbox.channel('studio').id}/threads"
    answer = await api.call("POST", path, {"name": "x", "auto_archive_duration": 7})
    assert answer.outcome == (400, 50035)
    (violation,) = sandbox.contract_violations
    assert (violation.side, violation.method, violation.path) == ("request", "POST", path)


CAUGHT: dict[str, tuple[str, dict[str, Any]]] = {
    "wrong type": ("POST", {"content": 5}),
    "label over 80": ("POST", {"components": [row({"type": 2, "style": 2, "custom_id": "a", "label": "x" * 81})]}),
    "custom id over 100": (
        "POST",
        {"components": [row({"type": 2, "style": 2, "custom_id": "x" * 101, "label": "x"})]},
    ),
    "six buttons": ("POST", {"components": [row(*[{"type": 2, "style": 2, "custom_id": "a", "label": "x"}] * 6)]}),
    "41 components": ("POST", {"flags": 1 << 15, "components": [{"type": 10, "content": "x"}] * 41}),
    "11 embeds": ("POST", {"embeds": [{"title": "x"}] * 11}),
    "embed title over 256": ("POST", {"embeds": [{"title": "x" * 257}]}),
    "edit over 2000": ("PATCH", {"content": "x" * 4001}),
}


@needs_document
@pytest.mark.parametrize(("method", "broken"), CAUGHT.values(), ids=CAUGHT.keys())
async def test_the_document_catches_what_it_models(
    api: BotApi, sandbox: Sandbox, method: str, broken: dict[str, Any]
) -> None:
    posted = (await api.post("x")).body
    tail = f"/{posted['id']}" if method == "PATCH" else ""
    assert (await api.call(method, api.messages_path + tail, broken)).outcome == (400, 50035)
    assert [violation.side for violation in sandbox.contract_violations] == ["request"]


@needs_document
async def test_a_message_with_everything_on_it_is_a_message_response(api: BotApi, sandbox: Sandbox) -> None:
    ada = await sandbox.member("ada")
    pending, sent = await api.interact(ada)
    await pending.answer(5)
    button = {"type": 2, "style": 2, "emoji": {"id": None, "name": "🔄"}, "custom_id": "a"}
    select = {"type": 3, "custom_id": "s", "options": [{"label": "A", "value": "a", "emoji": {"name": "⭐"}}]}
    rows = [{"type": 1, "components": [button]}, {"type": 1, "components": [select]}]
    embed = {"title": "T", "description": "D", "color": 16711680, "footer": {"text": "F"}}
    await pending.webhook("PATCH", "/messages/@original", {"content": "x", "components": rows, "embeds": [embed]})
    original = await ada.response(sent)
    await ada.react(original, "✉️")
    seen = (await ada.messages())[0]
    assert sandbox.contract.find_error("MessageResponse", seen) is None
    assert seen["reactions"][0]["me"] is True
    assert sandbox.contract_violations == []


@needs_document
async def test_an_answer_of_ours_that_breaks_the_document_is_found(api: BotApi, sandbox: Sandbox) -> None:
    await api.post("x")
    sandbox.messages()[0].embeds.append({"title": 5})
    await api.call("GET", f"{api.messages_path}/{sandbox.messages()[0].id}")
    assert [violation.side for violation in sandbox.contract_violations] == ["reply"]


async def test_without_a_document_everything_else_works(tmp_path: Path) -> None:
    async with Sandbox(patient(SandboxConfig(openapi=tmp_path / "openapi.json"))) as sandbox:
        assert sandbox.contract.reason_missing == "the OpenAPI document openapi.json is not there"
        ada = await sandbox.member("ada")
        await ada.say("hello")
        assert sandbox.contract_violations == []


def test_integer_ids_become_strings_but_component_ids_stay() -> None:
    sent = {
        "message_reference": {"message_id": 5},
        "allowed_mentions": {"users": [7]},
        "attachments": [{"id": 0}],
        "components": [{"type": 1, "id": 3}],
    }
    assert with_string_ids(sent) == {
        "message_reference": {"message_id": "5"},
        "allowed_mentions": {"users": ["7"]},
        "attachments": [{"id": "0"}],
        "components": [{"type": 1, "id": 3}],
    }
