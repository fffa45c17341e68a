"""What members have reported to the operator."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import ReportRow
from bot.db.upsert import insert_for
from bot.domain.job import JobId, UserId
from bot.domain.report import Report


class SqlReports:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, report: Report) -> bool:
        columns = {"job_id": report.job_id, "reporter_id": report.reporter_id, "created_at": report.created_at}
        once = insert_for(self._session, ReportRow).values(columns).on_conflict_do_nothing()
        return await self._session.scalar(once.returning(ReportRow.job_id)) is not None

    async def list_newest(self, limit: int) -> list[Report]:
        query = select(ReportRow).order_by(ReportRow.created_at.desc(), ReportRow.job_id).limit(limit)
        rows = await self._session.scalars(query)
        return [Report(JobId(row.job_id), UserId(row.reporter_id), row.created_at) for row in rows]
