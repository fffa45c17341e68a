"""The engine fails, breaks or stops, the disk is full, the gateway drops: each is told, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.errors import StoreFull
from bot.domain.job import FailureReason, JobStatus
from bot.sandbox import Member, Sandbox
from bot.sandbox.wire import Json
from engine.protocol import Event, FailureCode, Queued, Request
from tests.e2e.studio import Scene, a_config, draw, gallery_footer, is_result, running_scene
from tests.fakes import FakeEngine


class BreakingEngine(FakeEngine):
    """Raises where an engine should have reported, the first time it is asked."""

    async def generate(self, request: Request) -> AsyncIterator[Event]:
        yield Queued()
        if not self.requests:
            self.record(request)
            raise RuntimeError("a bug")
        async for event in super().generate(request):
            yield event


async def failed(ada: Member) -> Json:
    """The waiting message of a job that failed, in its last form."""
    message = await ada.wait_for_message(lambda seen: "(Failed)" in seen["content"])
    assert message["components"] == []
    return message


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        (FailureCode.OUT_OF_MEMORY, FailureReason.OUT_OF_MEMORY, "too little memory"),
        (FailureCode.NOT_A_NUMBER, FailureReason.BAD_PICTURE, "no usable picture"),
        (FailureCode.MODEL_BROKEN, FailureReason.MODEL, "model is out of order"),
        (FailureCode.UNKNOWN_MODEL, FailureReason.MODEL, "model is out of order"),
        (FailureCode.INVALID_REQUEST, FailureReason.ENGINE, "could not be drawn"),
        (FailureCode.INTERNAL, FailureReason.ENGINE, "could not be drawn"),
    ],
)
async def test_a_failure_has_its_sentence_and_an_incident(
    scene: Scene, code: FailureCode, reason: FailureReason, words: str
) -> None:
    scene.engine.fail_next(code)
    ada = await scene.member()
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    message = await failed(ada)
    await scene.close()
    [job] = await scene.jobs()
    assert (job.status, job.failure) == (JobStatus.FAILED, reason)
    assert message["id"] == waiting["id"]
    assert message["content"] == f"**a fox** - {ada.mention} (Failed)"
    assert words in message["embeds"][0]["description"]
    assert message["embeds"][0]["footer"]["text"] == job.incident_id


async def test_an_engine_that_raises_fails_one_job_only(sandbox: Sandbox, tmp_path: Path) -> None:
    async with running_scene(sandbox, BreakingEngine(), a_config(sandbox, tmp_path)) as scene:
        ada = await scene.member()
        await ada.slash("imagine", prompt="a fox")
        assert "could not be drawn" in (await failed(ada))["embeds"][0]["description"]
        await draw(ada, "a moon")


async def test_an_engine_that_dies_is_started_again_and_draws_on(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same message tells that the job begins anew; the result has the same seeds; the log tells the operator."""
    ada = await scene.member()
    gate, anew = scene.engine.hold(step=2), scene.engine.hold(step=0)
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    scene.engine.die()
    begun_anew = await ada.wait_for_message(lambda seen: "(0%)" in seen["content"])
    assert begun_anew["id"] == waiting["id"]
    anew.open()
    await ada.wait_for_message(is_result)
    await ada.wait_until_deleted(waiting)
    first, second = scene.engine.requests
    assert first.seeds == second.seeds
    [job] = await scene.jobs()
    assert (job.status, job.attempt, job.interruptions) == (JobStatus.SUCCEEDED, 2, 1)
    said = capsys.readouterr().out
    assert said.index("engine ended") < said.index("engine started again")


async def test_a_job_that_kills_the_engine_each_time_is_told_and_harms_no_other(scene: Scene) -> None:
    """After that the studio is as open as before."""
    scene.engine.poison = "poison"
    gate = scene.engine.hold(step=1)
    ada, ben = await scene.member("ada"), await scene.member("ben")
    await ben.slash("imagine", prompt="a moon")
    await gate.reached()
    await ada.slash("imagine", prompt="poison")
    message = await failed(ada)
    assert "broke down each time" in message["embeds"][0]["description"]
    await ben.wait_for_message(is_result)
    await draw(ada, "a fox")
    assert not any(part.done() for part in scene.parts)
    poison = next(job for job in await scene.jobs() if job.prompt == "poison")
    assert (poison.status, poison.failure) == (JobStatus.FAILED, FailureReason.INTERRUPTED)
    assert message["embeds"][0]["footer"]["text"] == poison.incident_id


async def test_an_engine_that_dies_too_often_ends_the_studio_and_keeps_the_jobs(scene: Scene) -> None:
    ada = await scene.member()
    scene.engine.poison = "a"
    for prompt in ("a fox", "a moon", "an owl"):
        await ada.response(await ada.slash("imagine", prompt=prompt))
    ended, _ = await asyncio.wait(scene.parts, return_when=asyncio.FIRST_COMPLETED)
    assert [part.get_name() for part in ended] == ["engine"]
    await scene.close()
    assert JobStatus.RUNNING not in {job.status for job in await scene.jobs()}
    left = [job for job in await scene.jobs() if job.status is JobStatus.QUEUED]
    assert left, "by then two at most have been given up"
    await scene.restart()
    for _ in left:
        await ada.wait_for_message(is_result)


async def test_a_full_store_fails_the_job_and_leaves_nothing_behind(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A real file system that is full is met in `test_processes`; here the third picture finds no room."""
    from bot.image_store import ObjectImageStore

    put = ObjectImageStore.put

    async def put_two(store: ObjectImageStore, key: str, data: bytes) -> None:
        if key.endswith("/2.png"):
            raise StoreFull
        await put(store, key, data)

    monkeypatch.setattr(ObjectImageStore, "put", put_two)
    ada = await scene.member()
    await ada.slash("imagine", prompt="a fox")
    message = await failed(ada)
    assert "disk is full" in message["embeds"][0]["description"]
    await scene.close()
    assert list((tmp_path / "images").rglob("*.png")) == []
    monkeypatch.undo()
    await scene.open()
    await draw(ada, "a moon")


@pytest.mark.parametrize(
    ("can_resume", "how"), [(True, "close"), (True, "abort"), (True, "reconnect"), (False, "close")]
)
async def test_the_gateway_drops_in_mid_job(scene: Scene, sandbox: Sandbox, can_resume: bool, how: str) -> None:
    ada = await scene.member()
    gate = scene.engine.hold(step=2)
    waiting = await ada.response(await ada.slash("imagine", prompt="a fox"))
    await gate.reached()
    assert sandbox.drop_bot(can_resume=can_resume, how=how) == 1
    gate.open()
    grid = await ada.wait_for_message(is_result)
    await ada.wait_until_deleted(waiting)
    await sandbox.wait_until_bot_is_ready()
    await ada.press(grid, "U1")
    await ada.wait_for_message(lambda seen: "Image #1" in seen["content"] and is_result(seen))
    assert len(scene.engine.requests) == 1
    await draw(ada, "a moon")


async def test_a_token_that_is_revoked_while_it_runs_ends_the_studio(scene: Scene, sandbox: Sandbox) -> None:
    """Discord closes the gateway with "authentication failed", and a new try would end the same way."""
    [session] = sandbox.gateway.sessions_of(sandbox.world.bot.id)
    assert session.connection is not None
    session.connection.close(4004)
    ended, _ = await asyncio.wait(scene.parts, return_when=asyncio.FIRST_COMPLETED)
    assert [part.get_name() for part in ended] == ["gateway"]


async def test_a_restart_in_order_puts_running_jobs_back_and_draws_all(scene: Scene) -> None:
    ada, ben = await scene.member("ada"), await scene.member("ben")
    gates = [scene.engine.hold(step=2) for _ in range(3)]
    messages = [await ada.response(await ada.slash("imagine", prompt=f"fox {number}")) for number in range(5)]
    for gate in gates:
        await gate.reached()
    messages.append(await ben.response(await ben.slash("imagine", prompt="a moon")))
    first = scene.engine
    await scene.close()
    assert {job.status for job in [*await scene.jobs("ada"), *await scene.jobs("ben")]} <= {
        JobStatus.QUEUED,
        JobStatus.SUCCEEDED,  # ben's was not held, and the drain let it end
    }
    await scene.restart()
    for message in messages:
        await ada.wait_until_deleted(message)
    await scene.close()
    assert len(scene.results()) == 6
    seeds = {request.prompt: request.seeds for request in scene.engine.requests}
    assert all(seeds[request.prompt] == request.seeds for request in first.requests if request.prompt in seeds)
    assert {job.status for job in await scene.jobs("ada")} == {JobStatus.SUCCEEDED}


async def test_reactions_work_after_a_restart_and_trash_gives_back(scene: Scene) -> None:
    ada = await scene.member()
    grid = await draw(ada, "a fox")
    await scene.restart()
    await ada.react(grid, "❌")
    await ada.wait_until_deleted(grid)
    assert "no pictures" in await gallery_footer(ada)
    sent = await ada.slash("gallery", trash=True)
    page = await ada.wait_for_message(lambda seen: bool(seen["embeds"]), since=sent)
    opened = await ada.wait_for_message(lambda seen: bool(seen["embeds"]), since=await ada.press(page, "1"))
    await ada.success(await ada.press(opened, "Take all 4 out of the trash"))
    assert await gallery_footer(ada) == "Page 1 of 1 · 4 pictures"
