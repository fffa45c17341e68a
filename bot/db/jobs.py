"""Jobs in the database. Every change names the state that it expects to replace; the database settles who was first."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.job_rows import message_columns, to_columns, to_job
from bot.db.models import CopyRow, JobRow
from bot.domain.errors import JobGone
from bot.domain.job import UNFINISHED, DeliveryStatus, Job, JobId, JobKind, JobStatus, MessageRef, UserId
from bot.domain.lease import Lease
from bot.domain.prompt import Speed
from bot.usecases.ports import ConflictingChange


class SqlJobs:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, job: Job) -> None:
        columns = to_columns(job) | message_columns("waiting", job.waiting_message)
        await self._session.execute(insert(JobRow).values(columns))

    async def get(self, job_id: JobId) -> Job:
        job = await self.find(job_id)
        if job is None:
            raise JobGone
        return job

    async def find(self, job_id: JobId) -> Job | None:
        row = await self._session.scalar(select(JobRow).where(JobRow.id == job_id))
        return to_job(row) if row else None

    async def find_by_message(self, message: MessageRef) -> Job | None:
        is_waiting = and_(
            JobRow.waiting_message_id == message.message_id, JobRow.waiting_channel_id == message.channel_id
        )
        is_result = and_(JobRow.result_message_id == message.message_id, JobRow.result_channel_id == message.channel_id)
        row = await self._session.scalar(select(JobRow).where(or_(is_waiting, is_result)).limit(1))
        return to_job(row) if row else None

    async def save(self, job: Job, *, expected: JobStatus, attempt: int | None = None) -> None:
        conditions = [JobRow.status == expected]
        if attempt is not None:
            conditions.append(JobRow.attempt == attempt)
        await self._change(job.id, to_columns(job), *conditions)

    async def claim(self, job: Job, lease: Lease) -> bool:
        is_waiting = and_(JobRow.status == JobStatus.QUEUED, JobRow.attempt == job.attempt - 1)
        is_ours = and_(JobRow.status == JobStatus.RUNNING, JobRow.attempt == job.attempt, JobRow.owner == lease.owner)
        if not await self._is_free(JobRow.id == job.id, or_(is_waiting, is_ours)):
            return False
        await self._change(job.id, to_columns(job) | lease_columns(lease), or_(is_waiting, is_ours))
        return True

    async def claim_showing(self, job_id: JobId, lease: Lease, now: datetime) -> bool:
        has_ended = JobRow.status.not_in(UNFINISHED)
        if not await self._is_free(JobRow.id == job_id, has_ended, _is_free_for(lease.owner, now)):
            return False
        await self._change(job_id, lease_columns(lease), has_ended)
        return True

    async def _is_free(self, *conditions: ColumnElement[bool]) -> bool:
        """Locks the row. One that another process has locked is not waited for."""
        free = select(JobRow.id).where(*conditions).with_for_update(skip_locked=True)
        return await self._session.scalar(free) is not None

    async def renew(self, lease: Lease) -> None:
        for undone in _undone():
            held = update(JobRow).where(undone, JobRow.owner == lease.owner)
            await self._session.execute(held.values(lease_until=lease.until))

    async def release(self, owner: str) -> None:
        for undone in _undone():
            held = update(JobRow).where(undone, JobRow.owner == owner)
            await self._session.execute(held.values(owner=None, lease_until=None))

    async def list_abandoned(self, now: datetime) -> list[Job]:
        query = _oldest_first().where(JobRow.status == JobStatus.RUNNING, _is_abandoned(now))
        return await self._list(query)

    async def forget_owners(self) -> None:
        for undone in _undone():
            await self._session.execute(update(JobRow).where(undone).values(owner=None, lease_until=None))

    async def save_delivery(self, job: Job, *, owner: str | None = None) -> None:
        columns = {"delivery": job.delivery, "delivery_attempts": job.delivery_attempts}
        columns |= message_columns("result", job.result_message)
        conditions = [JobRow.delivery == DeliveryStatus.PENDING]
        if owner is not None:
            conditions.append(or_(JobRow.owner == owner, JobRow.owner.is_(None)))
        await self._change(job.id, columns, *conditions)

    async def set_waiting_message(self, job_id: JobId, message: MessageRef) -> None:
        await self._change(job_id, message_columns("waiting", message))

    async def set_result_message(self, job_id: JobId, message: MessageRef) -> None:
        await self._change(job_id, message_columns("result", message))

    async def _change(self, job_id: JobId, columns: dict[str, Any], *conditions: ColumnElement[bool]) -> None:
        """One statement, so that of several who expect the same state exactly one replaces it."""
        change = update(JobRow).where(JobRow.id == job_id, *conditions).values(columns).returning(JobRow.id)
        if await self._session.scalar(change) is None:
            raise ConflictingChange(f"job {job_id} is not in the state that was to be replaced")

    async def list_waiting(self, limit: int) -> list[Job]:
        return await self._list(_oldest_first().where(JobRow.status == JobStatus.QUEUED).limit(limit))

    async def list_next(self, speed: Speed, without: Collection[UserId], limit: int) -> list[Job]:
        """The index holds them in this order. The members without room are as few as jobs that run."""
        waiting = select(JobRow).where(JobRow.status == JobStatus.QUEUED, JobRow.speed == speed)
        if without:
            waiting = waiting.where(JobRow.user_id.not_in(without))
        return await self._list(waiting.order_by(JobRow.ticket_tag, JobRow.created_at, JobRow.id).limit(limit))

    async def shift_tickets(self, behind: Job, seconds: float) -> None:
        later = (
            JobRow.user_id == behind.user_id,
            JobRow.status == JobStatus.QUEUED,
            JobRow.speed == behind.speed,
            JobRow.created_at >= behind.created_at,
        )
        await self._session.execute(update(JobRow).where(*later).values(ticket_tag=JobRow.ticket_tag + seconds))

    async def count_ahead(self, job: Job, limit: int) -> int:
        """The rows are not read further than the limit."""
        ahead = select(JobRow.id).where(
            JobRow.status == JobStatus.QUEUED,
            JobRow.speed == job.speed,
            tuple_(JobRow.ticket_tag, JobRow.created_at, JobRow.id) < (job.ticket.tag, job.created_at, job.id),
        )
        return await self._session.scalar(select(func.count()).select_from(ahead.limit(limit).subquery())) or 0

    async def count_waiting(self, speeds: Collection[Speed], limit: int) -> int:
        waiting = select(JobRow.id).where(JobRow.status == JobStatus.QUEUED, JobRow.speed.in_(speeds))
        return await self._session.scalar(select(func.count()).select_from(waiting.limit(limit).subquery())) or 0

    async def list_by_status(self, status: JobStatus) -> list[Job]:
        return await self._list(_oldest_first().where(JobRow.status == status))

    async def list_undelivered(self, owner: str, now: datetime) -> list[Job]:
        pending = select(JobRow).where(JobRow.delivery == DeliveryStatus.PENDING, _is_free_for(owner, now))
        return await self._list(pending.order_by(JobRow.finished_at, JobRow.id))

    async def list_of_member(self, user_id: UserId, statuses: Sequence[JobStatus]) -> list[Job]:
        """Ordered here: asked for an order, SQLite reads all that the member ever had instead of these states."""
        found = await self._list(select(JobRow).where(JobRow.user_id == user_id, JobRow.status.in_(statuses)))
        return sorted(found, key=lambda job: (job.created_at, job.id))

    async def _list(self, query: Select[JobRow]) -> list[Job]:
        return [to_job(row) for row in await self._session.scalars(query)]

    async def count_of_member(self, user_id: UserId, statuses: Sequence[JobStatus]) -> int:
        matching = select(func.count(JobRow.id)).where(JobRow.user_id == user_id, JobRow.status.in_(statuses))
        return await self._session.scalar(matching) or 0

    async def has_recent(self, user_id: UserId, job_like: Job, since: datetime) -> bool:
        parent, pressed = job_like.parent, job_like.pressed_message
        alike = select(JobRow).where(
            JobRow.user_id == user_id,
            JobRow.created_at >= since,
            JobRow.kind == job_like.kind,
            JobRow.parent_job_id == (parent.job_id if parent else None),
            JobRow.parent_index == (parent.index if parent else None),
            JobRow.pressed_channel_id == (pressed.channel_id if pressed else None),
            JobRow.pressed_message_id == (pressed.message_id if pressed else None),
            JobRow.id != job_like.id,
        )
        return any(job.operation == job_like.operation for job in await self._list(alike))

    async def find_last_start(self, user_id: UserId, job_like: Job, since: datetime) -> datetime | None:
        parent = job_like.parent
        alike = select(func.max(JobRow.created_at)).where(
            JobRow.user_id == user_id,
            JobRow.created_at > since,
            JobRow.kind == job_like.kind,
            JobRow.parent_job_id == (parent.job_id if parent else None),
            JobRow.parent_index == (parent.index if parent else None),
            JobRow.operation["scale"].as_integer() == job_like.operation.scale,
            JobRow.status.not_in([JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.REFUSED]),
        )
        return await self._session.scalar(alike)

    async def usage(self, user_id: UserId) -> dict[Speed, tuple[int, float]]:
        """A split draws nothing, so it does not count."""
        totals = select(JobRow.speed, func.count(), func.sum(JobRow.engine_seconds)).group_by(JobRow.speed)
        drawn = totals.where(
            JobRow.user_id == user_id, JobRow.status == JobStatus.SUCCEEDED, JobRow.kind != JobKind.UPSCALE
        )
        return {speed: (count, float(seconds)) for speed, count, seconds in await self._session.execute(drawn)}

    async def list_states(self, user_id: UserId) -> dict[JobId, tuple[JobStatus, DeliveryStatus]]:
        states = select(JobRow.id, JobRow.status, JobRow.delivery).where(JobRow.user_id == user_id)
        return {JobId(row.id): (row.status, row.delivery) for row in await self._session.execute(states)}


def _is_abandoned(now: datetime) -> ColumnElement[bool]:
    """Nobody works on it, or whoever did has not been heard of for the length of a lease."""
    return or_(JobRow.owner.is_(None), JobRow.lease_until.is_(None), JobRow.lease_until < now)


def _is_free_for(owner: str, now: datetime) -> ColumnElement[bool]:
    return or_(JobRow.owner == owner, _is_abandoned(now))


def _undone() -> tuple[ColumnElement[bool], ...]:
    """What a process may be at. Each is few rows behind an index, which one condition for all would not use."""
    owed = JobRow.id.in_(select(CopyRow.job_id))
    return JobRow.status == JobStatus.RUNNING, JobRow.delivery == DeliveryStatus.PENDING, owed


def lease_columns(lease: Lease) -> dict[str, Any]:
    return {"owner": lease.owner, "lease_until": lease.until}


def _oldest_first() -> Select[JobRow]:
    return select(JobRow).order_by(JobRow.created_at, JobRow.id)
