"""Where the bot was not added: members who carry it with them get progress and result through the interaction's token,
and by direct message once that is spent.
"""

import discord
import pytest

from bot.sandbox.wire import Json
from engine.protocol import FailureCode
from tests.ui.conftest import Scene, buttons_of, next_result

MINUTES = 60


async def test_a_server_that_the_bot_is_no_member_of(scene: Scene) -> None:
    scene.sandbox.install("ada")
    lounge = scene.sandbox.add_server("Elsewhere", "ada", "ben")
    gate = scene.engine.hold(step=2)
    ada, ben = await scene.member("ada"), await scene.member("ben")
    sent = await ada.slash("imagine", prompt="a fox", channel=lounge.id)
    waiting = await ada.response(sent)
    first, note = waiting["content"].splitlines()
    assert first == f"**a fox** - {ada.mention} (Waiting to start)"
    assert "15 minutes comes by direct message" in note
    running = await ada.wait_for_message(lambda message: "(50%)" in message["content"], since=sent)
    assert running["id"] == waiting["id"]
    assert running["attachments"]
    gate.open()
    result = await next_result(ada, sent)
    assert result["content"] == f"**a fox** - {ada.mention} (fast)"
    assert result["channel_id"] == lounge.id
    assert buttons_of(result).keys() >= {"U1", "V4"}
    await ada.wait_until_deleted(waiting)
    # everybody there can press, by the leave that the message came by
    pressed = await ben.press(result, "U1")
    assert (await next_result(ben, pressed))["content"] == f"**a fox** - Image #1 {ben.mention}"
    bots_own = [r for r in scene.sandbox.requests if r.is_bot and f"/channels/{lounge.id}" in r.path and r.status < 400]
    assert bots_own == []


@pytest.mark.parametrize("where", ["server", "direct"])
async def test_after_fifteen_minutes_it_comes_by_direct_message(scene: Scene, where: str) -> None:
    scene.sandbox.install("ada")
    ada = await scene.member("ada")
    ben = scene.sandbox.user("ben")
    lounge = scene.sandbox.add_server("Elsewhere", "ada", "ben")
    channel = lounge.id if where == "server" else str((await ada.open_dm(ben.id))["id"])
    gate = scene.engine.hold()
    sent = await ada.slash("imagine", prompt="a fox", channel=channel)
    await ada.response(sent)
    await gate.reached()
    scene.sandbox.clock.advance(16 * MINUTES)
    gate.open()
    direct = await ada.open_dm()
    received = await ada.wait_for_message(lambda m: m["channel_id"] == direct["id"] and bool(m["attachments"]))
    assert "I am no member there, and Discord lets me answer for 15 minutes only" in received["content"]
    assert "a fox" in received["content"]


async def test_commands_of_guests(scene: Scene) -> None:
    """All that the table of commands promises everywhere works; what is for servers of the bot is not offered."""
    scene.sandbox.install("ada")
    lounge = scene.sandbox.add_server("Elsewhere", "ada", "ben")
    ada, ben = await scene.member("ada"), await scene.member("ben")
    for name in ("settings", "info", "subscribe", "help", "userid", "gallery"):
        assert await ada.response(await ada.slash(name, channel=lounge.id))
    for name in ("show", "prefer remix", "fast"):
        with pytest.raises(LookupError):
            await ada.slash(name, channel=lounge.id)
    with pytest.raises(LookupError):
        await ben.slash("imagine", prompt="a fox", channel=lounge.id)


async def test_a_restart_within_the_time_goes_on(scene: Scene) -> None:
    scene.sandbox.install("ada")
    lounge = scene.sandbox.add_server("Elsewhere", "ada")
    gate = scene.engine.hold()
    ada = await scene.member("ada")
    sent = await ada.slash("imagine", prompt="a fox", channel=lounge.id)
    waiting = await ada.response(sent)
    await gate.reached()
    await scene.restart()
    result = await next_result(ada, sent)
    assert result["channel_id"] == lounge.id
    await ada.wait_until_deleted(waiting)


async def test_a_failed_job_and_a_cancelled_one_are_told_there(scene: Scene) -> None:
    scene.sandbox.install("ada")
    lounge = scene.sandbox.add_server("Elsewhere", "ada")
    ada = await scene.member("ada")
    scene.engine.fail_next(FailureCode.OUT_OF_MEMORY)
    sent = await ada.slash("imagine", prompt="a fox", channel=lounge.id)
    told = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert "(Failed)" in told["content"]
    gate = scene.engine.hold()
    sent = await ada.slash("imagine", prompt="an owl", channel=lounge.id)
    waiting = await ada.response(sent)
    await gate.reached()
    await ada.press(waiting, "Cancel Job")
    stopped = await ada.wait_for_message(lambda message: "(Stopped)" in message["content"], since=sent)
    assert stopped["id"] == waiting["id"]


async def test_several_jobs_of_a_guest(scene: Scene) -> None:
    """Discord takes five further answers; what does not fit comes by direct message, and nothing is lost."""
    scene.sandbox.install("ada")
    lounge = scene.sandbox.add_server("Elsewhere", "ada")
    ada = await scene.member("ada")
    direct = await ada.open_dm()
    question = await ada.response(await ada.slash("imagine", prompt="a fox --r 5", channel=lounge.id))
    await ada.press(question, "Draw 5")

    def shown() -> list[Json]:
        places = (lounge.id, direct["id"])
        return [
            m for m in ada.inbox.values() if m["channel_id"] in places and m["attachments"] and "%" not in m["content"]
        ]

    await ada.wait_for(lambda _: len(shown()) == 5)
    assert {message["channel_id"] for message in shown()} == {lounge.id, direct["id"]}


async def test_a_member_of_both_uses_the_bots_own_way(scene: Scene) -> None:
    scene.sandbox.install("ada")
    ada = await scene.member("ada")
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    assert "no member" not in waiting["content"]


async def test_the_contexts_of_every_command(scene: Scene) -> None:
    everywhere = {"imagine", "blend", "describe", "style", "upscale", "gallery"}
    everywhere |= {"settings", "info", "subscribe", "help", "ask", "userid", "style_code"}
    for command in scene.sandbox.world.commands.registered(None):
        expected: tuple[tuple[int, ...], tuple[int, ...]] = ((0, 1), (0,))
        if command.name in everywhere:
            expected = ((0, 1, 2), (0, 1))
        if command.name == "Report Job":
            expected = ((0,), (0,))
        assert (tuple(sorted(command.contexts)), tuple(sorted(command.integration_types))) == expected, command.name


def test_nobody_logs_a_token() -> None:
    from bot.domain.job import Door

    assert "secret" not in repr(Door("secret", discord.utils.utcnow()))
