"""One bot over several connections, as large ones need: a server has one of them, and direct messages the first."""

from pathlib import Path

from bot.sandbox import Sandbox
from tests.e2e.studio import a_config, draw, is_result, running_scene
from tests.fakes import FakeEngine


async def test_a_bot_with_two_connections_answers_in_servers_and_in_direct_messages(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    address = {"api_url": sandbox.api_url, "gateway_url": sandbox.gateway_url}
    config = a_config(sandbox, tmp_path, discord=address | {"shards": 2})
    async with running_scene(sandbox, FakeEngine(), config) as scene:
        ada = await scene.member()
        await draw(ada, "a fox")
        sessions = sandbox.gateway.sessions_of(sandbox.world.bot.id)
        assert sorted(session.shard for session in sessions) == [(0, 2), (1, 2)]
        direct = await ada.open_dm()
        sent = await ada.slash("imagine", prompt="a moon", channel=direct)
        await ada.wait_for_message(lambda seen: is_result(seen) and "a moon" in seen["content"], since=sent)
