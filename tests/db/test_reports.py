"""Reports are kept once for each member and job."""

from bot.db.database import SqlDatabase
from bot.domain.job import JobId
from bot.domain.report import Report
from tests.domain.factories import ANN, BOB, NOW, after

FIRST, SECOND = JobId("0b8e7d2a-6f1c-4f0e-9f59-3a2d1c4b5e60"), JobId("1b8e7d2a-6f1c-4f0e-9f59-3a2d1c4b5e60")


async def test_a_report_counts_once(database: SqlDatabase) -> None:
    first = Report(FIRST, ANN, NOW)
    async with database.transaction() as tx:
        assert await tx.reports.add(first)
        assert not await tx.reports.add(Report(FIRST, ANN, after(9)))
        assert await tx.reports.add(Report(FIRST, BOB, after(1)))
        assert await tx.reports.add(Report(SECOND, ANN, after(2)))
    async with database.reading() as tx:
        newest = await tx.reports.list_newest(2)
        assert newest == [Report(SECOND, ANN, after(2)), Report(FIRST, BOB, after(1))]
        assert (await tx.reports.list_newest(9))[-1] == first
