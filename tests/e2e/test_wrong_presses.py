"""Buttons pressed by the wrong person, too often, too late, or after everything was restarted."""

import asyncio
import contextlib
import sqlite3

from bot.sandbox import Member, Sandbox, Sent
from bot.sandbox.wire import Json
from tests.e2e.studio import Scene, draw, is_result


async def said_alone(member: Member, sent: Sent) -> Json:
    """The embed that answers a press, seen by its member only."""
    answer = await member.response(sent)
    assert answer["flags"] & 64
    return dict(answer["embeds"][0])


async def test_a_button_of_a_deleted_job_says_so(scene: Scene) -> None:
    ada = await scene.member()
    grid = await draw(ada, "a fox")
    await scene.close()
    with contextlib.closing(sqlite3.connect(scene.config.database.url.partition(":///")[2])) as raw, raw:
        raw.execute("DELETE FROM images")
        raw.execute("DELETE FROM jobs")
    await scene.open()
    for label in ("U1", "V2", "🔄"):
        embed = await said_alone(ada, await ada.press(grid, label))
        assert embed["description"].startswith("This picture is no longer here.")


async def test_someone_elses_job_cannot_be_cancelled(scene: Scene) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    gate = scene.engine.hold(step=1)
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    await ben.wait_for_message(lambda message: message["id"] == waiting["id"])
    embed = await said_alone(ben, await ben.press(waiting, "Cancel Job"))
    assert embed["title"] == "Job action restricted"
    await ben.react(waiting, "❌")
    gate.open()
    await ada.wait_for_message(is_result)


async def test_a_double_click_counts_once(scene: Scene) -> None:
    ada = await scene.member()
    grid = await draw(ada, "a fox")
    first = await ada.press(grid, "V1")
    await ada.response(first)
    second = await ada.press(grid, "V1")
    await ada.success(second)  # acknowledged, without a word
    await ada.wait_for_message(lambda message: is_result(message) and message["id"] != grid["id"])
    await scene.close()
    assert len(await scene.jobs()) == 2
    assert len(scene.engine.requests) == 2


async def test_two_clicks_at_once_make_one_job(scene: Scene) -> None:
    ada = await scene.member()
    grid = await draw(ada, "a fox")
    sent = await asyncio.gather(*(ada.press(grid, "U2") for _ in range(4)))
    await asyncio.gather(*(ada.success(press) for press in sent))
    await ada.wait_for_message(lambda message: "Image #2" in message["content"] and is_result(message))
    await scene.close()
    assert len(await scene.jobs()) == 2
    assert len(scene.results()) == 2


async def test_a_click_and_a_reaction_at_once_make_one_job(scene: Scene) -> None:
    ada = await scene.member()
    grid = await draw(ada, "a fox")
    press, _ = await asyncio.gather(ada.press(grid, "V3"), ada.react(grid, "🇨"))
    await ada.success(press)
    await ada.wait_for_message(lambda message: is_result(message) and message["id"] != grid["id"])
    await scene.close()
    assert len(await scene.jobs()) == 2


async def test_two_members_may_press_the_same_button(scene: Scene) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    grid = await draw(ada, "a fox")
    await ben.wait_for_message(lambda message: message["id"] == grid["id"])
    await asyncio.gather(ada.press(grid, "U1"), ben.press(grid, "U1"))
    await ada.wait_for_message(lambda message: f"Image #1 {ada.mention}" in message["content"])
    await ada.wait_for_message(lambda message: f"Image #1 {ben.mention}" in message["content"])
    await scene.close()
    assert (len(await scene.jobs("ada")), len(await scene.jobs("ben"))) == (2, 1)


async def test_an_ended_job_cannot_be_cancelled_again(scene: Scene) -> None:
    ada = await scene.member()
    gate = scene.engine.hold(step=1)
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    presses = await asyncio.gather(ada.press(waiting, "Cancel Job"), ada.press(waiting, "Cancel Job"))
    await asyncio.gather(*(ada.success(press) for press in presses))
    stopped = await ada.wait_for_message(lambda message: "(Stopped)" in message["content"])
    assert (stopped["id"], stopped["components"]) == (waiting["id"], [])
    await scene.close()
    assert [job.status for job in await scene.jobs()] == ["cancelled"]


async def test_cancel_while_waiting_stops_it_before_it_is_drawn(scene: Scene) -> None:
    ada = await scene.member()
    gates = [scene.engine.hold(step=1) for _ in range(3)]
    running = [await ada.response(await ada.slash("imagine", prompt=f"fox {number}")) for number in range(3)]
    for gate in gates:
        await gate.reached()
    waiting = await ada.response(await ada.slash("imagine", prompt="the fourth"))
    await ada.press(waiting, "Cancel Job")
    await ada.wait_for_message(lambda message: "**the fourth**" in message["content"] and "(Stop" in message["content"])
    for gate in gates:
        gate.open()
    for message in running:
        await ada.wait_until_deleted(message)
    assert [request.prompt for request in scene.engine.requests] == ["fox 0", "fox 1", "fox 2"]


async def test_progress_never_overtakes_the_end(scene: Scene, sandbox: Sandbox) -> None:
    """One edit with a percentage hangs on the line while the job is cancelled, and others could pass it."""
    ada = await scene.member()
    await draw(ada, "a moon")  # from here on the client knows that several edits may go at once
    edit = sandbox.faults.hold("PATCH", rf"/channels/{ada.channel_id}/messages/")
    gate = scene.engine.hold(step=2)
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    await edit.reached.wait()
    sandbox.faults._holds.remove(edit)
    await ada.success(await ada.press(waiting, "Cancel Job"))
    await draw(ada, "a boat")  # time enough to overtake
    edit.release()
    await ada.wait_for_message(lambda message: "**a fox**" in message["content"] and "(Stopped)" in message["content"])
    await scene.close()
    [message] = [message for message in sandbox.messages() if "**a fox**" in message.content]
    assert message.content == f"**a fox** - {ada.mention} (Stopped)"


async def test_the_eleventh_that_waits_is_refused(scene: Scene) -> None:
    ada = await scene.member()
    gates = [scene.engine.hold(step=0) for _ in range(3)]
    for number in range(3):
        await ada.response(await ada.slash("imagine", prompt=f"running {number}"))
        await gates[number].reached()
    for number in range(10):
        await ada.response(await ada.slash("imagine", prompt=f"waiting {number}"))
    embed = await said_alone(ada, await ada.slash("imagine", prompt="one too many"))
    assert (embed["title"], "10 are waiting" in embed["description"]) == ("Queue full", True)

    sent = await ada.slash("info")
    info = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert "**Queued Jobs (fast)**: 10" in info["embeds"][0]["description"]
    assert info["embeds"][0]["description"].count("https://discord.com/channels/") == 3
    assert len(await scene.jobs()) == 13


async def test_every_button_works_after_a_restart(scene: Scene) -> None:
    ada = await scene.member()
    grid = await draw(ada, "a fox --seed 5")
    await scene.restart()
    single = await press_for_result(ada, grid, "U3")
    assert f"Image #3 {ada.mention}" in single["content"]
    await scene.restart()
    for message, label, line in (
        (grid, "V2", "Variations (Strong)"),
        (grid, "🔄", "**a fox --seed 5** - "),
        (single, "Vary (Subtle)", "Variations (Subtle)"),
        (single, "Vary (Strong)", "Variations (Strong)"),
    ):
        result = await press_for_result(ada, message, label)
        assert line in result["content"]


async def press_for_result(member: Member, message: Json, which: str) -> Json:
    sent = await member.press(message, which)
    return await member.wait_for_message(lambda seen: is_result(seen) and seen["id"] != message["id"], since=sent)
