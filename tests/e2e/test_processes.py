"""The bot as a real process: killed without warning at each delicate instant, stopped in order, started wrongly."""

import asyncio
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bot.domain.job import DeliveryStatus, FailureReason, JobStatus
from bot.sandbox import Member, Sandbox, SandboxConfig
from bot.sandbox.wire import Json
from tests.e2e.process import House, ended, kill, start, toml_for
from tests.e2e.studio import is_result

WITHOUT_TORCH = [sys.executable, "-m", "tests.e2e.launcher", "/dev/null", "never"]


@pytest.fixture
def house(sandbox: Sandbox, tmp_path: Path) -> House:
    return House(sandbox, tmp_path)


async def imagine(ada: Member, prompt: str) -> Json:
    return await ada.response(await ada.slash("imagine", prompt=prompt))


async def check_drawn_once(house: House, ada: Member, *, attempts: int) -> None:
    """One result and nothing else stands in the channel; every attempt had the same seeds."""
    requests = house.requests()
    assert len(requests) == attempts
    assert len({tuple(request["seeds"]) for request in requests}) == 1
    assert [message.content for message in house.sandbox.messages()] == [f"**a fox** - {ada.mention} (fast)"]
    [job] = await house.jobs()
    assert (job.status, job.delivery) == (JobStatus.SUCCEEDED, DeliveryStatus.DELIVERED)


async def finish(house: House, ada: Member) -> None:
    """A new bot brings the job to its end; it is stopped in order, so that all is written down."""
    async with house.bot() as process:
        await ada.wait_for_message(is_result)
        await ada.wait_for(lambda _event: len(house.sandbox.messages()) == 1)
        process.terminate()
        assert (await ended(process))[0] == 0


async def test_killed_in_mid_job_it_is_resumed_with_the_same_seeds(house: House, sandbox: Sandbox) -> None:
    async with house.bot(hold="2") as process:
        ada = await sandbox.member("ada")
        await imagine(ada, "a fox")
        await ada.wait_for_message(lambda seen: "(50%)" in seen["content"])
        await kill(process)
    await finish(house, ada)
    await check_drawn_once(house, ada, attempts=2)


async def test_killed_before_it_could_answer_the_job_is_drawn_all_the_same(house: House, sandbox: Sandbox) -> None:
    """The answer never reached Discord: the member saw that the bot did not respond, and still gets the picture."""
    sandbox.faults.add("POST", "/callback$", cut="before")
    lookup = sandbox.faults.hold("GET", "/messages/@original$")
    async with house.bot() as process:
        ada = await sandbox.member("ada")
        await ada.slash("imagine", prompt="a fox")
        await lookup.reached.wait()
        await kill(process)
    await finish(house, ada)
    await check_drawn_once(house, ada, attempts=1)


async def test_killed_before_the_answer_was_written_down_its_message_is_found_again(
    house: House, sandbox: Sandbox
) -> None:
    """Discord took the answer, but the process died before it knew the message's id."""
    answer = sandbox.faults.hold("POST", "/callback$")
    async with house.bot() as process:
        ada = await sandbox.member("ada")
        sent = await ada.slash("imagine", prompt="a fox")
        await answer.reached.wait()
        await kill(process)
    answer.release()
    waiting = await ada.response(sent)
    await finish(house, ada)
    await ada.wait_until_deleted(waiting)
    await check_drawn_once(house, ada, attempts=1)


async def test_killed_after_the_post_but_before_it_was_written_down(house: House, sandbox: Sandbox) -> None:
    posts = rf"/channels/{sandbox.channel('studio').id}/messages$"
    sandbox.faults.add("POST", posts, cut="after")
    history = sandbox.faults.hold("GET", posts)
    async with house.bot() as process:
        ada = await sandbox.member("ada")
        await imagine(ada, "a fox")
        await history.reached.wait()
        await kill(process)
    [job] = await house.jobs()
    assert (job.status, job.delivery, len(house.results())) == (JobStatus.SUCCEEDED, DeliveryStatus.PENDING, 1)
    sandbox.faults.clear()
    await finish(house, ada)
    await check_drawn_once(house, ada, attempts=1)


async def test_killed_before_the_post_it_is_posted_by_the_next(house: House, sandbox: Sandbox) -> None:
    posts = rf"/channels/{sandbox.channel('studio').id}/messages$"
    sandbox.faults.add("POST", posts, cut="before")
    history = sandbox.faults.hold("GET", posts)
    async with house.bot() as process:
        ada = await sandbox.member("ada")
        await imagine(ada, "a fox")
        await history.reached.wait()
        await kill(process)
    assert house.results() == []
    sandbox.faults.clear()
    await finish(house, ada)
    await check_drawn_once(house, ada, attempts=1)


async def test_killed_between_the_result_and_the_removal_of_the_waiting_message(house: House, sandbox: Sandbox) -> None:
    removal = sandbox.faults.hold("DELETE", "/messages/")
    async with house.bot() as process:
        ada = await sandbox.member("ada")
        await imagine(ada, "a fox")
        await removal.reached.wait()
        await kill(process)
    assert len(sandbox.messages()) == 2
    sandbox.faults.add("DELETE", "/messages/", cut="before")
    removal.release()
    await finish(house, ada)
    await check_drawn_once(house, ada, attempts=1)


async def test_stopped_in_order_it_ends_soon_and_what_ran_waits_again(house: House, sandbox: Sandbox) -> None:
    async with house.bot(hold="1") as process:
        ada = await sandbox.member("ada")
        await imagine(ada, "a fox")
        await ada.wait_for_message(lambda seen: "(25%)" in seen["content"])
        process.terminate()
        assert (await ended(process))[0] == 0
    [job] = await house.jobs()
    assert (job.status, job.attempt) == (JobStatus.QUEUED, 1)
    await finish(house, ada)
    await check_drawn_once(house, ada, attempts=2)


async def test_a_full_disk_is_told_and_harms_no_later_job(sandbox: Sandbox, tmp_path: Path) -> None:
    """A real file system of two pages, in a mount namespace of the bot's own."""
    images = tmp_path / "images"
    images.mkdir()
    if reason := why_no_small_disk(images):
        pytest.skip(f"a small file system cannot be mounted here: {reason}")
    mounted = f'mount -t tmpfs -o size=8k none {images} && exec "$@"'
    house = House(sandbox, tmp_path, ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mounted, "sh"])
    async with house.bot() as process:
        ada = await sandbox.member("ada")
        await imagine(ada, "a fox")
        failed = await ada.wait_for_message(lambda seen: "(Failed)" in seen["content"])
        [job] = await house.jobs()
        assert (job.status, job.failure) == (JobStatus.FAILED, FailureReason.DISK_FULL)
        assert "disk is full" in failed["embeds"][0]["description"]
        assert failed["embeds"][0]["footer"]["text"] == job.incident_id
        process.terminate()
        assert (await ended(process))[0] == 0
    house.wrapper = ()
    async with house.bot():
        await imagine(ada, "a moon")
        await ada.wait_for_message(is_result)


def why_no_small_disk(folder: Path) -> str:
    """Empty when this machine lets an ordinary user mount a tmpfs in a namespace of their own."""
    if shutil.which("unshare") is None:
        return "there is no unshare"
    trial = ["unshare", "--user", "--map-root-user", "--mount", "mount", "-t", "tmpfs", "none", str(folder)]
    return subprocess.run(trial, capture_output=True, text=True, check=False).stderr.strip()


async def test_without_a_token_one_sentence_says_where_it_goes() -> None:
    status, out, err = await ended(await start([*WITHOUT_TORCH, "run"]))
    assert (status, out) == (2, "")
    assert err.startswith("Put the bot's token into the environment as EASEL_DISCORD_TOKEN")
    assert err.count("\n") == 1


async def test_a_wrong_token_is_told_in_one_sentence(sandbox: Sandbox, tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text(toml_for(sandbox, tmp_path))
    status, _, err = await ended(await start([*WITHOUT_TORCH, "--config", str(config), "run"], "stale"))
    assert status == 1
    assert "Discord does not accept the token in EASEL_DISCORD_TOKEN" in err.splitlines()[-1]
    assert "Traceback" not in err


async def test_a_broken_model_folder_is_named_by_run_and_by_doctor(tmp_path: Path) -> None:
    model = tmp_path / "broken"
    (model / "vae").mkdir(parents=True)
    (model / "model_index.json").write_text(json.dumps({"unet": ["diffusers", "UNet2DConditionModel"]}))
    config = tmp_path / "config.toml"
    config.write_text(
        f"""
[database]
url = "sqlite:///{tmp_path / "easel.db"}"
[images]
store = "{tmp_path / "images"}"
[[engine.models]]
name = "broken"
family = "stable-diffusion"
source = "{model}"
"""
    )
    command = [sys.executable, "-m", "bot", "--config", str(config)]
    ran, examined = [await start([*command, "run"], "token"), await start([*command, "doctor"])]
    (status, _, err), (health, out, _) = await asyncio.gather(ended(ran), ended(examined))
    assert status == 1
    assert err.splitlines()[-1].startswith(f"{model} is missing its part")
    assert "Traceback" not in err
    assert health == 1
    assert f"✗ models: {model} is missing its part" in out
    assert "✗ token: The environment has no EASEL_DISCORD_TOKEN" in out


async def test_under_discords_own_brakes_everything_arrives_without_running_into_them(tmp_path: Path) -> None:
    """With Discord's real brakes: five messages in five seconds and channel."""
    async with Sandbox(SandboxConfig()) as sandbox:
        house = House(sandbox, tmp_path)
        async with house.bot() as process:
            ada = await sandbox.member("ada")
            for number in range(4):
                await imagine(ada, f"fox {number}")
            await ada.wait_for(lambda _event: len(house.results()) == 4 == len(sandbox.messages()))
            process.terminate()
            assert (await ended(process))[0] == 0
        assert [record.status for record in sandbox.requests if record.status == 429 and record.is_bot] == []
