"""What `make sandbox` puts together: who is there, and who may do what."""

from pathlib import Path

import pytest

from bot.config import Config
from bot.demo import pointed_at, sandbox_config
from bot.sandbox import Member, Sandbox
from tests.fakes import FakeEngine
from tests.patience import patient
from tests.ui.conftest import Scene, a_config

SETTINGS = Config.model_validate({"sandbox": {"port": 0}})


async def test_members_servers_and_channels_are_the_same_at_each_start() -> None:
    first, second = (Sandbox(sandbox_config(SETTINGS)).world for _ in range(2))
    assert list(first.users) == list(second.users)
    assert list(first.guilds) == list(second.guilds)
    assert list(first.channels) == list(second.channels)
    assert int(second.snowflakes.next()) > max(map(int, [*second.channels, *second.users])) + 2**40  # new ids are new


async def answer(member: Member) -> str:
    message = await member.wait_for_message(
        lambda message: bool(message["embeds"]), since=await member.slash("admin queue look")
    )
    return str(message["embeds"][0]["title"])


async def test_the_owner_of_the_server_operates_the_studio(tmp_path: Path) -> None:
    async with Sandbox(patient(sandbox_config(SETTINGS))) as sandbox:
        config = pointed_at(sandbox, a_config(sandbox, tmp_path))
        async with Scene(sandbox, FakeEngine(), config) as scene:
            assert await answer(await scene.member("ada")) == "Queue"
            with pytest.raises(LookupError, match="no command 'admin'"):
                await answer(await scene.member("ben"))
