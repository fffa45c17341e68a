"""A member of the guild as a program: speaks the HTTP calls and gateway of user clients, and waits."""

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from bot.sandbox.command_rules import OptionType
from bot.sandbox.message import walk_components
from bot.sandbox.session import Opcode
from bot.sandbox.watch import Event, Sent, Watch
from bot.sandbox.wire import Json, Upload

Place = str | Json


class RequestRefused(Exception):
    """The stand-in answered a member's request with an error."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status} (code {code}): {message}")
        self.status = status
        self.code = code


class Member(Watch):
    """Use as `async with`; `channel_id` is where acts happen unless another place is named."""

    def __init__(
        self, *, name: str, user_id: str, token: str, base_url: str, channel_id: str, wait_seconds: float
    ) -> None:
        super().__init__(name, wait_seconds)
        self.id = user_id
        self.token = token
        self.channel_id = channel_id
        self._base_url = base_url
        self._nonces = int(user_id)
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._listener: asyncio.Task[None] | None = None

    @property
    def mention(self) -> str:
        return f"<@{self.id}>"

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(headers={"Authorization": self.token})
        gateway = self._base_url.replace("http", "ws", 1) + "/gateway?v=9&encoding=json"
        self._socket = await self._http.ws_connect(gateway, max_msg_size=0)
        await self._socket.send_json({"op": 2, "d": {"token": self.token, "capabilities": 16381}})
        self._listener = asyncio.create_task(self._listen(self._socket), name=f"member-{self.name}")
        await self.wait_for(lambda event: event.name == "READY")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._listener is not None:
            self._listener.cancel()
            with suppress(asyncio.CancelledError):
                await self._listener
        if self._socket is not None:
            await self._socket.close()
        if self._http is not None:
            await self._http.close()

    # --- acting ---

    async def slash(self, name: str, *, channel: Place | None = None, **options: Any) -> Sent:
        """Call a slash command; sub-commands are written with spaces. Files are given as Upload or Path."""
        channel_id = self._place(channel)
        command = await self._find_command(name.split(" ")[0], 1, channel_id)
        uploads: list[Json] = []
        leaf = _descend(command, name.split(" ")[1:])
        given = [await self._option(leaf, key, value, channel_id, uploads) for key, value in options.items()]
        data = _command_data(command) | {"options": _wrap(command, name.split(" ")[1:], given)}
        return await self._interact(2, channel_id, {**data, "attachments": uploads})

    async def context_menu(self, name: str, target: Json) -> Sent:
        """Call a command of the Apps menu on a message (or, for user commands, on a user object)."""
        kind = 3 if "content" in target else 2
        channel_id = str(target.get("channel_id") or self.channel_id)
        command = await self._find_command(name, kind, channel_id)
        return await self._interact(2, channel_id, _command_data(command) | {"target_id": target["id"]})

    async def autocomplete(self, name: str, option: str, text: str, **others: Any) -> list[Json]:
        """The choices that the bot offers while `option` holds `text`."""
        command = await self._find_command(name.split(" ")[0], 1, self.channel_id)
        leaf = _descend(command, name.split(" ")[1:])
        given = [await self._option(leaf, key, value, self.channel_id, []) for key, value in others.items()]
        focused = {"type": _option_type(leaf, option), "name": option, "value": text, "focused": True}
        data = _command_data(command) | {"options": _wrap(command, name.split(" ")[1:], [*given, focused])}
        sent = await self._interact(4, self.channel_id, data)
        answer = await self.wait_for(
            lambda event: (
                event.name == "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE" and event.data.get("nonce") == sent.nonce
            )
        )
        return list(answer.data["choices"])

    async def press(self, message: Json, which: str) -> Sent:
        """Press the button with this custom id, label or emoji, as the message was last seen."""
        button = find_component(self.inbox.get(str(message["id"]), message), which)
        data = {"component_type": button["type"], "custom_id": button["custom_id"]}
        return await self._on_message(message, data)

    async def choose(self, message: Json, which: str, *values: str) -> Sent:
        """Choose values in the select with this custom id or placeholder."""
        select = find_component(self.inbox.get(str(message["id"]), message), which)
        data = {"component_type": select["type"], "custom_id": select["custom_id"], "values": list(values)}
        return await self._on_message(message, data)

    async def modal(self, sent: Sent) -> Json:
        """The form that the bot opened in answer."""
        event = await self.wait_for(
            lambda event: event.name == "INTERACTION_MODAL_CREATE" and event.data.get("nonce") == sent.nonce
        )
        return event.data

    async def submit_modal(self, modal: Json, values: dict[str, str] | None = None) -> Sent:
        """Send the form; fields without a given value keep what they were filled with."""
        rows: list[Json] = []
        for field in walk_components(modal["components"]):
            if not field.get("custom_id"):
                continue
            value = (values or {}).get(str(field["custom_id"]), field.get("value") or "")
            rows.append({"type": 1, "components": [{"type": 4, "custom_id": field["custom_id"], "value": value}]})
        data = {"id": modal["id"], "custom_id": modal["custom_id"], "components": rows}
        return await self._interact(5, str(modal["channel_id"]), data)

    async def say(self, content: str, *, channel: Place | None = None, file: Upload | Path | None = None) -> Json:
        channel_id = self._place(channel)
        payload: Json = {"content": content, "nonce": self._next_nonce()}
        if file is not None:
            payload["attachments"] = [await self._upload(file, channel_id, 0)]
        return dict(await self.request("POST", f"/channels/{channel_id}/messages", payload))

    async def react(self, message: Json, emoji: str) -> None:
        await self.request("PUT", f"{_message_path(message)}/reactions/{quote(emoji)}/@me")

    async def unreact(self, message: Json, emoji: str) -> None:
        await self.request("DELETE", f"{_message_path(message)}/reactions/{quote(emoji)}/@me")

    async def open_dm(self, user_id: str | None = None) -> Json:
        """The direct channel with the bot, or with another member."""
        other = user_id or str((await self._application())["id"])
        return dict(await self.request("POST", "/users/@me/channels", {"recipients": [other]}))

    # --- reading ---

    async def messages(self, channel: Place | None = None, limit: int = 50) -> list[Json]:
        """Oldest first, as a page shows them; the member's own ephemeral messages are only in `inbox`."""
        path = f"/channels/{self._place(channel)}/messages?limit={limit}"
        return list(reversed(await self.request("GET", path)))

    async def download(self, attachment: Json) -> bytes:
        async with self._session.get(attachment["url"]) as response:
            if response.status != 200:
                raise RequestRefused(response.status, 0, await response.text())
            return await response.read()

    async def request(self, method: str, path: str, payload: Json | None = None) -> Any:
        """Any call of the user API; raises RequestRefused with Discord's code."""
        url = f"{self._base_url}/api/v9{path}"
        async with self._session.request(method, url, json=payload) as response:
            text = await response.text()
            body = json.loads(text) if text else None
            if response.status >= 400:
                details = body or {}
                raise RequestRefused(response.status, int(details.get("code", 0)), json.dumps(details))
            return body

    @property
    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise RuntimeError("enter the member with `async with` first")
        return self._http

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async with asyncio.TaskGroup() as tasks:
            heart: asyncio.Task[None] | None = None
            async for frame in socket:
                match json.loads(frame.data):
                    case {"op": Opcode.HELLO, "d": {"heartbeat_interval": interval}}:
                        heart = tasks.create_task(_beat(socket, interval / 1000))
                    case {"op": Opcode.DISPATCH, "t": name, "d": data}:
                        await self.take(Event(name, data))
                    case _:
                        pass
            if heart:
                heart.cancel()

    async def _on_message(self, message: Json, data: Json) -> Sent:
        extra = {"message_id": message["id"], "message_flags": message.get("flags", 0)}
        return await self._interact(3, str(message["channel_id"]), data, extra)

    async def _interact(self, kind: int, channel_id: str, data: Json, extra: Json | None = None) -> Sent:
        sent = Sent(self._next_nonce(), len(self.events))
        application = await self._application()
        payload = {
            "type": kind,
            "application_id": application["id"],
            "channel_id": channel_id,
            "session_id": "sandbox",
            "nonce": sent.nonce,
            "data": data,
        }
        await self.request("POST", "/interactions", payload | (extra or {}))
        return sent

    async def _index(self, channel_id: str) -> Json:
        return dict(await self.request("GET", f"/channels/{channel_id}/application-command-index"))

    async def _application(self) -> Json:
        return dict((await self._index(self.channel_id))["applications"][0])

    async def _find_command(self, name: str, kind: int, channel_id: str) -> Json:
        commands = (await self._index(channel_id))["application_commands"]
        for command in commands:
            if command["name"] == name and command["type"] == kind:
                return dict(command)
        known = ", ".join(sorted(command["name"] for command in commands)) or "none"
        raise LookupError(f"there is no command {name!r} here; registered are: {known}")

    async def _option(self, leaf: Json, name: str, value: Any, channel_id: str, uploads: list[Json]) -> Json:
        kind = _option_type(leaf, name)
        if kind == OptionType.ATTACHMENT:
            uploads.append(await self._upload(value, channel_id, len(uploads)))
            value = uploads[-1]["id"]
        if isinstance(value, Member):
            value = value.id
        return {"type": kind, "name": name, "value": value}

    async def _upload(self, file: Upload | Path, channel_id: str, number: int) -> Json:
        upload = file if isinstance(file, Upload) else Upload(file.name, await asyncio.to_thread(file.read_bytes))
        asked = {"filename": upload.filename, "file_size": len(upload.content), "id": str(number)}
        answer = await self.request("POST", f"/channels/{channel_id}/attachments", {"files": [asked]})
        slot = answer["attachments"][0]
        async with self._session.put(slot["upload_url"], data=upload.content) as response:
            response.raise_for_status()
        return {
            "id": str(number),
            "filename": upload.filename,
            "uploaded_filename": slot["upload_filename"],
        }

    def _place(self, channel: Place | None) -> str:
        if channel is None:
            return self.channel_id
        return channel if isinstance(channel, str) else str(channel["id"])

    def _next_nonce(self) -> str:
        self._nonces += 1
        return str(self._nonces)


async def _beat(socket: aiohttp.ClientWebSocketResponse, seconds: float) -> None:
    with suppress(ConnectionError):
        while not socket.closed:
            await socket.send_json({"op": Opcode.HEARTBEAT, "d": None})
            await asyncio.sleep(seconds)


def find_component(message: Json, which: str) -> Json:
    """A button or select by custom id, label, emoji or placeholder."""
    components = [item for item in walk_components(message.get("components") or []) if item.get("custom_id")]
    for component in components:
        emoji = (component.get("emoji") or {}).get("name")
        if which in (component["custom_id"], component.get("label"), emoji, component.get("placeholder")):
            return component
    known = ", ".join(str(item.get("label") or item["custom_id"]) for item in components) or "none"
    raise LookupError(f"the message has no component {which!r}; it has: {known}")


def _message_path(message: Json) -> str:
    return f"/channels/{message['channel_id']}/messages/{message['id']}"


def _command_data(command: Json) -> Json:
    return {
        "id": command["id"],
        "version": command["version"],
        "name": command["name"],
        "type": command["type"],
    }


def _descend(command: Json, path: list[str]) -> Json:
    for name in path:
        command = next(item for item in command.get("options") or [] if item["name"] == name)
    return command


def _wrap(command: Json, path: list[str], given: list[Json]) -> list[Json]:
    if not path:
        return given
    branch = _descend(command, path[:1])
    return [{"type": branch["type"], "name": branch["name"], "options": _wrap(branch, path[1:], given)}]


def _option_type(leaf: Json, name: str) -> int:
    for option in leaf.get("options") or []:
        if option["name"] == name:
            return int(option["type"])
    known = ", ".join(option["name"] for option in leaf.get("options") or []) or "none"
    raise LookupError(f"the command has no option {name!r}; it has: {known}")
