"""Who may do what where: tokens, permissions, closed direct messages, other people's messages, vanished channels."""

import aiohttp
import pytest

from bot.sandbox import Permission, RequestRefused, Sandbox
from tests.sandbox.bot_api import BotApi


async def test_a_wrong_token_is_unauthorized(sandbox: Sandbox) -> None:
    for token in ("Bot wrong", "wrong", ""):
        async with (
            aiohttp.ClientSession(headers={"Authorization": token}) as session,
            session.get(f"{sandbox.api_url}/users/@me") as response,
        ):
            assert response.status == 401
            assert response.headers["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("denied", "files", "payload", "outcome"),
    [
        (Permission.VIEW_CHANNEL, None, {"content": "x"}, (403, 50001)),
        (Permission.SEND_MESSAGES, None, {"content": "x"}, (403, 50013)),
        (Permission.ATTACH_FILES, {"a.png": b"1"}, {"content": "x"}, (403, 50013)),
        (Permission.EMBED_LINKS, None, {"embeds": [{"title": "x"}]}, (403, 50013)),
    ],
)
async def test_posting_needs_its_permission(
    api: BotApi,
    sandbox: Sandbox,
    denied: Permission,
    files: dict[str, bytes] | None,
    payload: dict[str, object],
    outcome: tuple[int, int],
) -> None:
    sandbox.deny_bot("studio", denied)
    assert (await api.call("POST", api.messages_path, payload, files)).outcome == outcome
    sandbox.deny_bot("studio")
    assert (await api.call("POST", api.messages_path, payload, files)).status == 200


async def test_history_needs_its_permission(api: BotApi, sandbox: Sandbox) -> None:
    message = (await api.post("hello")).body
    sandbox.deny_bot("studio", Permission.READ_MESSAGE_HISTORY)
    assert (await api.call("GET", api.messages_path)).body == []
    one = f"{api.messages_path}/{message['id']}"
    assert (await api.call("GET", one)).outcome == (403, 50013)
    assert (await api.call("PUT", f"{one}/reactions/%E2%9D%8C/@me")).outcome == (403, 50013)


async def test_other_peoples_messages_can_be_neither_edited_nor_deleted(api: BotApi, sandbox: Sandbox) -> None:
    ada, ben = await sandbox.member("ada"), await sandbox.member("ben")
    said = await ben.say("hello")
    path = f"{api.messages_path}/{said['id']}"
    assert (await api.call("PATCH", path, {"content": "x"})).outcome == (403, 50005)
    assert (await api.call("DELETE", path)).outcome == (403, 50013)
    await ada.request("DELETE", path)
    assert sandbox.messages() == [], "the owner of the guild may"


async def test_closed_direct_messages(api: BotApi, sandbox: Sandbox) -> None:
    channel = (await api.call("POST", "/users/@me/channels", {"recipient_id": sandbox.user("ben").id})).body
    path = f"/channels/{channel['id']}/messages"
    sandbox.close_dms("ben")
    assert (await api.call("POST", path, {"content": "x"})).outcome == (403, 50007)
    sandbox.open_dms("ben")
    assert (await api.call("POST", path, {"content": "x"})).status == 200
    cleo = await sandbox.member("cleo")
    with pytest.raises(RequestRefused, match="50001"):
        await cleo.messages(channel["id"])


async def test_unknown_things(api: BotApi, sandbox: Sandbox) -> None:
    assert (await api.call("GET", "/channels/5")).outcome == (404, 10003)
    assert (await api.call("GET", "/users/5")).outcome == (404, 10013)
    assert (await api.call("GET", "/guilds/5")).outcome == (404, 10004)
    assert (await api.call("GET", f"{api.messages_path}/5")).outcome == (404, 10008)
    assert (await api.call("GET", f"/guilds/{sandbox.world.guild.id}/members/5")).outcome == (404, 10007)
    assert (await api.call("PUT", "/applications/5/commands", [])).outcome == (404, 10002)
    assert (await api.call("GET", "/nowhere")).outcome == (404, 0)
    message = (await api.post("x")).body
    assert (await api.call("PUT", f"{api.messages_path}/{message['id']}/reactions/abc/@me")).outcome == (400, 10014)


async def test_a_removed_channel_takes_its_messages_along(api: BotApi, sandbox: Sandbox) -> None:
    ada = await sandbox.member("ada")
    pending, sent = await api.interact(ada)
    await pending.answer(5)
    waiting = await ada.response(sent)
    sandbox.remove_channel(ada.channel_id)
    await ada.wait_for(lambda event: event.name == "CHANNEL_DELETE" and event.data["id"] == ada.channel_id)
    path = f"/channels/{ada.channel_id}/messages"
    assert (await api.call("POST", path, {"content": "x"})).outcome == (404, 10003)
    assert (await api.call("PATCH", f"{path}/{waiting['id']}", {"content": "x"})).outcome == (404, 10003)
    assert (await pending.webhook("PATCH", "/messages/@original", {"content": "x"})).outcome == (404, 10008)
    assert (await pending.webhook("POST", "", {"content": "x"})).outcome == (404, 10003)


async def test_attachment_addresses_die_after_a_day_and_names_are_kept(api: BotApi, sandbox: Sandbox) -> None:
    ada = await sandbox.member("ada")
    name = "ada_ä b__c-(1)_0b8e7d2a.png"
    posted = (await api.call("POST", api.messages_path, {"content": "x"}, {name: b"12345"})).body
    attachment = posted["attachments"][0]
    assert attachment["filename"] == name
    assert await ada.download(attachment) == b"12345"
    with pytest.raises(RequestRefused, match="404"):
        await ada.download({"url": attachment["url"].replace("hm=", "hm=0")})
    sandbox.clock.advance(24 * 60 * 60)
    with pytest.raises(RequestRefused, match="404"):
        await ada.download(attachment)
    fresh = (await api.call("GET", f"{api.messages_path}/{posted['id']}")).body["attachments"][0]
    assert await ada.download(fresh) == b"12345"


async def test_history_pages(api: BotApi) -> None:
    ids = [(await api.post(str(number))).body["id"] for number in range(5)]

    async def page(query: str) -> list[str]:
        return [message["id"] for message in (await api.call("GET", f"{api.messages_path}?{query}")).body]

    assert await page("limit=2") == [ids[4], ids[3]]
    assert await page(f"limit=2&before={ids[3]}") == [ids[2], ids[1]]
    assert await page(f"limit=2&after={ids[1]}") == [ids[3], ids[2]]
    assert (await api.call("GET", f"{api.messages_path}?limit=101")).outcome == (400, 50035)
