"""Reports are kept once for each member and job."""

from bot.db.database import SqlDatabase
from bot.domain.job import JobId
from bot.domain.report import Report
from tests.domain.factories import ANN, BOB, NOW, after

FIRST, SECOND = JobId("0b8e7d2a-6f1c-4f0e-9f59-3a2d1c4b5e60"), JobId("1b8e7d2a-6f1c-4f0e-9f59-3a2d1c4b5e60")


async def test_a_report_counts_once(database: SqlDatabase) -> None:
    async with database.transaction() as tx:
        assert await tx.reports.add(Report(FIRST, ANN, NOW))
        assert not await tx.reports.add(Report(FIRST, ANN, after(9)))
        assert await tx.reports.add(Report(FIRST, BOB, after(1)))
        assert await tx.reports.add(Report(SECOND, ANN, after(2)))
