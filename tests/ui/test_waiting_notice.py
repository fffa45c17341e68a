"""What is said of a job that waits, and where it is refused before anything is drawn."""

import discord
import pytest

from bot.config import Config
from bot.program import make_client
from bot.sandbox.permission import Permission
from bot.ui.client import Client, ShardedClient
from bot.ui.render_queue import queued_embed
from bot.usecases.room import Waiting
from tests.domain.factories import a_job
from tests.ui.conftest import Scene, draw


@pytest.mark.parametrize(
    ("waiting", "said"),
    [
        (Waiting(1, None), "It is number 1 in the line."),
        (Waiting(3, 2.0), "It is number 3 in the line; as things go it starts in about 10 seconds."),
        (Waiting(9, 55.0), "It is number 9 in the line; as things go it starts in about a minute."),
        (Waiting(1_001, 3_000.0), "It is number over 1,000 in the line; as things go it starts in about 51 minutes."),
    ],
)
def test_position_and_time_are_told(waiting: Waiting, said: str) -> None:
    embed = queued_embed(a_job(), waiting)
    assert embed.title == "Job queued"
    assert str(embed.description).endswith(said)


@pytest.mark.parametrize("missing", [Permission.SEND_MESSAGES, Permission.ATTACH_FILES])
async def test_where_the_bot_may_not_post_nothing_is_drawn(scene: Scene, missing: Permission) -> None:
    ada = await scene.member()
    scene.sandbox.deny_bot("studio", missing)
    answer = await ada.response(await ada.slash("imagine", prompt="a fox"))
    assert answer["flags"] & 64, "told to the member alone"
    assert "I may not write or attach files in this channel" in answer["embeds"][0]["description"]
    assert scene.engine.requests == []
    scene.sandbox.deny_bot("studio")
    await draw(ada, "a fox")


def test_many_servers_get_several_connections() -> None:
    one, several = (make_client(Config.model_validate({"discord": {"shards": shards}})) for shards in (1, 3))
    assert type(one) is Client
    assert isinstance(several, ShardedClient)
    assert isinstance(several, discord.AutoShardedClient)
    assert several.shard_count == 3
