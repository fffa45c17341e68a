"""`python -m benchmarks.crash`: the bot is killed again and again under load; then everything is counted.

A stand-in Discord and twenty members stay; the bot, as a process of its own, gets SIGKILL at random moments and at each
named instant of a job's life, and is started again on the same database and image folder. Plans are on sale, so that
every job is paid for; half of the members want their results by direct message as well.

- `jobs_lost`: jobs that were written down or answered and did not come to an end that their member was shown.
- `double_posts`: results that stand more than once, in the channel or as a copy among the direct messages.
- `charges_wrong`: what the audit of the ledger finds: every job charged, released or refunded as it ended, all sums 0.
- `wrong_ends`: pictures in the gallery that no job's end explains, or the other way round.
"""

import argparse
import asyncio
import contextlib
import json
import os
import random
import re
import signal
import sqlite3
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.crash_bot import INSTANTS
from benchmarks.plot import Bar, draw_bars
from bot.config import TOKEN_VARIABLE
from bot.db.database import SqlDatabase, open_database
from bot.domain.audit import find_discrepancies
from bot.domain.job import DeliveryStatus, Job, JobKind, JobStatus, UserId
from bot.sandbox import Member, Message, Sandbox, SandboxConfig
from bot.sandbox.member import RequestRefused
from bot.sandbox.watch import WaitedTooLong

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results"
PATIENCE_SECONDS = 120.0
BUTTONS = ("U1", "U4", "V1", "V3", "🔄")
JOB_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class House:
    """One database and one image folder; bots come and go."""

    sandbox: Sandbox
    folder: Path
    step_seconds: float
    answered: set[str] = field(default_factory=set)  # jobs whose members saw a waiting message

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'easel.db'}"

    @contextlib.asynccontextmanager
    async def bot(self, instant: str = "never", *, is_real: bool = False) -> AsyncIterator[Process]:
        config = self.folder / "config.toml"
        config.write_text(self._settings())
        launcher = ["bot"] if is_real else ["benchmarks.crash_bot", instant, str(self.step_seconds)]
        environment = {**os.environ, TOKEN_VARIABLE: self.sandbox.bot_token, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", *launcher, "--config", str(config), "run"]
        process = await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=environment, stdin=DEVNULL, stdout=DEVNULL, stderr=PIPE, start_new_session=True
        )
        assert process.stderr is not None
        said = bytearray()
        is_open = asyncio.Event()
        listening = asyncio.create_task(_listen(process.stderr, said, is_open))
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await _first(is_open.wait(), process.wait())
            if not is_open.is_set() and instant == "never":
                raise SystemExit(f"the bot did not start:\n{said.decode()}")
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
            await listening
            if b"Traceback" in said:
                sys.stderr.write(said.decode())

    def _settings(self) -> str:
        return f"""
[database]
url = "{self.url}"
[images]
store = "{self.folder / "images"}"
[discord]
api_url = "{self.sandbox.api_url}"
gateway_url = "{self.sandbox.gateway_url}"
[plans]
enabled = true
everyone = "Plenty"
[[plans.tiers]]
name = "Plenty"
fast_minutes = 100000
max_waiting = 10
"""


async def _listen(stream: asyncio.StreamReader, said: bytearray, is_open: asyncio.Event) -> None:
    async for line in stream:
        said += line
        if b"studio open" in line:
            is_open.set()


async def _first(*waits: Any) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def keep_busy(house: House, member: Member, chance: random.Random, pause_seconds: float) -> None:
    """Asks for pictures, presses what stands there, cancels now and then; whether a bot listens or not."""
    while True:
        await asyncio.sleep(chance.uniform(0.2, 2.0) * pause_seconds)
        with contextlib.suppress(RequestRefused, WaitedTooLong, LookupError):
            answer = await member.response(await _act(member, chance), seconds=1.5)
            if found := _waiting_job(answer):
                house.answered.add(found)
                if chance.random() < 0.1:
                    await member.press(answer, "Cancel Job")


async def _act(member: Member, chance: random.Random) -> Any:
    results = [each for each in member.inbox.values() if each.get("attachments") and "%" not in each["content"]]
    if results and chance.random() < 0.4:
        return await member.press(chance.choice(results), chance.choice(BUTTONS))
    return await member.slash("imagine", prompt=f"{member.name} {chance.randrange(10**6)}")


def _waiting_job(message: dict[str, Any]) -> str | None:
    found = JOB_ID.search(json.dumps(message.get("components") or []))
    return found[0] if found and "Waiting to start" in message["content"] else None


async def crash(options: argparse.Namespace) -> dict[str, Any]:
    chance = random.Random(options.seed)
    names = tuple(f"member{number}" for number in range(options.members))
    config = SandboxConfig(member_names=names, rate_limits=None, wait_seconds=PATIENCE_SECONDS, openapi=None)
    with tempfile.TemporaryDirectory(prefix="easel-crash-") as folder:
        async with Sandbox(config) as sandbox:
            house = House(sandbox, Path(folder), options.step_seconds)
            members = [await sandbox.member(name) for name in names]
            await _introduce(house, members)
            load = [
                asyncio.create_task(keep_busy(house, member, random.Random(number), options.pause_seconds))
                for number, member in enumerate(members)
            ]
            kills = await _kill(house, chance, options)
            for task in load:
                task.cancel()
            await asyncio.gather(*load, return_exceptions=True)
            await _finish(house, members[0], is_real=options.real > 0)
            return {"kills": kills, **await count(house)}


async def _introduce(house: House, members: Sequence[Member]) -> None:
    """Half of the members want copies."""
    async with house.bot():
        for member in members[::2]:
            await member.response(await member.slash("prefer auto_dm"))


async def _kill(house: House, chance: random.Random, options: argparse.Namespace) -> int:
    instants = [*INSTANTS] if options.instants else []
    plan = (instants + ["never"] * options.kills)[: max(options.kills, 1)]
    kills = 0
    for number, instant in enumerate(plan):
        async with house.bot(instant) as process:
            seconds = PATIENCE_SECONDS if instant != "never" else chance.uniform(0.0, options.life_seconds)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await process.wait()
        kills += 1
        print(f"killed {number + 1} of {len(plan)}: {instant}", file=sys.stderr)
    for _ in range(options.real):
        async with house.bot(is_real=True) as process:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(chance.uniform(0.0, 4 * options.life_seconds)):
                    await process.wait()
        kills += 1
    return kills


async def _finish(house: House, member: Member, *, is_real: bool) -> None:
    """A bot that is left in peace, until nothing waits any more; then another one that is stopped in order, for what
    was on its way."""

    def is_drawn() -> bool:
        return not _count(house, "status IN ('queued', 'running') OR delivery = 'pending'")

    async with house.bot(is_real=is_real) as process:
        if not is_drawn():
            with contextlib.suppress(WaitedTooLong):
                await member.wait_for(lambda _: is_drawn(), since=max(0, len(member.events) - 1))
        process.terminate()
        await process.wait()
    async with house.bot(is_real=is_real) as process:
        process.terminate()
        await process.wait()


def _count(house: House, condition: str) -> int:
    with contextlib.closing(sqlite3.connect(house.folder / "easel.db")) as connection:
        found: int = connection.execute(f"SELECT count(*) FROM jobs WHERE {condition}").fetchone()[0]
    return found


async def count(house: House) -> dict[str, Any]:
    names = house.sandbox.config.member_names
    async with open_database(house.url) as db:
        jobs = {str(job.id): job for name in names for job in await _jobs_of(db, house, name)}
        wrong_ends = [job.id for job in jobs.values() if not await _has_right_pictures(db, job)]
        charges = await _audit(db, [UserId(int(house.sandbox.user(name).id)) for name in names])
    shown = Counter(_job_of(message) for message in house.sandbox.messages() if _is_result(message))
    copies = Counter(_job_of(message) for message in _direct_messages(house.sandbox) if message.attachments)
    left = [message for message in house.sandbox.messages() if "Waiting to start" in message.content]
    lost = [job.id for job in jobs.values() if not _is_told(job, shown)] + sorted(house.answered - jobs.keys())
    twice = [job_id for job_id, times in (shown + copies).items() if max(shown[job_id], copies[job_id]) > 1]
    for name, found in (("lost", lost), ("twice", twice), ("wrong", wrong_ends), ("charges", charges)):
        for each in found[:5]:
            print(name, each, jobs.get(str(each), ""), file=sys.stderr)
    return {
        "jobs_lost": len(lost),
        "double_posts": len(twice),
        "charges_wrong": len(charges),
        "wrong_ends": len(wrong_ends),
        "waiting_messages_left": len(left),
        "jobs": len(jobs),
        "copies": copies.total(),
        "ends": dict(Counter(str(job.status) for job in jobs.values())),
    }


async def _jobs_of(db: SqlDatabase, house: House, name: str) -> list[Job]:
    async with db.reading() as tx:
        return await tx.jobs.list_of_member(UserId(int(house.sandbox.user(name).id)), list(JobStatus))


async def _has_right_pictures(db: SqlDatabase, job: Job) -> bool:
    async with db.reading() as tx:
        pictures = await tx.gallery.list_of_job(job.id)
    return len(pictures) == (job.picture_count if job.status is JobStatus.SUCCEEDED else 0)


async def _audit(db: SqlDatabase, members: Sequence[UserId]) -> list[str]:
    """Every drawn job must have been paid for, and the accounts of each member add up."""
    found = []
    for user_id in members:
        async with db.reading() as tx:
            entries, states = await tx.ledger.list_of_member(user_id), await tx.jobs.list_states(user_id)
            jobs = await tx.jobs.list_of_member(user_id, list(JobStatus))
        found += find_discrepancies(entries, states)
        paid = {entry.job_id for entry in entries}
        found += [f"job {job.id} was free" for job in jobs if job.kind is not JobKind.UPSCALE and job.id not in paid]
    return found


def _is_told(job: Job, shown: Counter[str]) -> bool:
    """It has ended, and stands in the channel if there is a picture to show."""
    if not job.has_ended or job.delivery is not DeliveryStatus.DELIVERED:
        return False
    return job.status is not JobStatus.SUCCEEDED or shown[str(job.id)] > 0


def _is_result(message: Message) -> bool:
    return bool(message.attachments) and bool(message.components) and "%" not in message.content


def _job_of(message: Message) -> str:
    found = JOB_ID.search(message.attachments[0].filename)
    return found[0] if found else ""


def _direct_messages(sandbox: Sandbox) -> list[Message]:
    places = [channel for channel in sandbox.world.channels.values() if not channel.guild_id]
    return [message for place in places for message in sandbox.messages(place)]


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="the first ones at the named instants")
    parser.add_argument("--no-instants", dest="instants", action="store_false")
    parser.add_argument("--real", type=int, default=0, help="kills of the bot with its own engine and the small model")
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--life-seconds", type=float, default=3.0, help="a bot lives at most so long")
    parser.add_argument("--pause-seconds", type=float, default=2.0, help="between two wishes of a member, about")
    parser.add_argument("--step-seconds", type=float, default=0.05)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path, default=RESULTS / "crash.png")
    options = parser.parse_args(arguments)
    figures = asyncio.run(crash(options))
    bars = [
        Bar(name.replace("_", " "), float(figures[name]), 0.0, at_least=False)
        for name in ("jobs_lost", "double_posts", "charges_wrong", "wrong_ends")
    ]
    draw_bars(f"{figures['jobs']} jobs, {figures['kills']} kills", bars, options.plot)
    print(json.dumps(figures))
    return figures


if __name__ == "__main__":
    main()
