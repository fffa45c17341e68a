"""What programs acting as a member rely on, spoken by hand over raw sockets: order of frames, nonces, upload slots."""

import json
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from bot.sandbox import Sandbox
from tests.sandbox.bot_api import BotApi
from tests.sandbox.studio_bot import StudioBot, png

TOKEN = "sandbox-ada-token"


@asynccontextmanager
async def socket(sandbox: Sandbox, query: str = "?encoding=json&v=9") -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    async with aiohttp.ClientSession() as session, session.ws_connect(sandbox.gateway_url + query) as opened:
        yield opened


async def next_event(opened: aiohttp.ClientWebSocketResponse, name: str) -> dict[str, Any]:
    while True:
        frame = await opened.receive_json()
        if frame.get("t") == name:
            return dict(frame["d"])


async def test_identify_may_come_before_hello_and_heartbeats_may_count_as_they_like(sandbox: Sandbox) -> None:
    async with socket(sandbox) as opened:
        await opened.send_json({"op": 2, "d": {"token": TOKEN, "capabilities": 8189, "compress": False}})
        await opened.send_json({"op": 1, "d": 77})
        hello = await opened.receive_json()
        ready = await next_event(opened, "READY")
        ack = await opened.receive_json()
    assert hello["op"] == 10
    assert ready["user"]["id"] == sandbox.user("ada").id
    assert ready["resume_gateway_url"] == sandbox.gateway_url
    assert ack["op"] == 11


async def test_zlib_stream_frames_are_one_stream_of_whole_messages(sandbox: Sandbox) -> None:
    async with socket(sandbox, "?encoding=json&v=9&compress=zlib-stream") as opened:
        await opened.send_json({"op": 2, "d": {"token": TOKEN}})
        inflate = zlib.decompressobj()
        frames = []
        for _ in range(2):
            raw = await opened.receive_bytes()
            assert raw.endswith(b"\x00\x00\xff\xff")
            frames.append(json.loads(inflate.decompress(raw)))
    assert [frame["op"] for frame in frames] == [10, 0]


async def test_resume_replays_what_was_missed_and_a_stale_session_is_invalid(sandbox: Sandbox, api: BotApi) -> None:
    async with socket(sandbox) as opened:
        await opened.send_json({"op": 2, "d": {"token": TOKEN}})
        ready = await next_event(opened, "READY")
    await sandbox.gateway.wait_until(lambda: not sandbox.gateway.is_connected(sandbox.user("ada").id))
    await api.post("missed")
    resume = {"op": 6, "d": {"token": TOKEN, "session_id": ready["session_id"], "seq": 1}}
    async with socket(sandbox) as opened:
        await opened.send_json(resume)
        assert (await next_event(opened, "MESSAGE_CREATE"))["content"] == "missed"
        await next_event(opened, "RESUMED")
    await sandbox.gateway.wait_until(lambda: not sandbox.gateway.is_connected(sandbox.user("ada").id))
    sandbox.clock.advance(181)
    async with socket(sandbox) as opened:
        await opened.send_json(resume)
        frames = [await opened.receive_json(), await opened.receive_json()]
    assert frames[1] == {"op": 9, "d": False}


async def test_bad_tokens_are_closed_until_they_flap(sandbox: Sandbox) -> None:
    identify = {"op": 2, "d": {"token": "wrong"}}
    for _ in range(5):
        async with socket(sandbox) as opened:
            await opened.send_json(identify)
            await opened.receive_json()
            assert (await opened.receive()).data == 4004
    async with socket(sandbox) as opened:
        await opened.send_json(identify)
        await opened.receive_json()
        await opened.send_json({"op": 1, "d": 1})
        assert (await opened.receive_json())["op"] == 11, "left open, so that nobody reconnects in a circle"


async def test_a_foreign_website_gets_no_socket(sandbox: Sandbox) -> None:
    async with aiohttp.ClientSession() as session:
        for origin, status in (("https://example.org", 403), (sandbox.base_url, None)):
            try:
                async with session.ws_connect(sandbox.gateway_url, origin=origin):
                    refused = None
            except aiohttp.WSServerHandshakeError as error:
                refused = error.status
            assert refused == status


async def test_a_bot_may_not_ask_for_privileged_intents(sandbox: Sandbox) -> None:
    async with socket(sandbox) as opened:
        await opened.send_json({"op": 2, "d": {"token": sandbox.bot_token, "intents": 1 << 15}})
        await opened.receive_json()
        assert (await opened.receive()).data == 4014


async def test_the_204_leaves_before_any_event(sandbox: Sandbox, bot: StudioBot) -> None:
    async with socket(sandbox) as opened, aiohttp.ClientSession(headers={"authorization": TOKEN}) as http:
        await opened.send_json({"op": 2, "d": {"token": TOKEN}})
        await next_event(opened, "READY")
        guild_id, channel_id = sandbox.world.guild.id, sandbox.channel("studio").id
        async with http.get(f"{sandbox.base_url}/api/v9/guilds/{guild_id}/application-command-index") as answer:
            index = await answer.json()
        command = next(item for item in index["application_commands"] if item["name"] == "find")
        body = {
            "type": 2,
            "application_id": command["application_id"],
            "guild_id": guild_id,
            "channel_id": channel_id,
            "session_id": "8bb7f5b79c7a49f7d0824ab4b8773a81",
            "nonce": "1299999999999999999",
            "data": {
                "version": command["version"],
                "id": command["id"],
                "name": "find",
                "type": 1,
                "options": [{"type": 3, "name": "text", "value": "moon"}],
                "application_command": command,
                "attachments": [],
            },
        }
        async with http.post(f"{sandbox.base_url}/api/v9/interactions", json=body) as answer:
            assert answer.status == 204
        created = await next_event(opened, "INTERACTION_CREATE")
        success = await next_event(opened, "INTERACTION_SUCCESS")
        message = await next_event(opened, "MESSAGE_CREATE")
    assert created == success == {"id": created["id"], "nonce": "1299999999999999999"}
    assert message["nonce"] == "1299999999999999999"
    assert message["interaction"]["user"]["id"] == sandbox.user("ada").id
    assert set(command) >= {"id", "application_id", "version", "name", "type"}


async def test_uploads_go_through_slots_and_polling_sees_them(sandbox: Sandbox) -> None:
    content = png()
    async with aiohttp.ClientSession(headers={"authorization": TOKEN}) as http:
        channel = f"{sandbox.base_url}/api/v9/channels/{sandbox.channel('studio').id}"
        asked = {"files": [{"filename": "a_b.png", "file_size": len(content), "id": 0}]}
        async with http.post(f"{channel}/attachments", json=asked) as answer:
            slot = (await answer.json())["attachments"][0]
        async with http.put(slot["upload_url"], data=content, headers={"content-type": "image/png"}) as answer:
            assert answer.status == 200
        named = {"id": "0", "filename": "a_b.png", "uploaded_filename": slot["upload_filename"]}
        body = {"content": "", "nonce": "1", "channel_id": "1", "type": 0, "sticker_ids": [], "attachments": [named]}
        async with http.post(f"{channel}/messages", json=body) as answer:
            assert answer.status == 200
        async with http.get(f"{channel.replace('v9', 'v10')}/messages?limit=1") as answer:
            newest = (await answer.json())[0]
    assert newest["attachments"][0]["filename"] == "a_b.png"
    assert (newest["attachments"][0]["width"], newest["attachments"][0]["size"]) == (64, len(content))
