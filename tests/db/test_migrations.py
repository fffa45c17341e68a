"""An installation of the first revision, with members, jobs and pictures in it, reads the same after every later one.

Migrations expand before they contract: what the program of the first revision writes still fits the tables of the last.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, insert
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from bot.db import gallery
from bot.db.connections import create_engine, parse_url
from bot.db.database import migrate, migration_config, open_database
from bot.domain.gallery import GalleryQuery, Visibility
from bot.domain.job import (
    DeliveryStatus,
    FailureReason,
    Job,
    JobId,
    JobKind,
    JobStatus,
    MessageRef,
    PictureRef,
    UserId,
)
from bot.domain.operation import PLAIN
from bot.domain.plan import Billing
from bot.domain.prompt import Speed
from bot.domain.prompt.parameters import GenerationParams
from tests.domain.factories import ANN, BOB, NOW, after

FIRST = "038622a4484f"
FOX, OWL, LOST = (JobId(f"{number:08}-0000-4000-8000-000000000000") for number in (1, 2, 3))

Rows = dict[str, list[dict[str, Any]]]


def first_job(job_id: JobId, **changes: Any) -> dict[str, Any]:
    """A job as the first program wrote it: its columns, and of its parameters those that it knew."""
    params = asdict(GenerationParams("a fox", seed=7, aspect=(3, 2)))
    return {
        "id": job_id,
        "kind": "imagine",
        "user_id": ANN,
        "user_name": "Ann",
        "channel_id": 2**61,
        "guild_id": None,
        "prompt": "a fox --ar 3:2",
        "params": {name: params[name] for name in ("text", "seed", "negative", "aspect", "quality", "model")},
        "created_at": NOW,
        "status": "queued",
        "delivery": "not_due",
        "attempt": 0,
        "delivery_attempts": 0,
        "parent_job_id": None,
        "parent_index": None,
        "pressed_channel_id": None,
        "pressed_message_id": None,
        "waiting_channel_id": None,
        "waiting_message_id": None,
        "result_channel_id": None,
        "result_message_id": None,
        "started_at": None,
        "finished_at": None,
        "engine_seconds": 0.0,
        "failure": None,
        "incident_id": None,
        "notes": [],
        **changes,
    }


def first_picture(job_id: JobId, index: int, **changes: Any) -> dict[str, Any]:
    return {
        "job_id": job_id,
        "index": index,
        "user_id": ANN,
        "prompt": "a Fox",
        "search_text": "a fox",
        "seed": 7 + index,
        "width": 96,
        "height": 64,
        "store_key": f"{job_id}/{index}.png",
        "created_at": NOW,
        "visibility": "public",
        "trashed_at": None,
        **changes,
    }


DRAWN: dict[str, Any] = {
    "status": "succeeded",
    "delivery": "delivered",
    "attempt": 1,
    "delivery_attempts": 1,
    "waiting_channel_id": 2**61,
    "waiting_message_id": 11,
    "result_channel_id": 2**61,
    "result_message_id": 12,
    "started_at": after(1),
    "finished_at": after(2),
    "engine_seconds": 1.5,
    "notes": ["a note"],
}
VARIED: dict[str, Any] = {
    "kind": "variation",
    "user_id": BOB,
    "guild_id": 7,
    "parent_job_id": FOX,
    "parent_index": 2,
    "pressed_channel_id": 2**61,
    "pressed_message_id": 12,
}
FAILED: dict[str, Any] = {
    "status": "failed",
    "delivery": "undeliverable",
    "finished_at": after(3),
    "failure": "out_of_memory",
    "incident_id": "c0ffee",
}
CONTENT: Rows = {
    "users": [{"id": ANN, "name": "Ann", "first_seen_at": NOW, "last_seen_at": after(1)}],
    "preferences": [{"user_id": ANN, "key": "model", "value": "starter"}],
    "entitlements": [
        {"user_id": ANN, "plan_name": "Pro", "source": "operator", "starts_at": NOW, "ends_at": None},
        {"user_id": BOB, "plan_name": "Basic", "source": "operator", "starts_at": NOW, "ends_at": after(60)},
    ],
    "jobs": [first_job(FOX, **DRAWN), first_job(OWL, **VARIED), first_job(LOST, **FAILED)],
    "images": [*(first_picture(FOX, index) for index in range(3)), first_picture(FOX, 3, visibility="private")],
}


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'old.db'}"


@pytest.fixture
def empty_postgres(postgres_url: str) -> Iterator[str]:
    asyncio.run(_administer(postgres_url, "CREATE DATABASE old"))
    yield postgres_url.replace("/postgres?", "/old?")
    asyncio.run(_administer(postgres_url, "DROP DATABASE old WITH (FORCE)"))


async def _administer(url: str, statement: str) -> None:
    engine = create_async_engine(parse_url(url), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.exec_driver_sql(statement)
    await engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def old_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue(f"empty_{request.param}")
    asyncio.run(upgrade(url, FIRST))
    return url


async def upgrade(url: str, revision: str) -> None:
    engine = create_engine(parse_url(url), poolclass=NullPool, follow_foreign_keys=False)
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: command.upgrade(migration_config(sync), revision))
    await engine.dispose()


async def fill(url: str, content: Rows) -> None:
    """With the tables as they are in the database, whatever our own classes say by now."""
    engine = create_engine(parse_url(url), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(lambda sync: _insert(sync, content))
    await engine.dispose()


def _insert(connection: Connection, content: Rows) -> None:
    tables = MetaData()
    tables.reflect(connection)
    for name, rows in content.items():
        for row in rows:
            connection.execute(insert(tables.tables[name]).values(_as_stored(row, connection)))


def _as_stored(row: dict[str, Any], connection: Connection) -> dict[str, Any]:
    """What SQLite reflects is a time without zone, as it keeps them."""
    is_postgres = connection.dialect.name == "postgresql"
    return {
        name: value.replace(tzinfo=None) if hasattr(value, "tzinfo") and not is_postgres else value
        for name, value in row.items()
    }


def list_later() -> list[str]:
    with_script = migration_config(None)  # type: ignore[arg-type]  # reading the folder needs no connection
    revisions = [script.revision for script in ScriptDirectory.from_config(with_script).walk_revisions()]
    return list(reversed(revisions))[1:]


async def check_content(url: str) -> None:
    async with open_database(url) as database, database.reading() as tx:
        assert await tx.jobs.get(FOX) == Job(
            id=FOX,
            kind=JobKind.IMAGINE,
            user_id=ANN,
            user_name="Ann",
            channel_id=2**61,
            guild_id=None,
            prompt="a fox --ar 3:2",
            params=GenerationParams("a fox", seed=7, aspect=(3, 2)),
            created_at=NOW,
            operation=PLAIN,
            speed=Speed.FAST,
            status=JobStatus.SUCCEEDED,
            delivery=DeliveryStatus.DELIVERED,
            attempt=1,
            delivery_attempts=1,
            waiting_message=MessageRef(2**61, 11),
            result_message=MessageRef(2**61, 12),
            started_at=after(1),
            finished_at=after(2),
            engine_seconds=1.5,
            notes=("a note",),
        )
        varied, lost = await tx.jobs.get(OWL), await tx.jobs.get(LOST)
        assert (varied.parent, varied.pressed_message) == (PictureRef(FOX, 2), MessageRef(2**61, 12))
        assert (lost.status, lost.failure, lost.incident_id) == (
            JobStatus.FAILED,
            FailureReason.OUT_OF_MEMORY,
            "c0ffee",
        )
        assert [job.id for job in await tx.jobs.list_waiting(9)] == [OWL]
        pictures = await tx.gallery.list_of_job(FOX)
        assert [picture.seed for picture in pictures] == [7, 8, 9, 10]
        assert {picture.terms for picture in pictures} == {""}
        assert pictures[3].visibility is Visibility.PRIVATE
        assert (await tx.gallery.browse(GalleryQuery(BOB, None, "fox"), 0, 9)).total == 3
        assert await tx.users.find_preference(ANN, "model") == "starter"
        [pro] = await tx.entitlements.list_current(ANN, NOW)
        assert (pro.plan_name, pro.billing, pro.is_paused, pro.as_of) == ("Pro", Billing.MONTHLY, False, NOW)
        assert await tx.entitlements.find(pro.reference) == pro
        assert await tx.ledger.list_members() == []


async def test_every_revision_carries_over_what_is_there(old_url: str) -> None:
    await fill(old_url, CONTENT)
    for revision in list_later():
        await upgrade(old_url, revision)
    await check_content(old_url)


async def test_what_the_first_program_writes_fits_the_last_tables(old_url: str) -> None:
    """So that it may go on working until it is replaced."""
    await upgrade(old_url, "head")
    await fill(old_url, CONTENT)
    async with open_database(old_url) as database, database.reading() as tx:
        assert (await tx.jobs.get(FOX)).status is JobStatus.SUCCEEDED
        [basic] = await tx.entitlements.list_current(BOB, NOW)
        assert (basic.plan_name, basic.as_of) == ("Basic", NOW)
        assert len(await tx.gallery.list_of_job(FOX)) == 4
        assert await tx.entitlements.list_current(UserId(9), NOW) == []


@pytest.fixture
def only_by_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "WALKED", 0)


async def find(url: str, words: str) -> list[PictureRef]:
    async with open_database(url) as database, database.reading() as tx:
        page = await tx.gallery.browse(GalleryQuery(ANN, None, words), 0, 9)
    return [picture.ref for picture in page.pictures]


NEWEST_FIRST = [PictureRef(OWL, 0), PictureRef(OWL, 1), *(PictureRef(FOX, index) for index in range(4))]
LATER = [
    first_picture(OWL, index, created_at=after(9), prompt="雪の狐, (foxy)", search_text="雪の狐, (foxy)")
    for index in (0, 1)
]


@pytest.mark.usefixtures("only_by_index")
async def test_pictures_that_are_there_are_indexed(old_url: str) -> None:
    """In the order of their time, grids as they are, and by the words of any script."""
    await fill(old_url, CONTENT | {"images": [*LATER, *CONTENT["images"]]})
    await migrate(old_url)
    assert await find(old_url, "fo") == NEWEST_FIRST
    assert await find(old_url, "の狐") == await find(old_url, "foxy") == NEWEST_FIRST[:2]


@pytest.mark.usefixtures("only_by_index")
async def test_what_the_first_program_writes_is_indexed(old_url: str) -> None:
    """By words between ASCII's signs, also one that is longer than PostgreSQL can hold as a word."""
    await migrate(old_url)
    await fill(old_url, CONTENT | {"images": [first_picture(FOX, 0, search_text=f"(foxy) {'x' * 9_000}, snow__moon")]})
    for words in "foxy", "snow", "moon", "x" * 99:
        assert await find(old_url, words) == [PictureRef(FOX, 0)]


def test_there_is_one_last_revision() -> None:
    script = ScriptDirectory.from_config(migration_config(None))  # type: ignore[arg-type]
    assert len(script.get_heads()) == 1
