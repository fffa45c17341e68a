"""Interactions where a bot gets hurt: three seconds, fifteen minutes, one answer, and what only the caller may see."""

from typing import Any

import pytest

from bot.sandbox import RequestRefused, Sandbox
from bot.sandbox.message import MessageFlag
from tests.sandbox.bot_api import COMMAND, BotApi, Pending

EPHEMERAL = int(MessageFlag.EPHEMERAL)
BUTTON = {"type": 1, "components": [{"type": 2, "style": 2, "label": "Go", "custom_id": "go"}]}
FIELD = {"type": 1, "components": [{"type": 4, "custom_id": "text", "style": 1, "label": "Text", "max_length": 5}]}
FORM = {"title": "Form", "custom_id": "form", "components": [FIELD]}

# Our own rules must stand without Discord's document, which misses many of them.
pytestmark = pytest.mark.parametrize("openapi", [None], ids=["own rules"])


async def test_the_first_answer_must_come_within_three_seconds(api: BotApi, sandbox: Sandbox) -> None:
    ada = await sandbox.member("ada")
    pending, sent = await api.interact(ada)
    sandbox.clock.advance(3)
    await ada.failure(sent)
    assert (await pending.answer(5)).outcome == (404, 10062)


async def test_an_interaction_is_answered_once(api: BotApi, sandbox: Sandbox) -> None:
    pending, _ = await api.interact(await sandbox.member("ada"))
    assert (await pending.answer(5)).status == 204
    assert (await pending.answer(4, {"content": "x"})).outcome == (400, 40060)


async def test_a_token_dies_after_fifteen_minutes_but_the_bot_token_still_edits(api: BotApi, sandbox: Sandbox) -> None:
    ada = await sandbox.member("ada")
    pending, sent = await api.interact(ada)
    await pending.answer(5)
    waiting = await ada.response(sent)
    sandbox.clock.advance(15 * 60 - 4)
    assert (await pending.webhook("PATCH", "/messages/@original", {"content": "31%"})).status == 200
    sandbox.clock.advance(4)
    for method, tail in (("PATCH", "/messages/@original"), ("GET", "/messages/@original"), ("POST", "")):
        assert (await pending.webhook(method, tail, {"content": "late"})).outcome == (401, 50027)
    edited = await api.call("PATCH", f"{api.messages_path}/{waiting['id']}", {"content": "62%"})
    assert edited.body["content"] == "62%"


async def test_webhook_errors(api: BotApi, sandbox: Sandbox) -> None:
    pending, _ = await api.interact(await sandbox.member("ada"))
    assert (await pending.webhook("POST", "", {"content": "x"})).outcome == (404, 10015), "not acknowledged yet"
    assert (await api.call("POST", "/webhooks/5/none", {"content": "x"})).outcome == (404, 10015)
    unknown = f"/webhooks/{api.application_id}/none"
    assert (await api.call("POST", unknown, {"content": "x"})).outcome == (401, 50027)
    await pending.answer(5)
    assert (await pending.webhook("PATCH", "/messages/5", {"content": "x"})).outcome == (404, 10008)


@pytest.mark.parametrize(
    "broken",
    [
        {"type": 4},
        {"type": 7, "data": {"content": "x"}},
        {"type": 8, "data": {"choices": []}},
        {"type": 99},
        {"type": 9, "data": {**FORM, "title": "x" * 46}},
        {"type": 9, "data": {**FORM, "components": []}},
        {"type": 9, "data": {**FORM, "components": [FIELD, FIELD]}},
        {"type": 4, "data": {"content": "x" * 2001}},
    ],
)
async def test_a_broken_callback_is_refused_and_may_be_repeated(
    api: BotApi, sandbox: Sandbox, broken: dict[str, Any]
) -> None:
    pending, _ = await api.interact(await sandbox.member("ada"))
    assert (await pending.answer(broken["type"], broken.get("data"))).outcome == (400, 50035)
    assert (await pending.answer(4, {"content": "fine"})).status == 204


async def test_more_than_25_choices_are_too_many(api: BotApi, sandbox: Sandbox) -> None:
    await api.register({**COMMAND, "options": [{"name": "a", "description": "b", "type": 3, "autocomplete": True}]})
    ada = await sandbox.member("ada")
    command = (await ada.request("GET", f"/channels/{ada.channel_id}/application-command-index"))[
        "application_commands"
    ][0]
    option = {"type": 3, "name": "a", "value": "x", "focused": True}
    data = {"id": command["id"], "name": "imagine", "type": 1, "options": [option]}
    body = {"type": 4, "application_id": api.application_id, "channel_id": ada.channel_id, "nonce": "7", "data": data}
    await ada.request("POST", "/interactions", body)
    interaction = list(sandbox.world.interactions.values())[-1]
    pending = Pending(api, interaction.id, interaction.token)
    choices = [{"name": str(number), "value": str(number)} for number in range(26)]
    assert (await pending.answer(8, {"choices": choices})).outcome == (400, 50035)
    assert (await pending.answer(8, {"choices": choices[:25]})).status == 204
    answer = await ada.wait_for(lambda event: event.name == "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE")
    assert (len(answer.data["choices"]), answer.data["nonce"]) == (25, "7")


async def test_an_empty_callback_message_is_refused(api: BotApi, sandbox: Sandbox) -> None:
    pending, _ = await api.interact(await sandbox.member("ada"))
    assert (await pending.answer(4, {"content": ""})).outcome == (400, 50006)


async def test_an_ephemeral_message_is_unknown_to_everyone_else(api: BotApi, sandbox: Sandbox) -> None:
    ada, ben = await sandbox.member("ada"), await sandbox.member("ben")
    pending, sent = await api.interact(ada)
    await pending.answer(4, {"content": "secret", "flags": EPHEMERAL, "components": [BUTTON]})
    seen = await ada.response(sent)
    path = f"{api.messages_path}/{seen['id']}"

    assert "guild_id" not in seen
    assert await ada.messages() == []
    for method, tail, body in (("GET", "", None), ("PATCH", "", {"content": "x"}), ("DELETE", "", None)):
        assert (await api.call(method, path + tail, body)).outcome == (404, 10008)
    with pytest.raises(RequestRefused, match="10008"):
        await ada.react(seen, "⭐")
    with pytest.raises(RequestRefused, match="10008"):
        await ben.press(seen, "go")
    public = (await api.post("public")).body
    await ben.wait_for_message(lambda message: message["id"] == public["id"])
    assert seen["id"] not in ben.inbox

    pressed, _ = await api.press(ada, seen, "go")
    assert (await pressed.answer(7, {"content": "pressed"})).status == 204
    assert (await ada.wait_for_message(lambda message: message["content"] == "pressed"))["id"] == seen["id"]


async def test_the_first_follow_up_fills_a_deferred_message_and_keeps_its_visibility(
    api: BotApi, sandbox: Sandbox
) -> None:
    ada = await sandbox.member("ada")
    pending, sent = await api.interact(ada)
    await pending.answer(5, {"flags": EPHEMERAL})
    deferred = await ada.response(sent)
    first = (await pending.webhook("POST", "", {"content": "one"})).body
    second = (await pending.webhook("POST", "", {"content": "two"})).body

    assert deferred["flags"] == EPHEMERAL | int(MessageFlag.LOADING)
    assert (first["id"], first["flags"]) == (deferred["id"], EPHEMERAL)
    assert second["id"] != first["id"]
    seen = await ada.wait_for_message(lambda message: message["id"] == second["id"])
    assert "nonce" not in seen


async def test_nonce_and_interaction_stand_on_the_answer_alone(api: BotApi, sandbox: Sandbox) -> None:
    ada = await sandbox.member("ada")
    pending, sent = await api.interact(ada)
    await pending.answer(5)
    await pending.webhook("PATCH", "/messages/@original", {"content": "31%"})
    await api.post("result")
    result = await ada.wait_for_message(lambda message: message["content"] == "result")
    events = [event.data for event in ada.events if event.name.startswith("MESSAGE_")]

    assert [event.get("nonce") for event in events] == [sent.nonce, None, None]
    assert ["interaction" in event for event in events] == [True, True, False]
    assert "message_reference" not in result
    assert all(value is not None for key, value in result.items() if key not in ("edited_timestamp",))


async def test_answers_to_a_button(api: BotApi, sandbox: Sandbox) -> None:
    ada = await sandbox.member("ada")
    posted = (await api.post("grid", components=[BUTTON])).body
    message = await ada.wait_for_message(lambda item: item["id"] == posted["id"])
    pending, sent = await api.press(ada, message, "go")
    await pending.answer(6)
    await ada.success(sent)
    assert (await pending.webhook("GET", "/messages/@original")).body["id"] == posted["id"]
    followed = (await pending.webhook("POST", "", {"content": "next"})).body
    assert (followed["type"], followed["message_reference"]["message_id"]) == (19, posted["id"])

    disabled = {"type": 1, "components": [{**BUTTON["components"][0], "disabled": True}]}  # type: ignore[index]
    await api.call("PATCH", f"{api.messages_path}/{posted['id']}", {"components": [disabled]})
    with pytest.raises(RequestRefused, match="COMPONENT_VALIDATION_FAILED"):
        await ada.press(message, "go")
    await api.call("DELETE", f"{api.messages_path}/{posted['id']}")
    with pytest.raises(RequestRefused, match="10008"):
        await ada.press(message, "go")


async def test_a_modal_belongs_to_its_caller_and_checks_its_fields(api: BotApi, sandbox: Sandbox) -> None:
    ada, ben = await sandbox.member("ada"), await sandbox.member("ben")
    pending, sent = await api.interact(ada)
    assert (await pending.answer(9, FORM)).status == 204
    modal = await ada.modal(sent)
    with pytest.raises(RequestRefused, match="50035"):
        await ada.submit_modal(modal, {"text": "longer"})
    with pytest.raises(RequestRefused, match="50035"):
        await ada.submit_modal(modal, {"text": ""})
    with pytest.raises(RequestRefused, match="10062"):
        await ben.submit_modal(modal, {"text": "ben"})
    await ada.submit_modal(modal, {"text": "ada"})
    submitted = list(sandbox.world.interactions.values())[-1]
    assert submitted.data["components"][0]["components"][0]["value"] == "ada"


async def test_an_old_command_version_is_refused(api: BotApi, sandbox: Sandbox) -> None:
    ada = await sandbox.member("ada")
    command = (await api.register()).body[0]
    body = {
        "type": 2,
        "application_id": api.application_id,
        "channel_id": ada.channel_id,
        "data": {"id": command["id"], "name": "imagine", "type": 1, "version": "1"},
    }
    with pytest.raises(RequestRefused, match="INVALID_VERSION"):
        await ada.request("POST", "/interactions", body)
