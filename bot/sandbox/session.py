"""One gateway session and its socket: what was sent, and what a resuming client still has to hear."""

import asyncio
import json
import zlib
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.sandbox.wire import Json
from bot.sandbox.world import Caller

REPLAY_EVENTS = 1000


class Opcode:
    DISPATCH = 0
    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE = 3
    VOICE_STATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Intent:
    GUILDS = 1 << 0
    MEMBERS = 1 << 1
    PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_REACTIONS = 1 << 10
    GUILD_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_REACTIONS = 1 << 13
    DIRECT_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15


PRIVILEGED = Intent.MEMBERS | Intent.PRESENCES | Intent.MESSAGE_CONTENT


class Connection:
    """One socket: frames go out in order through a queue, deflated as one stream when the client asked for it."""

    def __init__(self, socket: web.WebSocketResponse, compression: str | None) -> None:
        self._socket = socket
        self._deflate = zlib.compressobj() if compression == "zlib-stream" else None
        self._queue: asyncio.Queue[Json | int] = asyncio.Queue()

    def send(self, frame: Json) -> None:
        self._queue.put_nowait(frame)

    def close(self, code: int) -> None:
        """Close once everything queued before has been sent."""
        self._queue.put_nowait(code)

    def abort(self) -> None:
        """Cut the wire without a closing handshake."""
        writer = self._socket._writer  # noqa: SLF001 - aiohttp offers no public way to be this rude
        if writer is not None and writer.transport is not None:
            writer.transport.abort()

    async def pump(self) -> None:
        """Write frames until told to close or the client has gone."""
        while True:
            frame = await self._queue.get()
            try:
                if isinstance(frame, int):
                    await self._socket.close(code=frame)
                    return
                await self._write(json.dumps(frame, ensure_ascii=False, separators=(",", ":")))
            except ConnectionError:
                return

    async def _write(self, text: str) -> None:
        if self._deflate is None:
            await self._socket.send_str(text)
            return
        frame = self._deflate.compress(text.encode()) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        await self._socket.send_bytes(frame)


@dataclass
class Session:
    id: str
    token: str
    caller: Caller
    intents: int
    connection: Connection | None = None
    shard: tuple[int, int] = (0, 1)  # which, of how many
    sequence: int = 0
    sent: deque[tuple[int, Json]] = field(default_factory=lambda: deque(maxlen=REPLAY_EVENTS))
    left_at: float | None = None

    @property
    def user_id(self) -> str:
        return self.caller.user.id

    def wants(self, intent: int) -> bool:
        return not self.caller.is_bot or not intent or bool(self.intents & intent)

    def hears_of(self, guild_id: str | None) -> bool:
        """A bot's session hears of its share of the guilds; direct messages (None) go to the first."""
        number, count = self.shard
        return not self.caller.is_bot or (int(guild_id or 0) >> 22) % count == number

    def push(self, name: str, data: Any) -> None:
        self.sequence += 1
        frame = {"op": Opcode.DISPATCH, "t": name, "s": self.sequence, "d": data}
        self.sent.append((self.sequence, frame))
        if self.connection is not None:
            self.connection.send(frame)

    def can_replay_from(self, sequence: int) -> bool:
        oldest = self.sent[0][0] if self.sent else self.sequence + 1
        return oldest - 1 <= sequence <= self.sequence

    def replay(self, sequence: int) -> None:
        if self.connection is None:
            return
        for number, frame in self.sent:
            if number > sequence:
                self.connection.send(frame)
