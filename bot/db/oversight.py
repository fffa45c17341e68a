"""What operators set and did, and what they may ask about all jobs together."""

from datetime import datetime

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import ActRow, BlockRow, JobRow, SwitchRow
from bot.db.upsert import insert_for
from bot.domain.job import JobStatus, UserId
from bot.domain.oversight import Act, Block, Operator, QueueState, Statistics

QUEUE = "queue"


class SqlOversight:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def record(self, act: Act) -> None:
        columns = {
            "at": act.at,
            "operator_id": act.operator.user_id,
            "operator_name": act.operator.name,
            "deed": act.deed,
            "member_id": act.member_id,
            "details": act.details,
        }
        await self._session.execute(insert(ActRow).values(columns))

    async def list_acts(self, limit: int, member_id: UserId | None = None) -> list[Act]:
        query = select(ActRow).order_by(ActRow.id.desc()).limit(limit)
        if member_id is not None:
            query = query.where(ActRow.member_id == member_id)
        return [to_act(row) for row in await self._session.scalars(query)]

    async def find_block(self, member_id: UserId) -> Block | None:
        row = await self._session.scalar(select(BlockRow).where(BlockRow.member_id == member_id))
        return Block(UserId(row.member_id), row.until, row.reason) if row else None

    async def save_block(self, block: Block) -> None:
        columns = {"member_id": block.member_id, "until": block.until, "reason": block.reason}
        statement = insert_for(self._session, BlockRow).values(columns)
        news = {name: statement.excluded[name] for name in ("until", "reason")}
        await self._session.execute(statement.on_conflict_do_update(index_elements=["member_id"], set_=news))

    async def remove_block(self, member_id: UserId) -> None:
        await self._session.execute(delete(BlockRow).where(BlockRow.member_id == member_id))

    async def queue_state(self) -> QueueState:
        value = await self._session.scalar(select(SwitchRow.value).where(SwitchRow.name == QUEUE))
        return QueueState(value) if value else QueueState.OPEN

    async def set_queue_state(self, state: QueueState) -> None:
        statement = insert_for(self._session, SwitchRow).values({"name": QUEUE, "value": state.value})
        news = {"value": statement.excluded.value}
        await self._session.execute(statement.on_conflict_do_update(index_elements=["name"], set_=news))

    async def statistics(self, since: datetime, latest: int) -> Statistics:
        """Every status is named, so that the index of status and time leads to the rows."""
        recent = JobRow.status.in_(list(JobStatus)), JobRow.created_at >= since
        counts = select(JobRow.status, func.count(), func.sum(JobRow.engine_seconds)).where(*recent)
        rows = (await self._session.execute(counts.group_by(JobRow.status))).all()
        members = await self._session.scalar(select(func.count(JobRow.user_id.distinct())).where(*recent))
        drawn = select(JobRow.created_at, JobRow.started_at).where(
            JobRow.status == JobStatus.SUCCEEDED, JobRow.created_at >= since, JobRow.started_at.is_not(None)
        )
        began = (await self._session.execute(drawn.order_by(JobRow.created_at.desc()).limit(latest))).all()
        waits = sorted((started_at - created_at).total_seconds() for created_at, started_at in began if started_at)
        return Statistics(
            {status: count for status, count, _ in rows}, sum(float(row[2]) for row in rows), members or 0, tuple(waits)
        )


def to_act(row: ActRow) -> Act:
    member_id = UserId(row.member_id) if row.member_id is not None else None
    return Act(row.at, Operator(row.operator_id, row.operator_name), row.deed, member_id, row.details)
