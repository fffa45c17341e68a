"""What payment services told, each event once, and whom they know our members as."""

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import CustomerRow, PaymentEventRow
from bot.db.upsert import insert_for
from bot.domain.job import UserId
from bot.domain.payment_event import PaymentEvent


class SqlPayments:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add_event(self, event: PaymentEvent, now: datetime) -> bool:
        """The primary key settles who was first, also between processes."""
        columns = {"id": event.id, "kind": event.kind, "told_at": event.told_at, "taken_at": now}
        statement = insert_for(self._session, PaymentEventRow).values(columns).on_conflict_do_nothing()
        return await self._session.scalar(statement.returning(PaymentEventRow.id)) is not None

    async def has_event(self, event_id: str) -> bool:
        known = select(PaymentEventRow.id).where(PaymentEventRow.id == event_id)
        return await self._session.scalar(known) is not None

    async def forget_events(self, taken_before: datetime) -> None:
        await self._session.execute(delete(PaymentEventRow).where(PaymentEventRow.taken_at < taken_before))

    async def find_customer(self, user_id: UserId) -> str | None:
        return await self._session.scalar(select(CustomerRow.customer_id).where(CustomerRow.user_id == user_id))

    async def set_customer(self, user_id: UserId, customer_id: str) -> None:
        statement = insert_for(self._session, CustomerRow).values(user_id=user_id, customer_id=customer_id)
        news = {"customer_id": statement.excluded["customer_id"]}
        await self._session.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=news))
