"""What is said of a job that waits, and where it is refused before anything is drawn."""

import itertools
from pathlib import Path

import discord
import pytest
from pydantic import ValidationError

from bot.config import Config, QueueSettings
from bot.domain.waiting import Waiting
from bot.gateway import make_client
from bot.sandbox import Sandbox
from bot.sandbox.permission import Permission
from bot.sandbox.wire import Json
from bot.ui.client import Client, ShardedClient
from bot.ui.render_queue import queued_embed
from bot.usecases import tell_news
from tests.domain.factories import a_job
from tests.fakes import FakeEngine
from tests.ui.conftest import Scene, a_config, draw


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


def test_they_are_told_in_the_language_of_the_jobs_member() -> None:
    """Whoever it is written for: those who wait hear of the line in the middle of somebody else's errand."""
    embed = queued_embed(a_job(locale="de"), Waiting(3, 2.0))
    assert "Er ist Nummer 3 in der Schlange" in str(embed.description)
    assert str(embed.description).endswith("10 Sekunden.")


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
    assert (several.shard_count, several.shard_ids) == (3, None)


def test_several_processes_may_share_the_connections() -> None:
    client = make_client(Config.model_validate({"discord": {"shards": 4, "shard_ids": [0, 2]}}))
    assert isinstance(client, ShardedClient)
    assert (client.shard_count, client.shard_ids) == (4, [0, 2])
    with pytest.raises(ValidationError, match="the numbers of 4 connections are below 4"):
        Config.model_validate({"discord": {"shards": 4, "shard_ids": [4]}})


async def test_a_waiting_job_hears_when_half_of_the_way_is_done(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One is drawn at a time, and each is held until the next may come."""
    monkeypatch.setattr(tell_news, "PAUSE_SECONDS", 0.0)
    config = a_config(sandbox, tmp_path).model_copy(update={"queue": QueueSettings(max_running=1)})
    async with Scene(sandbox, FakeEngine(), config) as scene:
        ada = await scene.member()
        gates = [scene.engine.hold(step=1) for _ in range(5)]
        first = await ada.response(await ada.slash("imagine", prompt="fox 0"))
        assert first["embeds"] == []
        await gates[0].reached()
        answers = [await ada.response(await ada.slash("imagine", prompt=f"fox {number}")) for number in range(1, 5)]
        last = answers[-1]
        assert "It is number 4 in the line" in last["embeds"][0]["description"]
        for gate, following in itertools.pairwise(gates[:3]):
            gate.open()
            await following.reached()
        await ada.wait_for_message(lambda seen: seen["id"] == last["id"] and "It is number 2 in the line" in said(seen))
        for gate in gates[:-1]:
            gate.open()
        drawn = await ada.wait_for_message(lambda seen: seen["id"] == last["id"] and "%" in seen["content"])
        gates[-1].open()
        assert drawn["embeds"] == []


def said(message: Json) -> str:
    return "".join(embed.get("description", "") for embed in message["embeds"])
