"""A gateway client that does not say that it lives is cut off, and its session is over."""

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from bot.sandbox import Sandbox
from bot.sandbox.heartbeat import PATIENCE, TIMED_OUT, Heartbeats
from tests.patience import PATIENT

INTERVAL = PATIENT.heartbeat_seconds
TOO_LONG = INTERVAL * PATIENCE + 1

PassBy = Callable[[float], None]


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(PATIENT) as running:
        yield running


@pytest.fixture
async def pass_by(monkeypatch: pytest.MonkeyPatch) -> PassBy:
    """So many seconds are over at once for whatever waits on this loop."""
    loop = asyncio.get_running_loop()

    def turn(seconds: float) -> None:
        before = loop.time
        monkeypatch.setattr(loop, "time", lambda: before() + seconds)

    return turn


async def test_silence_ends_the_session(sandbox: Sandbox, pass_by: PassBy) -> None:
    token = sandbox.world.token_of(sandbox.user("ben").id)
    async with aiohttp.ClientSession() as http, http.ws_connect(sandbox.gateway_url) as opened:
        assert (await opened.receive_json())["d"] == {"heartbeat_interval": 1000 * INTERVAL}
        await opened.send_json({"op": 2, "d": {"token": token}})
        session_id = (await opened.receive_json())["d"]["session_id"]
        pass_by(TOO_LONG)
        closed = await opened.receive()
    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, TIMED_OUT)
    assert sandbox.gateway.heartbeats.missed == 1
    async with aiohttp.ClientSession() as http, http.ws_connect(sandbox.gateway_url) as opened:
        await opened.receive_json()
        await opened.send_json({"op": 6, "d": {"token": token, "session_id": session_id, "seq": 1}})
        assert await opened.receive_json() == {"op": 9, "d": False}


async def test_who_says_that_it_lives_stays(sandbox: Sandbox, pass_by: PassBy) -> None:
    token = sandbox.world.token_of(sandbox.user("ben").id)
    async with aiohttp.ClientSession() as http, http.ws_connect(sandbox.gateway_url) as opened:
        await opened.receive_json()
        await opened.send_json({"op": 2, "d": {"token": token}})
        await opened.receive_json()
        for _ in range(3):
            pass_by(INTERVAL)
            await opened.send_json({"op": 1, "d": None})
            assert (await opened.receive_json())["op"] == 11
        assert sandbox.gateway.heartbeats.missed == 0
        pass_by(TOO_LONG)  # silent from now on
        assert (await opened.receive()).type is aiohttp.WSMsgType.CLOSE
    assert sandbox.gateway.heartbeats.arrived == 3
    assert sandbox.gateway.heartbeats.missed == 1


class Told(Heartbeats):
    """Tells of each that comes."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[int] = asyncio.Queue()
        super().__init__(INTERVAL)

    def __setattr__(self, name: str, value: object) -> None:
        super().__setattr__(name, value)
        if name == "arrived" and self.arrived:
            self.came.put_nowait(self.arrived)


async def test_our_own_member_keeps_saying_so(sandbox: Sandbox, pass_by: PassBy) -> None:
    told = sandbox.gateway.heartbeats = Told()
    ada = await sandbox.member("ada")
    assert await told.came.get() == 1
    for number in (2, 3):
        pass_by(INTERVAL)
        assert await told.came.get() == number
    assert sandbox.gateway.is_connected(ada.id)
