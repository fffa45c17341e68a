"""The bot as a real process: killed without warning at each delicate instant, stopped in order, started wrongly."""

import contextlib
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.domain.job import DeliveryStatus, FailureReason, JobStatus
from bot.sandbox import Member, Sandbox
from bot.sandbox.wire import Json
from tests.e2e.process import (
    House,
    a_broken_model,
    ended,
    kill,
    model_section,
    signal_all,
    start,
    stop,
    toml_for,
)
from tests.e2e.studio import is_result

WITHOUT_TORCH = [sys.executable, "-m", "tests.e2e.launcher", "/dev/null", "never", "usual"]


@pytest.fixture
async def house(sandbox: Sandbox, tmp_path: Path) -> AsyncIterator[House]:
    """However its bots ended, every job is charged as it ended."""
    house = House(sandbox, tmp_path)
    yield house
    assert await house.audit() == []


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
        await stop(process)


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
        await stop(process)
    [job] = await house.jobs()
    assert (job.status, job.attempt) == (JobStatus.QUEUED, 1)
    await finish(house, ada)
    await check_drawn_once(house, ada, attempts=2)


async def test_what_does_not_stop_is_ended_at_the_deadline_and_what_ran_is_drawn_by_the_next(
    house: House, sandbox: Sandbox
) -> None:
    house.settings = "[engine]\nstop_timeout_seconds = 0.1\n"
    async with house.bot(hold="stuck") as process:
        ada = await sandbox.member("ada")
        await imagine(ada, "a fox")
        await ada.wait_for_message(lambda seen: "(25%)" in seen["content"])
        process.terminate()
        status, _, said = await ended(process)
    assert (status, "did not stop in time" in said) == (1, True)
    await finish(house, ada)
    await check_drawn_once(house, ada, attempts=2)


async def test_a_full_disk_is_told_and_harms_no_later_job(house: House, sandbox: Sandbox) -> None:
    """Two pages are all the room that pictures have."""
    house.wrapper = on_small_disk(house.data / "images", "8k", 'exec "$@"')
    async with house.bot() as process:
        ada = await sandbox.member("ada")
        await imagine(ada, "a fox")
        failed = await ada.wait_for_message(lambda seen: "(Failed)" in seen["content"])
        await stop(process)
    [job] = await house.jobs()
    assert (job.status, job.failure) == (JobStatus.FAILED, FailureReason.DISK_FULL)
    assert "disk is full" in failed["embeds"][0]["description"]
    assert failed["embeds"][0]["footer"]["text"] == job.incident_id
    house.wrapper = ()
    async with house.bot():
        await imagine(ada, "a moon")
        await ada.wait_for_message(is_result)


async def test_a_disk_too_full_for_the_database_is_waited_for(house: House, sandbox: Sandbox) -> None:
    """Something else fills the disk to the last byte while a job is drawn, until somebody makes room."""
    house.wrapper = on_small_disk(house.data, "2m", 'exec "$@"')
    async with house.bot(hold="2") as process:
        ballast = Path(f"/proc/{process.pid}/root{house.data / 'ballast'}")
        ada = await sandbox.member("ada")
        await imagine(ada, "a fox")
        await ada.wait_for_message(lambda seen: "(50%)" in seen["content"])
        fill(ballast)
        refused = await ada.response(await ada.slash("imagine", prompt="a moon"))
        assert refused["embeds"][0]["title"] == "Sorry, something went wrong"
        signal_all(process, signal.SIGUSR1)  # the pictures cannot be kept, nor can it be written down that they are not
        assert process.stderr is not None
        await process.stderr.readuntil(b"database away")
        make_room(ballast)
        failed = await ada.wait_for_message(lambda seen: "(Failed)" in seen["content"])
        assert "disk is full" in failed["embeds"][0]["description"]
        await imagine(ada, "a star")
        await ada.wait_for_message(is_result)


def on_small_disk(folder: Path, size: str, script: str) -> list[str]:
    """A command that runs `script` where `folder` is a file system of that size, in a mount namespace of its own."""
    folder.mkdir(parents=True)
    inside = ["unshare", "--user", "--map-root-user", "--mount"]
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    trial = [*inside, *mount]
    if shutil.which("unshare") is None or subprocess.run(trial, capture_output=True, check=False).returncode:
        pytest.skip("this machine lets an ordinary user mount no file system")
    return [*inside, "sh", "-c", f"{shlex.join(mount)}; {script}", "sh"]


def fill(path: Path) -> None:
    """Write until not a byte more fits."""
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as ballast:
        while ballast.write(b"x" * 256):
            pass


def make_room(path: Path) -> None:
    path.unlink()


async def test_stopped_while_it_starts_it_ends_at_once(sandbox: Sandbox, tmp_path: Path) -> None:
    login = sandbox.faults.hold("GET", "/users/@me$")
    process = await start(command_for(sandbox, tmp_path), "any")
    await login.reached.wait()
    await stop(process)


async def test_a_discord_that_cannot_be_reached_is_told_in_one_sentence(sandbox: Sandbox, tmp_path: Path) -> None:
    command = command_for(sandbox, tmp_path)
    config = tmp_path / "config.toml"
    config.write_text(config.read_text().replace(sandbox.api_url, "http://127.0.0.1:1/api/v10"))
    status, _, err = await ended(await start(command, "any"))
    assert status == 1
    assert err.splitlines()[-1].startswith("Discord does not let the bot in: Cannot connect")
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["run", "sandbox"])
async def test_a_store_that_cannot_be_used_is_told_in_one_sentence(
    sandbox: Sandbox, tmp_path: Path, command: str
) -> None:
    (tmp_path / "images").write_text("a file where a folder should be")
    status, _, err = await ended(await start(command_for(sandbox, tmp_path, command), "any"))
    assert status == 1
    assert err.startswith(f"The image store `{tmp_path / 'images'}` cannot be used: ")
    assert err.count("\n") == 1


async def test_the_sandbox_command_says_its_address_and_ends_in_order(sandbox: Sandbox, tmp_path: Path) -> None:
    process = await start(command_for(sandbox, tmp_path, "sandbox"))
    assert process.stdout is not None
    said = await process.stdout.readuntil(b"Ctrl-C ends it.")
    assert b"Open http://127.0.0.1:" in said
    process.send_signal(signal.SIGINT)
    status, _, err = await ended(process)
    assert (status, "Traceback" in err) == (0, False)


def command_for(sandbox: Sandbox, folder: Path, command: str = "run") -> list[str]:
    config = folder / "config.toml"
    config.write_text(toml_for(sandbox, folder))
    return [*WITHOUT_TORCH, "--config", str(config), command]


async def test_without_a_token_one_sentence_says_where_it_goes() -> None:
    status, out, err = await ended(await start([*WITHOUT_TORCH, "run"]))
    assert (status, out) == (2, "")
    assert err.startswith("Put the bot's token into the environment as EASEL_DISCORD_TOKEN")
    assert err.count("\n") == 1


async def test_a_wrong_token_is_told_in_one_sentence(sandbox: Sandbox, tmp_path: Path) -> None:
    status, _, err = await ended(await start(command_for(sandbox, tmp_path), "stale"))
    assert status == 1
    assert "Discord does not accept the token in EASEL_DISCORD_TOKEN" in err.splitlines()[-1]
    assert "Traceback" not in err


async def test_a_broken_model_folder_is_named(tmp_path: Path) -> None:
    model = a_broken_model(tmp_path)
    config = tmp_path / "config.toml"
    config.write_text(
        f"""
[database]
url = "sqlite:///{tmp_path / "easel.db"}"
[images]
store = "{tmp_path / "images"}"
{model_section(model)}
"""
    )
    status, _, err = await ended(await start([sys.executable, "-m", "bot", "--config", str(config), "run"], "token"))
    assert status == 1
    assert err.splitlines()[-1].startswith(f"{model} is missing its part 'vae'")
    assert "Traceback" not in err
