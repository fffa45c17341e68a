"""All gateway sessions: who may open, resume and lose one. A session outlives its socket for a while.

What events mean, and who may hear them, is decided in `announce`."""

import asyncio
import json
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from aiohttp import WSCloseCode, web

from bot.sandbox.clock import Clock
from bot.sandbox.event_faults import EventFaults
from bot.sandbox.heartbeat import TIMED_OUT, Heartbeats, Pulse
from bot.sandbox.session import PRIVILEGED, Connection, Opcode, Session
from bot.sandbox.wire import Json
from bot.sandbox.world import World

SESSION_SECONDS = 180.0
MAX_REFUSALS = 5
WAY_BACK_SECONDS = 0.05
"""An answer that came at once would overtake discord.py's note of when it asked, and be taken for one that is late."""


class Gateway:
    """All sessions. `greet` renders READY and what follows it for a new session."""

    def __init__(self, world: World, clock: Clock, faults: EventFaults) -> None:
        self._world = world
        self._clock = clock
        self._faults = faults
        self.heartbeats = Heartbeats(world.config.heartbeat_seconds)
        self._sessions: dict[str, Session] = {}
        self._connections: set[Connection] = set()
        self._refusals = 0
        self._changed = asyncio.Condition()
        self.greet: Callable[[Session], list[tuple[str, Json]]] = lambda _session: []

    @property
    def sessions(self) -> list[Session]:
        return list(self._sessions.values())

    def sessions_of(self, user_id: str) -> list[Session]:
        return [session for session in self._sessions.values() if session.user_id == user_id]

    def is_connected(self, user_id: str) -> bool:
        return any(session.connection is not None for session in self.sessions_of(user_id))

    async def wait_until(self, condition: Callable[[], bool]) -> None:
        """Return once the condition holds; it is looked at whenever a session comes, goes or resumes."""
        async with self._changed:
            await self._changed.wait_for(condition)

    def publish(self, session: Session, name: str, data: Any) -> None:
        """Send one event to one session, unless a test has asked for trouble with it."""
        for event_name, event_data in self._faults.shape(session.user_id, name, data):
            session.push(event_name, event_data)

    def release_held(self) -> None:
        """Deliver the events that a fault has held back."""
        for user_id, name, data in self._faults.take_held():
            for session in self.sessions_of(user_id):
                session.push(name, data)

    def drop(self, user_id: str, *, can_resume: bool = True, how: str = "close") -> int:
        """Cut a user's sockets: "close" (4000), "abort" (no goodbye), "reconnect" (op 7) or "invalid" (op 9).

        Returns how many sockets were cut. Without `can_resume` the session is forgotten as well."""
        cut = 0
        for session in self.sessions_of(user_id):
            connection = session.connection
            if not can_resume:
                self._sessions.pop(session.id, None)
            if connection is None:
                continue
            cut += 1
            if how == "abort":
                connection.abort()
            elif how == "reconnect":
                connection.send({"op": Opcode.RECONNECT, "d": None})
            elif how == "invalid":
                connection.send({"op": Opcode.INVALID_SESSION, "d": can_resume})
            else:
                connection.close(4000)
        return cut

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """The socket route. HELLO goes first, but a client may identify without waiting for it."""
        if _is_foreign(request):
            raise web.HTTPForbidden(text="This gateway is only for its own page and for programs.")
        socket = web.WebSocketResponse(max_msg_size=0, autoping=True, compress=False)
        await socket.prepare(request)
        connection = Connection(socket, request.query.get("compress"))
        self._connections.add(connection)
        pump = asyncio.create_task(connection.pump(), name="gateway-pump")
        interval = round(1000 * self.heartbeats.interval_seconds)
        connection.send({"op": Opcode.HELLO, "d": {"heartbeat_interval": interval}})
        pulse = Pulse(self.heartbeats, lambda: self._time_out(connection))
        pulse.begin()
        try:
            await self._listen(socket, connection, pulse)
        finally:
            pulse.end()
            self._connections.discard(connection)
            await self._leave(connection)
            pump.cancel()
            with suppress(asyncio.CancelledError):
                await pump
        return socket

    async def close(self) -> None:
        for connection in list(self._connections):
            connection.close(WSCloseCode.GOING_AWAY)
            connection.abort()

    def _time_out(self, connection: Connection) -> None:
        """Its session cannot be resumed."""
        connection.close(TIMED_OUT)
        for session_id in [key for key, item in self._sessions.items() if item.connection is connection]:
            del self._sessions[session_id]

    async def _listen(self, socket: web.WebSocketResponse, connection: Connection, pulse: Pulse) -> None:
        session: Session | None = None
        async for message in socket:
            try:
                frame = json.loads(message.data)
            except (ValueError, TypeError):
                connection.close(4002)
                continue
            match frame.get("op"):
                case Opcode.HEARTBEAT:
                    pulse.beat()
                    acknowledgement: Json = {"op": Opcode.HEARTBEAT_ACK, "d": None}
                    asyncio.get_running_loop().call_later(WAY_BACK_SECONDS, connection.send, acknowledgement)
                case Opcode.IDENTIFY if session is None:
                    session = await self._identify(connection, frame.get("d") or {})
                case Opcode.IDENTIFY:
                    connection.close(4005)
                case Opcode.RESUME:
                    session = await self._resume(connection, frame.get("d") or {})
                case _ if session is None:
                    connection.close(4003)
                case Opcode.REQUEST_MEMBERS:
                    self._send_members(session, frame.get("d") or {})
                case Opcode.PRESENCE | Opcode.VOICE_STATE:
                    pass
                case int(op) if 12 <= op <= 60:
                    pass  # what user clients send besides: subscriptions, call and stream states
                case _:
                    connection.close(4001)

    async def _identify(self, connection: Connection, data: Json) -> Session | None:
        token = str(data.get("token") or "")
        caller = self._world.caller(token) or self._world.caller(f"Bot {token.removeprefix('Bot ')}")
        if caller is None:
            self._refuse(connection)
            return None
        intents = int(data.get("intents") or 0)
        if caller.is_bot and intents & PRIVILEGED & ~self._world.config.privileged_intents:
            connection.close(4014)
            return None
        if locale := (data.get("properties") or {}).get("easel_locale"):
            caller.user.locale = str(locale)  # our page's own; elsewhere it is a setting of the account
        number, count = data.get("shard") or (0, 1)
        session = Session(secrets.token_hex(16), token, caller, intents, connection, (int(number), int(count)))
        self._sessions[session.id] = session
        for name, event in self.greet(session):
            session.push(name, event)
        await self._notify()
        return session

    def _refuse(self, connection: Connection) -> None:
        """4004, but only so often: a client that reconnects without pause is left on an open, silent socket."""
        self._refusals += 1
        if self._refusals <= MAX_REFUSALS:
            connection.close(4004)

    async def _resume(self, connection: Connection, data: Json) -> Session | None:
        session = self._sessions.get(str(data.get("session_id")))
        sequence = int(data.get("seq") or 0)
        is_known = session is not None and session.token == data.get("token")
        if session is None or not is_known or self._is_stale(session) or not session.can_replay_from(sequence):
            connection.send({"op": Opcode.INVALID_SESSION, "d": False})
            return None
        session.connection, session.left_at = connection, None
        session.replay(sequence)
        session.push("RESUMED", {})
        await self._notify()
        return session

    def _is_stale(self, session: Session) -> bool:
        return session.left_at is not None and self._clock.now() - session.left_at > SESSION_SECONDS

    def _send_members(self, session: Session, data: Json) -> None:
        guild = self._world.guilds.get(str(data.get("guild_id")))
        if guild is None:
            return
        wanted = data.get("user_ids")
        wanted_ids = {str(item) for item in (wanted if isinstance(wanted, list) else [wanted])} if wanted else None
        members = [
            member.payload() for member in guild.members.values() if wanted_ids is None or member.user.id in wanted_ids
        ]
        chunk: Json = {"guild_id": guild.id, "members": members, "chunk_index": 0, "chunk_count": 1}
        if data.get("nonce"):
            chunk["nonce"] = data["nonce"]
        self.publish(session, "GUILD_MEMBERS_CHUNK", chunk)

    async def _leave(self, connection: Connection) -> None:
        for session in self._sessions.values():
            if session.connection is connection:
                session.connection, session.left_at = None, self._clock.now()
        for session_id in [key for key, item in self._sessions.items() if self._is_stale(item)]:
            del self._sessions[session_id]
        await self._notify()

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


def _is_foreign(request: web.Request) -> bool:
    """Browsers let any website open sockets to this machine; the tokens here are no secret, so the origin decides."""
    origin = request.headers.get("Origin")
    return origin is not None and origin.partition("://")[2] != request.host
