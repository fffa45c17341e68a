"""No query of the studio's daily life reads a whole table."""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import event

from bot.db.database import migrate, open_database
from bot.domain.gallery import GalleryQuery
from bot.domain.job import JobStatus, MessageRef, new_job_id
from bot.domain.ledger import AccountKind
from bot.domain.prices import Unit
from bot.usecases.ports import Transaction
from tests.domain.factories import ANN, BOB, NOW, a_job


async def ask_everything(tx: Transaction) -> None:
    await tx.jobs.find(new_job_id())
    await tx.jobs.find_by_message(MessageRef(1, 2))
    await tx.jobs.list_waiting(5)
    await tx.jobs.list_by_status(JobStatus.RUNNING)
    await tx.jobs.list_undelivered()
    await tx.jobs.list_of_member(ANN, [JobStatus.QUEUED, JobStatus.RUNNING])
    await tx.jobs.count_of_member(ANN, JobStatus.QUEUED)
    await tx.jobs.usage(ANN)
    await tx.jobs.has_recent(ANN, a_job(), NOW)
    await tx.gallery.list_of_job(new_job_id())
    for owner_id in (ANN, BOB, None):
        await tx.gallery.browse(GalleryQuery(ANN, owner_id), 0, 24)
    await tx.users.find_preference(ANN, "model")
    await tx.entitlements.list_current(ANN, NOW)
    await tx.entitlements.find("operator:1")
    await tx.ledger.find("reserve:1")
    await tx.ledger.list_open_lots(ANN, Unit.GPU_SECONDS)
    await tx.ledger.find_closings(["grant:1", "grant:2"])
    await tx.ledger.balances(ANN, Unit.GPU_SECONDS, AccountKind.USED)


async def test_every_query_finds_its_rows_by_an_index_and_in_order(tmp_path: Path) -> None:
    path = tmp_path / "easel.db"
    await migrate(f"sqlite:///{path}")
    asked: list[tuple[str, Any]] = []
    async with open_database(f"sqlite:///{path}") as database:
        event.listen(
            database._writer.sync_engine,
            "before_cursor_execute",
            lambda _connection, _cursor, statement, values, _context, _many: asked.append((statement, values)),
        )
        async with database.transaction() as tx:
            await ask_everything(tx)
    queries = [(statement, values) for statement, values in asked if statement.startswith("SELECT")]
    assert len(queries) == 24
    with sqlite3.connect(path) as raw:
        for statement, values in queries:
            plan = [row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
            assert not [step for step in plan if step.startswith("SCAN")], statement
            assert "USE TEMP B-TREE FOR ORDER BY" not in plan, statement
    raw.close()
