"""A gateway client that does not say that it lives is cut off, and its session is over."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from bot.sandbox import Sandbox, SandboxConfig
from bot.sandbox.heartbeat import TIMED_OUT


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    async with Sandbox(SandboxConfig(rate_limits=None, openapi=None, heartbeat_seconds=0.2)) as running:
        yield running


async def test_silence_ends_the_session(sandbox: Sandbox) -> None:
    token = sandbox.world.token_of(sandbox.user("ben").id)
    async with aiohttp.ClientSession() as http, http.ws_connect(sandbox.gateway_url) as opened:
        assert (await opened.receive_json())["d"] == {"heartbeat_interval": 200}
        await opened.send_json({"op": 2, "d": {"token": token}})
        session_id = (await opened.receive_json())["d"]["session_id"]
        closed = await opened.receive()
    assert (closed.type, closed.data) == (aiohttp.WSMsgType.CLOSE, TIMED_OUT)
    assert sandbox.gateway.heartbeats.missed == 1
    async with aiohttp.ClientSession() as http, http.ws_connect(sandbox.gateway_url) as opened:
        await opened.receive_json()
        await opened.send_json({"op": 6, "d": {"token": token, "session_id": session_id, "seq": 1}})
        assert await opened.receive_json() == {"op": 9, "d": False}


async def test_who_says_that_it_lives_stays(sandbox: Sandbox) -> None:
    token = sandbox.world.token_of(sandbox.user("ben").id)
    async with aiohttp.ClientSession() as http, http.ws_connect(sandbox.gateway_url) as opened:
        await opened.receive_json()
        await opened.send_json({"op": 2, "d": {"token": token}})
        await opened.receive_json()
        for _ in range(3):
            await opened.send_json({"op": 1, "d": None})
            assert (await opened.receive_json())["op"] == 11
        await opened.receive()  # silent from now on
    assert sandbox.gateway.heartbeats.arrived == 3
    assert sandbox.gateway.heartbeats.missed == 1


async def test_our_own_member_keeps_saying_so(sandbox: Sandbox) -> None:
    ada = await sandbox.member("ada")
    await ada.wait_for(lambda _event: sandbox.gateway.heartbeats.arrived >= 1)
    assert sandbox.gateway.is_connected(ada.id)
