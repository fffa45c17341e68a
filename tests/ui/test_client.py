"""What the client asks of Discord when it connects."""

from pathlib import Path

import pytest

from bot.sandbox.sandbox import Sandbox
from bot.ui.client import least_intents
from tests.fakes import FakeEngine
from tests.ui.conftest import Scene, a_config, draw, is_result


def test_no_privileged_intents() -> None:
    asked = {name for name, is_wanted in least_intents() if is_wanted}
    assert asked == {"guilds", "guild_reactions", "dm_reactions"}


async def test_commands_can_be_offered_in_one_guild_only(sandbox: Sandbox, tmp_path: Path) -> None:
    config = a_config(sandbox, tmp_path, guild_id=int(sandbox.world.guild.id))
    async with Scene(sandbox, FakeEngine(), config) as scene:
        ada = await scene.member("ada")
        assert is_result(await draw(ada, "a fox"))
        with pytest.raises(LookupError, match="registered are: none"):
            await ada.slash("imagine", prompt="a fox", channel=await ada.open_dm())
