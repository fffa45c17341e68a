"""No query of the studio's daily life reads a whole table."""

import contextlib
import re
import sqlite3
from itertools import pairwise
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest
from sqlalchemy import event

from bot.db import gallery
from bot.db.database import SqlDatabase, migrate, open_database
from bot.domain.batch import new_batch_id
from bot.domain.gallery import GalleryQuery
from bot.domain.job import JobStatus, MessageRef, new_job_id
from bot.domain.lease import Lease
from bot.domain.ledger import AccountKind
from bot.domain.prices import Unit
from bot.domain.prompt import Speed
from bot.usecases.ports import Transaction
from tests.domain.factories import ANN, BOB, NOW, a_job, a_picture

IN_ORDER = re.compile(
    r"SCAN (anon_1|seen|sqlite_master|operator_acts|images USING COVERING INDEX ix_images_kept(_of_user)?"
    r"|image_search VIRTUAL TABLE INDEX \d+:M\d)"
)
"""What a limit ends: numbers that were found already, the newest acts and pictures in their order, and those that
the index of words gives out for a MATCH."""
SORTED = "USE TEMP B-TREE FOR ORDER BY"
FEW = re.compile(r"FROM (styles|saved_styles)\b")
"""One member has few of them, found by the member: these are sorted when they are asked for."""


@pytest.fixture(autouse=True)
def both_ways_of_searching(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "WALKED", 0)


async def browse_everything(tx: Transaction) -> None:
    """With a picture of each, so that there is something left for the index of words."""
    for job in a_job(user_id=ANN), a_job(user_id=BOB):
        await tx.jobs.add(job)
        await tx.gallery.add([a_picture(job.id, user_id=job.user_id)])
    for owner_id in (ANN, BOB, None):
        await tx.gallery.browse(GalleryQuery(ANN, owner_id), 0, 24)
        await tx.gallery.browse(GalleryQuery(ANN, owner_id, "fox"), 0, 24)
        await tx.gallery.browse(GalleryQuery(ANN, owner_id, "photorealistic fox"), 0, 24)
    await tx.gallery.browse(GalleryQuery(ANN, ANN, trashed=True), 0, 24)


async def ask_everything(tx: Transaction) -> None:
    await tx.jobs.find(new_job_id())
    await tx.jobs.find_by_message(MessageRef(1, 2))
    await tx.jobs.list_waiting(5)
    await tx.jobs.list_by_status(JobStatus.RUNNING)
    await tx.jobs.list_undelivered("me", NOW)
    await tx.jobs.list_abandoned(NOW)
    for speed in Speed:
        await tx.jobs.list_next(speed, {ANN, BOB}, 8)
        await tx.shares.get_line(speed)
        await tx.shares.get_share(ANN, speed)
    await tx.jobs.count_ahead(a_job(), 1_000)
    await tx.jobs.count_waiting([Speed.TURBO, Speed.FAST], 1_000)
    await tx.jobs.list_of_member(ANN, [JobStatus.QUEUED, JobStatus.RUNNING])
    await tx.jobs.count_of_member(ANN, [JobStatus.QUEUED])
    await tx.jobs.usage(ANN)
    await tx.jobs.has_recent(ANN, a_job(), NOW)
    await tx.jobs.find_last_start(ANN, a_job(), NOW)
    await tx.jobs.list_states(ANN)
    await tx.oversight.find_block(ANN)
    await tx.oversight.queue_state()
    await tx.gallery.list_of_job(new_job_id())
    await browse_everything(tx)
    await tx.users.find_preference(ANN, "model")
    await tx.entitlements.list_current(ANN, NOW)
    await tx.entitlements.find_end(ANN, NOW)
    await tx.entitlements.find("operator:1")
    await tx.ledger.find("reserve:1")
    await tx.ledger.list_open_lots(ANN, Unit.GPU_SECONDS)
    await tx.ledger.find_closings(["grant:1", "grant:2"])
    await tx.ledger.balances(ANN, Unit.GPU_SECONDS, AccountKind.USED)
    await tx.ledger.taken_back(ANN, Unit.GPU_SECONDS, "grant:1")
    await tx.payments.has_event("evt_1")
    await tx.payments.find_customer(ANN)
    await tx.payments.forget_events(NOW)
    await tx.letters.next_due()
    await ask_of_styles(tx)
    await ask_for_operators(tx)
    await change_everything(tx)


async def ask_of_styles(tx: Transaction) -> None:
    await tx.styles.find_all(["p1234567", "p7654321"])
    await tx.styles.list_of_member(ANN, 20)
    await tx.styles.list_liked(ANN, 200)
    await tx.styles.list_drawn(ANN, 200)
    await tx.style_codes.find(1)
    await tx.style_codes.find_all([1, 2])
    await tx.style_codes.list_of_member(ANN)
    await tx.style_codes.share(1)
    await tx.style_codes.remove(1)


async def ask_for_operators(tx: Transaction) -> None:
    await tx.oversight.list_acts(10)
    await tx.oversight.list_acts(10, ANN)
    await tx.oversight.statistics(NOW, 1_000)
    await tx.oversight.remove_block(ANN)
    await tx.ledger.list_of_member(ANN)


async def change_everything(tx: Transaction) -> None:
    """A job from the wish to what was shown."""
    job, lease = a_job(), Lease.from_now("me", NOW)
    await tx.users.lock(job.user_id, job.user_name, NOW)
    await tx.jobs.add(job)
    await tx.jobs.set_waiting_message(job.id, MessageRef(1, 2))
    assert await tx.jobs.claim(job.start(NOW), lease)
    await tx.jobs.renew(lease)
    await tx.jobs.shift_tickets(job, 1.0)
    ended = job.start(NOW).succeed(NOW, 1.0)
    await tx.jobs.save(ended, expected=JobStatus.RUNNING, attempt=1)
    assert await tx.jobs.claim_showing(job.id, lease, NOW)
    await tx.jobs.save_delivery(ended.delivered(MessageRef(1, 3)), owner="me")
    await tx.jobs.set_result_message(job.id, MessageRef(1, 4))
    await tx.copies.owe(job.id, NOW)
    await tx.copies.find_attempts(job.id)
    await tx.copies.begin(job.id, 0)
    await tx.copies.settle(job.id)
    await tx.gallery.set_trashed(job.id, NOW)
    await tx.jobs.release("me")
    await tx.letters.claim(NOW, NOW, 9)
    await tx.letters.postpone("one", NOW)
    await tx.letters.settle("one")
    await tx.users.set_preference(ANN, "model", None)
    await tx.batches.find(new_batch_id())
    await tx.batches.remove(new_batch_id())
    await tx.batches.remove_before(ANN, NOW)


ASKING = "SELECT", "WITH", "UPDATE", "DELETE"


MANY_PICTURES = """
    INSERT INTO images
        (job_id, "index", user_id, prompt, search_text, seed, width, height, store_key, created_at, visibility)
    SELECT n, 0, n % 100, '', 'fox ' || n, 0, 9, 9, '', now(), 'public' FROM generate_series(1, 3000) AS n"""


class LeaveNothing(Exception):
    """Rolls the transaction back."""


async def record_queries(database: SqlDatabase) -> list[tuple[str, Any]]:
    asked: list[tuple[str, Any]] = []
    event.listen(
        database._writer.sync_engine,
        "before_cursor_execute",
        lambda _connection, _cursor, statement, values, _context, _many: asked.append((statement, values)),
    )
    with contextlib.suppress(LeaveNothing):
        async with database.transaction() as tx:
            await ask_everything(tx)
            raise LeaveNothing
    return [(statement, values) for statement, values in asked if statement.startswith(ASKING)]


async def test_every_query_finds_its_rows_by_an_index_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "easel.db"
    await migrate(f"sqlite:///{path}")
    async with open_database(f"sqlite:///{path}") as database:
        queries = await record_queries(database)
    assert len(queries) == 111
    with sqlite3.connect(path) as raw:
        for statement, values in queries:
            plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
            assert not [step for step in plan if step.startswith("SCAN") and not IN_ORDER.fullmatch(step)], statement
            in_order = all(before == "SCAN seen" for before, step in pairwise(plan) if step == SORTED)
            assert in_order or FEW.search(statement), statement
    raw.close()


async def test_postgresql_finds_every_row_by_an_index_and_never_sorts_the_gallery(migrated_postgres: str) -> None:
    """Told that reading a whole table is the last resort, it finds another way for each."""
    async with open_database(migrated_postgres) as database:
        queries = await record_queries(database)
    raw = await asyncpg.connect(migrated_postgres)
    try:
        await raw.execute("SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan; BEGIN")
        await raw.execute(f"SET session_replication_role = replica; {MANY_PICTURES}; ANALYZE images")
        for statement, _ in queries:
            await raw.execute(f"PREPARE asked AS {re.sub(r' FOR UPDATE( SKIP LOCKED)?$', '', statement)}")
            count = max((int(number) for number in re.findall(r"\$(\d+)", statement)), default=0)
            values = f"({', '.join(['NULL'] * count)})" if count else ""
            plan = "\n".join(row[0] for row in await raw.fetch(f"EXPLAIN EXECUTE asked{values}"))
            assert "Seq Scan" not in plan, f"{statement}\n{plan}"
            if "FROM images" in statement:
                from_table = plan.partition("CTE seen")[2].partition("InitPlan")[0] or plan
                assert "Sort  (" not in from_table, f"{statement}\n{plan}"
            if "@@" in statement and " OR " in statement:  # of everybody's; one member's are found by the member
                assert "Bitmap Index Scan on ix_images_words" in plan, f"{statement}\n{plan}"
            await raw.execute("DEALLOCATE asked")
    finally:
        await raw.close()
