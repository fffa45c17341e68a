"""Each rule of messages and components: one request that breaks it, refused with Discord's own code."""

from typing import Any

import pytest

from bot.sandbox import Sandbox
from tests.sandbox.bot_api import BotApi

# Our own rules must stand without Discord's document, which misses many of them.
pytestmark = pytest.mark.parametrize("openapi", [None], ids=["own rules"])


def button(custom_id: str = "a", **fields: Any) -> dict[str, Any]:
    return {"type": 2, "style": 2, "label": "A", "custom_id": custom_id, **fields}


def row(*children: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(children)}


def select(**fields: Any) -> dict[str, Any]:
    option = {"label": "A", "value": "a"}
    return {"type": 3, "custom_id": "s", "options": [option], **fields}


TOO_MANY_V2 = [{"type": 10, "content": "x"} for _ in range(41)]
BROKEN = {
    "content over 2000": {"content": "x" * 2001},
    "content between 2001 and 4000": {"content": "x" * 4000},
    "unknown field": {"contents": "x"},
    "six rows": {"components": [row(button(str(index))) for index in range(6)]},
    "six buttons in a row": {"components": [row(*(button(str(index)) for index in range(6)))]},
    "empty row": {"components": [row()]},
    "select and button in a row": {"components": [row(select(), button())]},
    "duplicate custom id": {"components": [row(button("a"), button("a"))]},
    "missing custom id": {"components": [row({"type": 2, "style": 2, "label": "A"})]},
    "custom id over 100": {"components": [row(button("x" * 101))]},
    "label over 80": {"components": [row(button(label="x" * 81))]},
    "button without label and emoji": {"components": [row({"type": 2, "style": 2, "custom_id": "a"})]},
    "link button without url": {"components": [row({"type": 2, "style": 5, "label": "A"})]},
    "26 select options": {
        "components": [row(select(options=[{"label": "A", "value": str(index)} for index in range(26)]))]
    },
    "duplicate select values": {"components": [row(select(options=[{"label": "A", "value": "a"}] * 2))]},
    "button outside a row": {"components": [button()]},
    "11 embeds": {"embeds": [{"title": "x"}] * 11},
    "embed title over 256": {"embeds": [{"title": "x" * 257}]},
    "embed description over 4096": {"embeds": [{"description": "x" * 4097}]},
    "embeds over 6000 together": {"embeds": [{"description": "x" * 4000}, {"description": "x" * 2001}]},
    "26 embed fields": {"embeds": [{"fields": [{"name": "a", "value": "b"}] * 26}]},
    "empty embed field": {"embeds": [{"fields": [{"name": "a", "value": ""}]}]},
    "unknown embed field": {"embeds": [{"titel": "x"}]},
    "attachment without its file": {"attachments": [{"id": "0", "filename": "a.png"}]},
    "reply to an unknown message": {"content": "x", "message_reference": {"message_id": "1"}},
    "V2 with content": {"content": "x", "flags": 1 << 15, "components": [{"type": 10, "content": "x"}]},
    "V2 component without the flag": {"components": [{"type": 10, "content": "x"}]},
    "41 V2 components": {"flags": 1 << 15, "components": TOO_MANY_V2},
    "flags that are not a message's": {"content": "x", "flags": 1 << 7},
    "wrong type": {"content": ["x"]},
    "embeds that are no list": {"embeds": {"title": "x"}},
    "components that are no objects": {"components": ["x"]},
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
async def test_a_broken_message_is_an_invalid_form_body(api: BotApi, broken: dict[str, Any]) -> None:
    answer = await api.call("POST", api.messages_path, broken)
    assert answer.outcome == (400, 50035)
    assert answer.body["errors"]
    assert api.sandbox.messages() == []


@pytest.mark.parametrize("empty", [{}, {"content": ""}, {"content": " \n "}, {"content": None, "embeds": []}])
async def test_an_empty_message_is_refused(api: BotApi, empty: dict[str, Any]) -> None:
    assert (await api.call("POST", api.messages_path, empty)).outcome == (400, 50006)


async def test_an_edit_is_held_to_the_same_rules(api: BotApi) -> None:
    message = (await api.post("hello")).body
    path = f"{api.messages_path}/{message['id']}"
    assert (await api.call("PATCH", path, {"content": "x" * 2001})).outcome == (400, 50035)
    assert (await api.call("PATCH", path, {"content": ""})).outcome == (400, 50006)
    assert (await api.call("PATCH", path, {"embeds": [{"title": "x"}]})).body["content"] == "hello"


async def test_an_edit_keeps_attachments_unless_it_lists_them(api: BotApi) -> None:
    message = (await api.call("POST", api.messages_path, {"content": "x"}, {"a b.png": b"1"})).body
    path = f"{api.messages_path}/{message['id']}"
    kept = (await api.call("PATCH", path, {"content": "y"})).body["attachments"]
    assert [item["filename"] for item in kept] == ["a b.png"]
    listed = {"attachments": [{"id": "0", "filename": "c.png"}]}
    replaced = (await api.call("PATCH", path, listed, {"c.png": b"2"})).body["attachments"]
    assert [item["filename"] for item in replaced] == ["c.png"]


async def test_a_file_over_the_limit_is_too_large(api: BotApi, sandbox: Sandbox) -> None:
    sandbox.set_upload_limit(100)
    answer = await api.call("POST", api.messages_path, {"content": "x"}, {"a.png": b"1" * 101})
    assert answer.outcome == (413, 40005)
    assert (await api.call("POST", api.messages_path, {"content": "x"}, {"a.png": b"1" * 100})).status == 200


async def test_broken_json_is_refused(api: BotApi, sandbox: Sandbox) -> None:
    async with api._session.post(
        sandbox.api_url + api.messages_path, data=b"{", headers={"Content-Type": "application/json"}
    ) as response:
        assert (response.status, (await response.json())["code"]) == (400, 50109)


async def test_a_repeated_nonce_with_enforce_nonce_posts_once(api: BotApi, sandbox: Sandbox) -> None:
    first = await api.post("once", nonce="7", enforce_nonce=True)
    again = await api.post("once", nonce="7", enforce_nonce=True)
    assert first.body["id"] == again.body["id"]
    sandbox.clock.advance(301)
    assert (await api.post("once", nonce="7", enforce_nonce=True)).body["id"] != first.body["id"]


@pytest.mark.parametrize(
    ("content", "allowed", "pinged"),
    [
        ("@everyone look", None, ["everyone"]),
        ("@everyone look", {"parse": []}, []),
        ("{ada} and {ben}", None, ["ada", "ben"]),
        ("{ada} and {ben}", {"parse": [], "users": ["{ada}"]}, ["ada"]),
        ("{ada} and @here", {"parse": ["users"]}, ["ada"]),
        ("`{ada}` @everyone", {"parse": []}, []),
        ("`{ada}`", None, []),
    ],
)
async def test_allowed_mentions_decide_who_is_notified(
    api: BotApi, sandbox: Sandbox, content: str, allowed: dict[str, Any] | None, pinged: list[str]
) -> None:
    ids = {name: sandbox.user(name).id for name in ("ada", "ben")}
    mentions = {name: f"<@{user_id}>" for name, user_id in ids.items()}
    if allowed and "users" in allowed:
        allowed = {**allowed, "users": [item.format(**ids) for item in allowed["users"]]}
    fields = {} if allowed is None else {"allowed_mentions": allowed}
    answer = await api.post(content.format(**mentions), **fields)
    expected = [ids.get(name, name) for name in pinged]
    assert [ping.target for ping in sandbox.pings] == expected
    assert [user["id"] for user in answer.body["mentions"]] == [item for item in expected if item != "everyone"]
    assert answer.body["mention_everyone"] is False, "the bot lacks the permission"


async def test_a_reply_notifies_the_author_it_answers_unless_told_not_to(api: BotApi, sandbox: Sandbox) -> None:
    ada = await sandbox.member("ada")
    said = await ada.say("hello")
    reference = {"message_id": said["id"]}
    await api.post("silent", message_reference=reference, allowed_mentions={"parse": [], "replied_user": False})
    assert sandbox.pings == []
    await api.post("loud", message_reference=reference)
    assert [ping.target for ping in sandbox.pings] == [ada.id]
