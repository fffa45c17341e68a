"""The picture is ready and the chat will not take it: kept, tried again or made smaller, and told in the end."""

import asyncio
import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from bot.db.database import open_database
from bot.domain.job import DeliveryStatus, JobStatus, UserId
from bot.domain.letter import Letter
from bot.sandbox import Member, Permission, Sandbox, SandboxConfig
from bot.sandbox.wire import Json
from engine.protocol import ModelInfo
from tests.e2e.studio import Scene, a_config, draw, gallery_footer, has_button, is_result, running_scene
from tests.fakes import FakeEngine, noise
from tests.patience import PATIENCE_SECONDS, patient

NOISY = ModelInfo("noisy", "fake", width=256, height=256, steps=4, supports_negative_prompt=False)


async def imagine(ada: Member, prompt: str = "a fox") -> Json:
    """The waiting message."""
    return await ada.response(await ada.slash("imagine", prompt=prompt))


async def direct_message(ada: Member, words: str) -> Json:
    return await ada.wait_for_message(lambda seen: words in seen["content"] and "guild_id" not in seen)


async def check_delivery(scene: Scene, how: DeliveryStatus) -> None:
    await scene.close()
    [job] = await scene.jobs()
    assert (job.status, job.delivery) == (JobStatus.SUCCEEDED, how)


@pytest.mark.parametrize(
    ("status", "times"),
    [
        (429, 1),  # discord.py waits as long as it is told, and tries again
        (429, 7),  # it gives up after five; we do not
        (500, 1),  # it waits a second
        (503, 3),  # it does not try again; we do
    ],
)
async def test_a_passing_trouble_ends_in_one_result(scene: Scene, sandbox: Sandbox, status: int, times: int) -> None:
    ada = await scene.member()
    fault = sandbox.faults.add("POST", scene.posts, status=status, times=times)
    grid = await draw(ada, "a fox")
    assert fault.hits == times
    assert has_button(grid, "U1")
    await check_delivery(scene, DeliveryStatus.DELIVERED)
    assert len(scene.results()) == 1


async def test_a_lasting_trouble_ends_in_a_direct_message(scene: Scene, sandbox: Sandbox) -> None:
    ada = await scene.member()
    sandbox.faults.add("POST", scene.posts, status=503, times=100)
    waiting = await imagine(ada)
    told = await direct_message(ada, "did not take it for a long time")
    assert told["content"].startswith(f"**a fox**\nI could not show this in <#{ada.channel_id}>")
    assert "`/gallery`" in told["content"]
    assert len(told["attachments"]) == 1
    await ada.wait_until_deleted(waiting)
    assert await gallery_footer(ada) == "Page 1 of 1 · 4 pictures"
    await check_delivery(scene, DeliveryStatus.BY_DM)


async def test_a_lost_confirmation_is_not_posted_twice(scene: Scene, sandbox: Sandbox) -> None:
    ada = await scene.member()
    sandbox.faults.add("POST", scene.posts, cut="after")
    await draw(ada, "a fox")
    await check_delivery(scene, DeliveryStatus.DELIVERED)
    assert len(scene.results()) == 1


async def test_a_line_that_breaks_before_the_post_is_tried_again(scene: Scene, sandbox: Sandbox) -> None:
    ada = await scene.member()
    sandbox.faults.add("POST", scene.posts, cut="before", times=2)
    await draw(ada, "a fox")
    await check_delivery(scene, DeliveryStatus.DELIVERED)
    assert len(scene.results()) == 1


async def test_a_channel_that_refuses_ends_in_a_direct_message(scene: Scene, sandbox: Sandbox) -> None:
    ada = await scene.member()
    gate = scene.engine.hold(step=2)
    waiting = await imagine(ada)
    await gate.reached()
    sandbox.deny_bot("studio", Permission.SEND_MESSAGES)
    gate.open()
    told = await direct_message(ada, "I may not write or attach files there")
    assert "It is kept in your `/gallery`." in told["content"]
    assert len(await ada.download(told["attachments"][0])) > 100
    await ada.wait_until_deleted(waiting)
    assert await gallery_footer(ada) == "Page 1 of 1 · 4 pictures"
    await check_delivery(scene, DeliveryStatus.BY_DM)


async def test_a_direct_message_in_passing_trouble_is_tried_again(scene: Scene, sandbox: Sandbox) -> None:
    ada = await scene.member()
    dm = await ada.open_dm()
    sandbox.faults.add("POST", scene.posts, status=403, times=100)
    trouble = sandbox.faults.add("POST", rf"/channels/{dm['id']}/messages$", status=503, times=2)
    await imagine(ada)
    told = await direct_message(ada, "It is kept in your `/gallery`.")
    assert (trouble.hits, len(told["attachments"])) == (2, 1)
    await check_delivery(scene, DeliveryStatus.BY_DM)


async def test_with_direct_messages_closed_the_waiting_message_says_where_it_is(scene: Scene, sandbox: Sandbox) -> None:
    ada = await scene.member()
    sandbox.close_dms("ada")
    sandbox.faults.add("POST", scene.posts, status=403, times=100)
    waiting = await imagine(ada)
    word = await ada.wait_for_message(lambda seen: "(Finished)" in seen["content"])
    assert (word["id"], word["components"]) == (waiting["id"], [])
    assert word["content"].endswith("I could not show it here. It is kept in your `/gallery`.")
    assert await gallery_footer(ada) == "Page 1 of 1 · 4 pictures"
    await check_delivery(scene, DeliveryStatus.UNDELIVERABLE)


async def test_a_channel_removed_in_mid_job(scene: Scene, sandbox: Sandbox) -> None:
    ada = await scene.member()
    place = sandbox.add_channel("short-lived")
    gate = scene.engine.hold(step=2)
    await ada.response(await ada.slash("imagine", channel=place.id, prompt="a fox"))
    await gate.reached()
    sandbox.remove_channel(place.id)
    gate.open()
    told = await direct_message(ada, "the channel is gone")
    assert len(told["attachments"]) == 1
    assert await gallery_footer(ada) == "Page 1 of 1 · 4 pictures"
    await check_delivery(scene, DeliveryStatus.BY_DM)


async def test_channel_and_direct_messages_gone_leave_it_in_the_gallery(scene: Scene, sandbox: Sandbox) -> None:
    ada = await scene.member()
    direct = sandbox.faults.hold("POST", rf"/channels/{(await ada.open_dm())['id']}/messages$")
    sandbox.close_dms("ada")
    place = sandbox.add_channel("short-lived")
    gate = scene.engine.hold(step=2)
    await ada.response(await ada.slash("imagine", channel=place.id, prompt="a fox"))
    await gate.reached()
    sandbox.remove_channel(place.id)
    gate.open()
    await direct.reached.wait()
    direct.release()
    await check_delivery(scene, DeliveryStatus.UNDELIVERABLE)
    await scene.open()
    assert await gallery_footer(ada) == "Page 1 of 1 · 4 pictures"


async def test_a_chat_that_hangs_holds_up_no_stop(
    scene: Scene, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a member is to be told waits for the next start: the system ends us in the middle if we take too long."""
    monkeypatch.setattr("bot.loops.DRAIN_SECONDS", 0.1)
    ada = await scene.member()
    direct = sandbox.faults.hold("POST", rf"/channels/{(await ada.open_dm())['id']}/messages$")
    await scene.close()
    letter = Letter("one", UserId(int(sandbox.user("ada").id)), "What happened.", datetime.now(UTC))
    async with open_database(scene.config.database.url) as db, db.transaction() as tx:
        await tx.letters.owe(letter)
    await scene.open()
    await direct.reached.wait()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await scene.close()
    direct.release()


async def test_too_large_for_the_channel_is_encoded_again_and_the_master_kept(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.set_upload_limit(200_000)
    async with running_scene(sandbox, FakeEngine([NOISY], noise), a_config(sandbox, tmp_path)) as scene:
        ada = await scene.member()
        grid = await draw(ada, "static")
        [picture] = grid["attachments"]
        assert picture["filename"].endswith(".webp")
        assert picture["size"] <= 200_000
        assert Image.open(io.BytesIO(await ada.download(picture))).width >= 256
        assert {record.code for record in sandbox.requests if record.status == 413} == {40005}
        masters = list((tmp_path / "images").rglob("*.png"))
        assert [Image.open(io.BytesIO(master.read_bytes())).size for master in masters] == [(256, 256)] * 4
        await check_delivery(scene, DeliveryStatus.DELIVERED)


async def test_too_large_for_anything_is_told_and_kept(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.set_upload_limit(1_000)
    async with running_scene(sandbox, FakeEngine([NOISY], noise), a_config(sandbox, tmp_path)) as scene:
        ada = await scene.member()
        waiting = await imagine(ada, "static")
        told = await direct_message(ada, "too large")
        assert "It is kept in your `/gallery`." in told["content"]
        assert told["attachments"] == []
        await ada.wait_until_deleted(waiting)
        await check_delivery(scene, DeliveryStatus.UNDELIVERABLE)


async def test_pictures_lost_from_the_store_are_told(scene: Scene, tmp_path: Path, sandbox: Sandbox) -> None:
    """They vanish between being kept and being shown: the first post fails, and then they are gone."""
    ada = await scene.member()
    sandbox.faults.add("POST", scene.posts, cut="before")
    history = sandbox.faults.hold("GET", scene.posts)
    waiting = await imagine(ada)
    await history.reached.wait()
    for master in (tmp_path / "images").rglob("*.png"):
        master.unlink()
    history.release()
    told = await direct_message(ada, "its pictures are no longer in the store")
    assert told["content"].endswith("Please draw it again.")
    await ada.wait_until_deleted(waiting)
    await check_delivery(scene, DeliveryStatus.UNDELIVERABLE)


async def test_damaged_pictures_are_told_and_do_not_hang(scene: Scene, tmp_path: Path, sandbox: Sandbox) -> None:
    ada = await scene.member()
    sandbox.faults.add("POST", scene.posts, cut="before")
    history = sandbox.faults.hold("GET", scene.posts)
    waiting = await imagine(ada)
    await history.reached.wait()
    for master in (tmp_path / "images").rglob("*.png"):
        master.write_bytes(b"not a picture")
    history.release()
    await direct_message(ada, "something went wrong here")
    await ada.wait_until_deleted(waiting)
    await check_delivery(scene, DeliveryStatus.UNDELIVERABLE)


async def test_a_result_that_is_shown_before_its_waiting_message_is_known(scene: Scene, sandbox: Sandbox) -> None:
    """Another job wakes the dispatcher while the first one's answer is still on its way."""
    ada = await scene.member()
    former = await draw(ada, "a moon")
    answers = sandbox.faults.hold("POST", r"/interactions/.*/callback$")
    sent = await ada.slash("imagine", prompt="a fox")
    await answers.reached.wait()
    await ada.react(former, "🔄")
    await ada.wait_for_message(lambda seen: is_result(seen) and "**a fox**" in seen["content"])
    answers.release()
    await ada.wait_until_deleted(await ada.response(sent))
    await scene.close()
    assert [message.content for message in sandbox.messages()].count(f"**a fox** - {ada.mention} (fast)") == 1
    assert len(sandbox.messages()) == 3


async def test_under_discords_own_brakes_everything_arrives_without_running_into_them(tmp_path: Path) -> None:
    """Five messages in five seconds and channel: progress slows down, and results are not held up by it."""
    async with (
        Sandbox(patient(SandboxConfig())) as sandbox,
        running_scene(sandbox, FakeEngine(), a_config(sandbox, tmp_path)) as scene,
    ):
        ada = await scene.member()
        for number in range(4):
            await imagine(ada, f"fox {number}")
        await ada.wait_for(lambda _event: len(scene.results()) == 4 == len(sandbox.messages()))
        assert [record for record in sandbox.requests if record.is_bot and record.status == 429] == []
