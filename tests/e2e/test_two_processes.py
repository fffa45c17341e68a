"""Two bots as real processes on one PostgreSQL: both draw, and each takes over when the other is killed."""

import asyncio
import contextlib
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pytest

from bot.domain.job import DeliveryStatus, JobStatus
from bot.sandbox import Member, Sandbox
from bot.sandbox.wire import Json
from tests.e2e.process import House, kill, signal_all, stop
from tests.e2e.studio import is_result

ONE_EACH = "\n[queue]\ncapacity = 1\n"


@pytest.fixture
async def house(sandbox: Sandbox, tmp_path: Path, fresh_postgres_url: str) -> AsyncIterator[House]:
    house = House(sandbox, tmp_path, url=fresh_postgres_url, settings=ONE_EACH)
    yield house
    assert await house.audit() == []


@contextlib.asynccontextmanager
async def two_at_work(house: House) -> AsyncIterator[tuple[list[Process], list[Member]]]:
    """Ada's job is being drawn by one of them and ben's by the other; both are held there."""
    async with house.bot(hold="1") as one, house.bot(hold="1") as other:
        members = [await house.sandbox.member(name) for name in ("ada", "ben")]
        for member in members:
            sent = await member.slash("imagine", prompt=f"a fox for {member.name}")
            await member.wait_for_message(lambda seen: "%)" in seen["content"], since=sent)
        yield [one, other], members


async def results_of(house: House, members: list[Member]) -> list[Json]:
    """One each, once no waiting message is left."""
    found = [await member.wait_for_message(_is_for(member)) for member in members]
    await members[0].wait_for(lambda _event: len(house.sandbox.messages()) == len(members))
    return found


def _is_for(member: Member) -> Callable[[Json], bool]:
    return lambda seen: is_result(seen) and f"a fox for {member.name}" in seen["content"]


async def test_who_has_room_is_woken_by_who_has_none(house: House) -> None:
    """They renew their leases once an hour here, so that nothing but a word from the other can wake them."""
    house.renewal_seconds = "3600"
    async with two_at_work(house) as (bots, members):
        assert {request["pid"] for request in house.requests()} == {bot.pid for bot in bots}
        for bot in bots:
            signal_all(bot, signal.SIGUSR1)
        await results_of(house, members)
        await asyncio.gather(*(stop(bot) for bot in bots))


async def let_lease_run_out(house: House, prompt: str) -> None:
    """Of the process that draws this, as after the time that it was given."""
    connection = await asyncpg.connect(house.url)
    await connection.execute("UPDATE jobs SET lease_until = now() - interval '2 days' WHERE prompt = $1", prompt)
    await connection.close()


async def test_one_is_killed_and_the_other_takes_over(house: House) -> None:
    house.renewal_seconds = "0.5"
    async with two_at_work(house) as (bots, members):
        first = house.requests()[0]
        [killed] = [bot for bot in bots if bot.pid == first["pid"]]
        [survivor] = [bot for bot in bots if bot.pid != first["pid"]]
        await kill(killed)
        await let_lease_run_out(house, first["prompt"])
        signal_all(survivor, signal.SIGUSR1)
        [grid, _] = await results_of(house, members)
        sent = await members[0].press(grid, "U1")
        await members[0].wait_for_message(lambda seen: "Image #1" in seen["content"], since=sent)
        await stop(survivor)
    again = house.requests()[-1]
    assert (again["prompt"], again["seeds"], again["pid"]) == (first["prompt"], first["seeds"], survivor.pid)
    assert len(house.results()) == 3
    jobs = [*await house.jobs("ada"), *await house.jobs("ben")]
    assert [job.attempt for job in jobs if job.picture_count == 4] == [2, 1]
    assert {(job.status, job.delivery) for job in jobs} == {(JobStatus.SUCCEEDED, DeliveryStatus.DELIVERED)}
