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
import random
import re
import signal
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.crash_bot import INSTANTS, REAL
from benchmarks.nest import PATIENCE_SECONDS, Bot, Nest
from benchmarks.plot import Bar, draw_bars
from bot.config import TOKEN_VARIABLE
from bot.db.database import SqlDatabase, open_database
from bot.domain.audit import find_discrepancies
from bot.domain.job import DeliveryStatus, Job, JobKind, JobStatus, UserId
from bot.sandbox import Member, Message, Sandbox, SandboxConfig
from bot.sandbox.member import RequestRefused
from bot.sandbox.watch import WaitedTooLong

RESULTS = Path(__file__).parent / "results"
BUTTONS = ("U1", "U4", "V1", "V3", "🔄")
JOB_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class House:
    """One database and one image folder; bots come and go."""

    sandbox: Sandbox
    nest: Nest
    folder: Path
    step_seconds: float
    answered: set[str] = field(default_factory=set)  # jobs whose members saw a waiting message

    @property
    def url(self) -> str:
        return f"sqlite:///{self.folder / 'easel.db'}"

    @contextlib.asynccontextmanager
    async def bot(self, instant: str = "never") -> AsyncIterator[Bot]:
        config = self.folder / "config.toml"
        config.write_text(self._settings())
        async with self.nest.bot(instant, str(self.step_seconds), "--config", str(config), "run") as bot:
            yield bot

    async def open_bot(self, stack: contextlib.AsyncExitStack, instant: str = "never") -> Bot:
        bot = await stack.enter_async_context(self.bot(instant))
        if not await bot.opened():
            raise SystemExit(f"the bot did not start:\n{bot.said.decode()}")
        return bot

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
        async with Sandbox(config) as sandbox, Nest({TOKEN_VARIABLE: sandbox.bot_token}) as nest:
            house = House(sandbox, nest, Path(folder), options.step_seconds)
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
            await _finish(house, REAL if options.real else "never")
            return {"kills": kills, **await count(house)}


async def _introduce(house: House, members: Sequence[Member]) -> None:
    """Half of the members want copies."""
    async with contextlib.AsyncExitStack() as stack:
        bot = await house.open_bot(stack)
        for member in members[::2]:
            await member.response(await member.slash("prefer auto_dm"))
        await _stop(bot)


async def _kill(house: House, chance: random.Random, options: argparse.Namespace) -> int:
    """At the named instants first; then at any moment, every other time also while the bot starts. With its own engine
    that takes long, so that it lives from when it is open."""
    instants = [*INSTANTS] if options.instants else []
    plan = [*instants, *["never"] * options.kills][: options.kills] + [REAL] * options.real
    lives = {"never": options.life_seconds, REAL: options.real_life_seconds}
    for number, instant in enumerate(plan):
        seconds = chance.uniform(0.0, lives[instant]) if instant in lives else PATIENCE_SECONDS
        async with house.bot(instant) as bot:
            if instant == REAL or number % 2:
                await bot.opened()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await bot.has_ended.wait()
            if bot.has_ended.is_set() != (instant in INSTANTS):
                raise SystemExit(f"{instant}: the bot was to be killed otherwise\n{bot.said[-5000:].decode()}")
        print(f"killed {number + 1} of {len(plan)}: {instant}", file=sys.stderr)
    return len(plan)


async def _finish(house: House, instant: str) -> None:
    """A bot that is left in peace, until nothing waits any more; then another one that is stopped in order, for what
    was on its way."""

    def is_drawn() -> bool:
        return not _count(house, "status IN ('queued', 'running') OR delivery = 'pending'")

    for condition in (is_drawn, lambda: True):
        async with contextlib.AsyncExitStack() as stack:
            bot = await house.open_bot(stack, instant)
            await bot.until(condition)
            await _stop(bot)


async def _stop(bot: Bot) -> None:
    """In order, as a supervisor does."""
    bot.send(signal.SIGTERM)
    await bot.has_ended.wait()


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
    shown = Counter(
        (message.channel_id, _job_of(message)) for message in _everything(house.sandbox) if _is_result(message)
    )
    left = [message for message in _everything(house.sandbox) if "Waiting to start" in message.content]
    lost = [job.id for job in jobs.values() if not _is_told(job, shown)] + sorted(house.answered - jobs.keys())
    twice = [job_id for (_, job_id), times in shown.items() if times > 1]
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
        "copies": sum(str(jobs[job_id].channel_id) != channel_id for channel_id, job_id in shown),
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


def _is_told(job: Job, shown: Counter[tuple[str, str]]) -> bool:
    """It has ended, and stands where it was asked for if there is a picture to show."""
    if not job.has_ended or job.delivery is not DeliveryStatus.DELIVERED:
        return False
    return job.status is not JobStatus.SUCCEEDED or shown[str(job.channel_id), str(job.id)] > 0


def _is_result(message: Message) -> bool:
    return bool(message.attachments) and bool(message.components) and "%" not in message.content


def _job_of(message: Message) -> str:
    found = JOB_ID.search(message.attachments[0].filename)
    return found[0] if found else ""


def _everything(sandbox: Sandbox) -> list[Message]:
    """In the channels and among the direct messages."""
    return [message for channel in sandbox.world.channels.values() for message in sandbox.messages(channel)]


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="the first ones at the named instants")
    parser.add_argument("--no-instants", dest="instants", action="store_false")
    parser.add_argument("--real", type=int, default=0, help="kills of the bot with its own engine and the small model")
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--life-seconds", type=float, default=3.0, help="a bot lives at most so long")
    parser.add_argument("--real-life-seconds", type=float, default=6.0, help="the same with its own engine")
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
