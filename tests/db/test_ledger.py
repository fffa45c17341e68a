"""The ledger in both databases: each entry once and for ever, balances as sums, and no second spent twice."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from bot.db.connections import create_engine, parse_url
from bot.db.database import SqlDatabase, open_database
from bot.db.ledger import SqlLedger
from bot.domain import ledger
from bot.domain.errors import CreditsExhausted
from bot.domain.job import Job, JobId, JobStatus, UserId, new_job_id
from bot.domain.ledger import Account, AccountKind, Entry, EntryKind, Lot
from bot.domain.place import Place
from bot.domain.plan import Limits
from bot.domain.prices import Unit
from bot.domain.prompt import Speed
from bot.image_store import open_image_store
from bot.usecases.audit_ledger import audit_ledger
from bot.usecases.cancel import cancel_job
from bot.usecases.grants import TimeGrant, grant_plan, grant_time
from bot.usecases.run_job import run_job
from bot.usecases.studio import Studio
from bot.usecases.submit_imagine import Submitted, submit_imagine
from tests.domain.factories import ANN, BOB, CATALOGUE, NOW, after, an_entitlement
from tests.fakes import FakeEngine
from tests.usecases.conftest import ShelfOfLinks
from tests.usecases.notifier import FakeNotifier

SECONDS = Unit.GPU_SECONDS
EXTRA = AccountKind.EXTRA


def a_grant(name: str = "grant:1", amount: int = 100, **changes: object) -> Entry:
    entry = ledger.grant(name, ANN, SECONDS, EXTRA, amount, source="test", at=NOW, expires_at=after(60))
    return replace(entry, **changes)  # type: ignore[arg-type]


async def post(database: SqlDatabase, *entries: Entry) -> list[bool]:
    async with database.transaction() as tx:
        return [await tx.ledger.post(entry) for entry in entries]


async def test_an_entry_survives_the_round_trip(database: SqlDatabase) -> None:
    granted = a_grant()
    lots = [Lot(Account(EXTRA, "grant:1"), 100, 100, after(60))]
    reserved = ledger.reserve(new_job_id(), ANN, SECONDS, 60, lots, after(1))
    empty = replace(a_grant("close:x"), kind=EntryKind.EXPIRE, postings=(), expires_at=None)
    assert await post(database, granted, reserved, empty) == [True, True, True]
    async with database.reading() as tx:
        assert await tx.ledger.find("grant:1") == granted
        assert await tx.ledger.find("nothing") is None
        assert await tx.ledger.list_of_member(ANN) == [granted, reserved, empty]
        assert await tx.ledger.list_of_member(BOB) == []
        assert await tx.ledger.list_members() == [ANN]


async def test_a_business_id_counts_once(database: SqlDatabase) -> None:
    assert await post(database, a_grant(), a_grant(), a_grant(amount=7)) == [True, False, False]
    assert await post(database, a_grant()) == [False]
    async with database.reading() as tx:
        assert await tx.ledger.balances(ANN, SECONDS, EXTRA) == {"grant:1": 100}


async def test_open_lots_know_what_is_left_and_what_there_was(database: SqlDatabase) -> None:
    async def lots(unit: Unit = SECONDS) -> dict[str, tuple[int, int]]:
        async with database.reading() as tx:
            return {lot.account.label: (lot.balance, lot.granted) for lot in await tx.ledger.list_open_lots(ANN, unit)}

    async with database.transaction() as tx:
        for name in ("a", "b", "c"):
            await tx.ledger.post(a_grant(name))
        await tx.ledger.post(replace(a_grant("d"), unit=Unit.CREDITS))
        open_lots = await tx.ledger.list_open_lots(ANN, SECONDS)
        job = new_job_id()
        reserved = ledger.reserve(job, ANN, SECONDS, 130, open_lots, NOW)
        await tx.ledger.post(reserved)
    assert await lots() == {"a": (0, 100), "b": (70, 100), "c": (100, 100)}
    assert await lots(Unit.CREDITS) == {"d": (100, 100)}
    async with database.transaction() as tx:
        by_name = {lot.account.label: lot for lot in await tx.ledger.list_open_lots(ANN, SECONDS)}
        await tx.ledger.post(ledger.expire(by_name["a"], ANN, SECONDS, NOW))
        await tx.ledger.post(ledger.revoke(by_name["c"], ANN, SECONDS, NOW, source="test"))
        assert await tx.ledger.find_closings(["a", "b", "c"]) == {"a": EntryKind.EXPIRE, "c": EntryKind.REVOKE}
        await tx.ledger.post(ledger.capture(reserved, Speed.TURBO, NOW))
        assert await tx.ledger.balances(ANN, SECONDS, AccountKind.USED) == {"turbo": 130}
        assert await tx.ledger.balances(ANN, SECONDS, AccountKind.HELD) == {job: 0}
    assert await lots() == {"b": (70, 100)}


@pytest.mark.parametrize("deed", ["UPDATE {} SET unit = 'credits'", "DELETE FROM {}"])
@pytest.mark.parametrize("table", ["ledger_entries", "ledger_postings"])
async def test_the_database_itself_keeps_every_row_as_it_is(
    database: SqlDatabase, database_url: str, deed: str, table: str
) -> None:
    await post(database, a_grant())
    engine = create_engine(parse_url(database_url))
    with pytest.raises(DBAPIError, match="only ever added to"):
        async with engine.begin() as connection:
            await connection.exec_driver_sql(deed.format(table))
    await engine.dispose()


def a_studio(database: SqlDatabase, folder: Path, fast_seconds: int) -> Studio:
    return Studio(
        db=database,
        engine=FakeEngine(),
        store=open_image_store(folder),
        notifier=FakeNotifier(),
        links=ShelfOfLinks(),
        wake=lambda: None,
        now=lambda: NOW,
        limits=Limits(3, 50),
        page_size=9,
        catalogue=replace(CATALOGUE, plans=(replace(CATALOGUE.plans[3], fast_seconds=fast_seconds),)),
    )


async def submit(studio: Studio, prompt: str = "a fox") -> Job:
    submitted = await submit_imagine(prompt, Place(ANN, "Ann", 500, 7), studio=studio)
    assert isinstance(submitted, Submitted)
    return submitted.jobs[0]


async def claim(job: Job, studio: Studio) -> Job:
    running = job.start(NOW)
    async with studio.db.transaction() as tx:
        await tx.jobs.save(running, expected=JobStatus.QUEUED)
    return running


async def test_two_jobs_that_race_for_the_last_seconds(
    database: SqlDatabase, database_url: str, tmp_path: Path
) -> None:
    """Ten wishes by two processes for time that reaches for one."""
    async with open_database(database_url) as other:
        studios = [a_studio(db, tmp_path / "images", 119) for db in (database, other)]
        await grant_plan(an_entitlement(plan_name="Mega", ends_at=None), studio=studios[0])
        wishes = (submit(studios[number % 2]) for number in range(10))
        outcomes = await asyncio.gather(*wishes, return_exceptions=True)
        assert sum(isinstance(outcome, Job) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, CreditsExhausted) for outcome in outcomes) == 9
        assert await audit_ledger(db=database) == []
    async with database.reading() as tx:
        [lot] = await tx.ledger.list_open_lots(ANN, SECONDS)
        assert (lot.balance, lot.granted) == (59, 119)


async def test_ends_wishes_and_gifts_at_the_same_time(database: SqlDatabase, database_url: str, tmp_path: Path) -> None:
    """Whoever ends a job, whoever wishes and whoever gives wait for each other's turn, and never for ever."""
    async with open_database(database_url) as other:
        here, there = (a_studio(db, tmp_path / "images", 600) for db in (database, other))
        await grant_plan(an_entitlement(plan_name="Mega", ends_at=None), studio=here)
        jobs = [await submit(here) for _ in range(6)]
        running = [await claim(job, here) for job in jobs[:4]]
        gift = TimeGrant(ANN, 60, EXTRA, "test", "gift")
        await asyncio.gather(
            *(run_job(job, studio=(here, there)[number % 2]) for number, job in enumerate(running)),
            *(cancel_job(job.id, ANN, studio=there) for job in jobs[4:]),
            *(submit(studio) for studio in (here, there)),
            *(grant_time(gift, studio=studio) for studio in (here, there)),
        )
        assert await audit_ledger(db=database) == []
    async with database.reading() as tx:
        assert await tx.ledger.balances(ANN, SECONDS, AccountKind.USED) == {"fast": 240}
        assert sum(lot.balance for lot in await tx.ledger.list_open_lots(ANN, SECONDS)) == 600 - 360 + 60


async def test_an_end_that_is_told_twice_at_once_is_charged_once(
    database: SqlDatabase, database_url: str, tmp_path: Path
) -> None:
    async with open_database(database_url) as other:
        studios = [a_studio(db, tmp_path / "images", 600) for db in (database, other)]
        await grant_plan(an_entitlement(plan_name="Mega", ends_at=None), studio=studios[0])
        job = await claim(await submit(studios[0]), studios[0])
        await asyncio.gather(
            *(run_job(job, studio=studio) for studio in studios),
            cancel_job(JobId(job.id), ANN, studio=studios[0]),
            return_exceptions=True,
        )
        assert await audit_ledger(db=database) == []


async def test_an_audit_finds_nothing_wrong_while_jobs_go_on_ending(
    database: SqlDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    studio = a_studio(database, tmp_path / "images", 600)
    await grant_plan(an_entitlement(plan_name="Mega", ends_at=None), studio=studio)
    waiting = [await submit(studio) for _ in range(2)]
    look = SqlLedger.list_of_member

    async def look_while_a_job_ends(self: SqlLedger, user_id: UserId) -> list[Entry]:
        entries = await look(self, user_id)
        if waiting:
            await cancel_job(waiting.pop().id, ANN, studio=studio)
        return entries

    monkeypatch.setattr(SqlLedger, "list_of_member", look_while_a_job_ends)
    assert await audit_ledger(db=database) == []
