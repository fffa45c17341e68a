"""The bot's REST calls without a client library, so that tests can send what discord.py would never send."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.sandbox import Member, Sandbox, Sent

COMMAND = {"name": "imagine", "description": "Draw", "type": 1}


@dataclass(frozen=True)
class Answer:
    status: int
    body: Any
    headers: dict[str, str]

    @property
    def code(self) -> int:
        return int(self.body["code"])

    @property
    def outcome(self) -> tuple[int, int]:
        return self.status, self.code


class BotApi:
    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.application_id = sandbox.config.application_id
        self._session = session

    async def call(self, method: str, path: str, payload: Any = None, files: dict[str, bytes] | None = None) -> Answer:
        form: aiohttp.FormData | None = None
        if files is not None:
            form = aiohttp.FormData(quote_fields=False)
            form.add_field("payload_json", json.dumps(payload))
            for index, (name, content) in enumerate(files.items()):
                form.add_field(f"files[{index}]", content, filename=name)
        url = self.sandbox.api_url + path
        sent = {"data": form} if form else {"json": payload}
        async with self._session.request(method, url, **sent) as response:
            text = await response.text()
            body = json.loads(text) if text else None
            return Answer(response.status, body, dict(response.headers))

    async def post(self, content: str = "hello", **fields: Any) -> Answer:
        return await self.call("POST", self.messages_path, {"content": content, **fields})

    @property
    def messages_path(self) -> str:
        return f"/channels/{self.sandbox.channel('studio').id}/messages"

    async def register(self, *commands: dict[str, Any]) -> Answer:
        return await self.call("PUT", f"/applications/{self.application_id}/commands", list(commands or (COMMAND,)))

    async def interact(self, member: Member) -> tuple["Pending", Sent]:
        """A slash command that waits for its answer."""
        await self.register()
        sent = await member.slash("imagine")
        interaction = list(self.sandbox.world.interactions.values())[-1]
        return Pending(self, interaction.id, interaction.token), sent

    async def press(self, member: Member, message: dict[str, Any], which: str) -> tuple["Pending", Sent]:
        sent = await member.press(message, which)
        interaction = list(self.sandbox.world.interactions.values())[-1]
        return Pending(self, interaction.id, interaction.token), sent


@dataclass(frozen=True)
class Pending:
    """An interaction on the bot's side."""

    api: BotApi
    id: str
    token: str

    async def answer(self, kind: int, data: Any = None) -> Answer:
        payload = {"type": kind} | ({} if data is None else {"data": data})
        return await self.api.call("POST", f"/interactions/{self.id}/{self.token}/callback", payload)

    async def webhook(self, method: str, tail: str = "", payload: Any = None) -> Answer:
        return await self.api.call(method, f"/webhooks/{self.api.application_id}/{self.token}{tail}", payload)


@asynccontextmanager
async def bot_api(sandbox: Sandbox) -> AsyncIterator[BotApi]:
    headers = {"Authorization": f"Bot {sandbox.bot_token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield BotApi(sandbox, session)
