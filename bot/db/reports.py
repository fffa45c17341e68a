"""What members have reported to the operator."""

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import ReportRow
from bot.domain.job import JobId, UserId
from bot.domain.report import Report


class SqlReports:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, report: Report) -> bool:
        dialect = self._session.get_bind().dialect.name
        insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
        columns = {"job_id": report.job_id, "reporter_id": report.reporter_id, "created_at": report.created_at}
        added = insert(ReportRow).values(columns).on_conflict_do_nothing().returning(ReportRow.job_id)
        return await self._session.scalar(added) is not None

    async def list_newest(self, limit: int) -> list[Report]:
        query = select(ReportRow).order_by(ReportRow.created_at.desc(), ReportRow.job_id).limit(limit)
        rows = await self._session.scalars(query)
        return [Report(JobId(row.job_id), UserId(row.reporter_id), row.created_at) for row in rows]
