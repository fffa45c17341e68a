"""What midjourney-proxy says and hears, written from the description of it: its payloads, and its compressed gateway.

It never looks at the command index: application, commands and versions are numbers that it has built in, and the ids of
buttons and forms are put together from the id of a job.
"""

import asyncio
import json
import zlib
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import aiohttp

from bot.sandbox.watch import Event, Sent, Watch
from bot.sandbox.wire import Json

APPLICATION = "936929561302675456"
CAPABILITIES = 16381

COMMANDS = {
    "imagine": ("938956540159881230", "1237876415471554623"),
    "blend": ("1062880104792997970", "1237876415471554624"),
    "describe": ("1092492867185950852", "1237876415471554625"),
    "shorten": ("1121575372539039774", "1247736572414001223"),
    "show": ("1169435442328911902", "1247736572414001224"),
    "settings": ("1000850743479255081", "1493662068581077053"),
    "info": ("972289487818334209", "1237876415735660565"),
    "fast": ("972289487818334212", "1237876415735660572"),
    "relax": ("972289487818334213", "1237876415735660573"),
}
"""Id and version of each command that is sent."""

OLDER = ("938956540159881230", "1166847114203123795")
"""What the older program of the same name sends for `/imagine`."""


class Proxy(Watch):
    """`async with`: connected, and told READY. `server` and `gateway` are what its settings name."""

    def __init__(
        self, *, server: str, gateway: str, token: str, guild_id: str, channel_id: str, wait_seconds: float
    ) -> None:
        super().__init__("proxy", wait_seconds)
        self.server = server
        self.gateway = gateway
        self.token = token
        self.guild_id = guild_id
        self.channel_id = channel_id
        self.ready: Json = {}
        self.last_sequence = 0
        self.codes: list[int] = []
        self._nonces = 1_299_999_999_999_999_999
        self._http = aiohttp.ClientSession(headers={"Authorization": token})
        self._listener: asyncio.Task[None] | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        await self.connect(self.gateway, {"op": 2, "d": self._identity()})
        self.ready = (await self.wait_for(lambda event: event.name == "READY")).data
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.disconnect()
        await self._http.close()

    async def connect(self, gateway: str, first: Json) -> None:
        """Says its first word at once, before anything was heard."""
        self._socket = await self._http.ws_connect(f"{gateway}/?encoding=json&v=9&compress=zlib-stream", max_msg_size=0)
        await self._socket.send_json(first)
        self._listener = asyncio.create_task(self._listen(self._socket), name="proxy-listener")

    async def disconnect(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
        if self._socket is not None:
            await self._socket.close(code=4000)

    async def resume(self) -> None:
        await self.connect(
            self.ready["resume_gateway_url"],
            {"op": 6, "d": {"token": self.token, "session_id": self.ready["session_id"], "seq": self.last_sequence}},
        )

    async def beat(self) -> None:
        """One heartbeat, answered."""
        assert self._socket is not None
        await self._socket.send_json({"op": 1, "d": self.last_sequence})
        await self.wait_for(lambda event: event.name == "op 11")

    # --- what it sends ---

    async def command(self, name: str, *options: Json, ids: tuple[str, str] | None = None, **more: Any) -> Sent:
        command_id, version = ids or COMMANDS[name]
        data = {"version": version, "id": command_id, "name": name, "type": 1, "options": list(options)}
        data |= {"attachments": more.pop("attachments", [])}
        return await self._interact({"type": 2, "application_id": APPLICATION, "data": data} | more)

    async def imagine(self, prompt: str, ids: tuple[str, str] | None = None) -> Sent:
        return await self.command("imagine", {"type": 3, "name": "prompt", "value": prompt}, ids=ids)

    async def press(self, message_id: str, custom_id: str, flags: int = 0) -> Sent:
        return await self._component(message_id, flags, {"component_type": 2, "custom_id": custom_id})

    async def choose(self, message_id: str, custom_id: str, value: str) -> Sent:
        data = {"component_type": 3, "custom_id": custom_id, "type": 3, "values": [value]}
        return await self._component(message_id, 64, data)

    async def submit(self, opened_by: Sent, form_id: str, field_id: str, prompt: str) -> Sent:
        """A form that was never looked at: its id is put together, and it is told apart by the press that opened it."""
        pressed = await self.success(opened_by)
        field = {"type": 4, "custom_id": field_id, "value": prompt}
        data = {
            "id": pressed.data["id"],
            "custom_id": form_id,
            "components": [{"type": 1, "components": [field]}],
        }
        return await self._interact({"type": 5, "application_id": APPLICATION, "data": data})

    async def upload(self, name: str, content: bytes, number: str = "0") -> Json:
        """Asks for a slot, fills it, and names it as an attachment of what comes next."""
        asked = {"files": [{"filename": name, "file_size": len(content), "id": number}]}
        answer = await self._call("POST", f"/channels/{self.channel_id}/attachments", asked, 200)
        [slot] = answer["attachments"]
        async with self._http.put(slot["upload_url"], data=content, headers={"content-type": "image/png"}) as response:
            assert 200 <= response.status < 300
        return {"id": number, "filename": name, "uploaded_filename": slot["upload_filename"]}

    async def say(self, content: str, *attachments: Json) -> Json:
        body = {
            "content": content,
            "channel_id": self.channel_id,
            "type": 0,
            "sticker_ids": [],
            "attachments": list(attachments),
        }
        return await self._call("POST", f"/channels/{self.channel_id}/messages", body, 200)

    async def mark_read(self, message_id: str) -> None:
        path = f"/channels/{self.channel_id}/messages/{message_id}/ack"
        await self._call("POST", path, {"token": None, "last_viewed": 3496}, 200)

    async def react(self, channel_id: str, message_id: str) -> None:
        path = f"/channels/{channel_id}/messages/{message_id}/reactions/%E2%9C%89%EF%B8%8F/%40me"
        await self._call("PUT", f"{path}?location=Message&type=0", None, 204)

    async def open_dm(self) -> str:
        answer = await self._call("POST", "/users/@me/channels", {"recipients": [APPLICATION]}, 200)
        return str(answer["id"])

    # --- what it waits for ---

    async def result(self, sent: Sent, matches: Callable[[str], bool]) -> Json:
        """A new message with a picture whose content is one of the known lines."""
        event = await self.wait_for(
            lambda event: (
                event.name == "MESSAGE_CREATE" and bool(event.data["attachments"]) and matches(event.data["content"])
            ),
            since=sent.mark,
        )
        return event.data

    async def updated(self, sent: Sent, condition: Callable[[Json], bool]) -> Json:
        """The first edit after an interaction that meets the condition."""
        event = await self.wait_for(
            lambda event: event.name == "MESSAGE_UPDATE" and condition(event.data), since=sent.mark
        )
        return event.data

    async def _component(self, message_id: str, flags: int, data: Json) -> Sent:
        place = {"message_id": message_id, "message_flags": flags, "application_id": APPLICATION}
        return await self._interact({"type": 3, "data": data} | place)

    async def _interact(self, payload: Json) -> Sent:
        """Only 204 counts as sent."""
        self._nonces += 1
        sent = Sent(str(self._nonces), len(self.events))
        place = {"guild_id": self.guild_id, "channel_id": self.channel_id}
        always = {"session_id": self.ready["session_id"], "nonce": sent.nonce, "analytics_location": "slash_ui"}
        await self._call("POST", "/interactions", place | always | payload, 204)
        return sent

    async def _call(self, method: str, path: str, body: Json | None, status: int) -> Json:
        async with self._http.request(method, f"{self.server}/api/v9{path}", json=body) as response:
            text = await response.text()
            self.codes.append(response.status)
            assert response.status == status, text
            return dict(json.loads(text)) if text else {}

    def _identity(self) -> Json:
        return {
            "token": self.token,
            "capabilities": CAPABILITIES,
            "properties": {"os": "Windows", "browser": "Chrome", "device": ""},
            "presence": {"status": "online", "since": 0, "activities": [], "afk": False},
            "compress": False,
            "client_state": {"guild_versions": {}, "highest_last_message_id": "0", "read_state_version": 0},
        }

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """One deflate stream for the whole connection; each frame holds whole messages."""
        stream = zlib.decompressobj()
        async for frame in socket:
            assert frame.type is aiohttp.WSMsgType.BINARY
            message = json.loads(stream.decompress(frame.data))
            self.last_sequence = message.get("s") or self.last_sequence
            await self.take(
                Event(message["t"] if message["op"] == 0 else f"op {message['op']}", message.get("d") or {})
            )
