"""The proofs that members own plans."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import EntitlementRow
from bot.db.upsert import insert_for
from bot.domain.job import UserId
from bot.domain.plan import Entitlement


class SqlEntitlements:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def save(self, entitlement: Entitlement) -> bool:
        statement = insert_for(self._session, EntitlementRow).values(to_columns(entitlement))
        news = {name: statement.excluded[name] for name in to_columns(entitlement) if name != "reference"}
        statement = statement.on_conflict_do_update(
            index_elements=["reference"], set_=news, where=EntitlementRow.as_of <= statement.excluded.as_of
        )
        return await self._session.scalar(statement.returning(EntitlementRow.id)) is not None

    async def find(self, reference: str) -> Entitlement | None:
        row = await self._session.scalar(select(EntitlementRow).where(EntitlementRow.reference == reference))
        return to_entitlement(row) if row else None

    async def list_current(self, user_id: UserId, now: datetime) -> list[Entitlement]:
        return await self._list(EntitlementRow.user_id == user_id, now)

    async def list_of_source(self, source: str, now: datetime) -> list[Entitlement]:
        return await self._list(EntitlementRow.source == source, now)

    async def find_end(self, user_id: UserId, now: datetime) -> datetime | None:
        ended = EntitlementRow.ends_at
        mine = select(func.max(ended)).where(EntitlementRow.user_id == user_id, ended <= now)
        found: datetime | None = await self._session.scalar(mine)
        return found

    async def _list(self, whose: ColumnElement[bool], now: datetime) -> list[Entitlement]:
        is_on = or_(EntitlementRow.ends_at.is_(None), EntitlementRow.ends_at > now)
        current = select(EntitlementRow).where(whose, EntitlementRow.starts_at <= now, is_on)
        return [to_entitlement(row) for row in await self._session.scalars(current.order_by(EntitlementRow.id))]


def to_columns(entitlement: Entitlement) -> dict[str, Any]:
    return {
        "user_id": entitlement.user_id,
        "plan_name": entitlement.plan_name,
        "source": entitlement.source,
        "starts_at": entitlement.starts_at,
        "ends_at": entitlement.ends_at,
        "reference": entitlement.reference,
        "as_of": entitlement.as_of,
        "billing": entitlement.billing,
        "is_paused": entitlement.is_paused,
        "paid": entitlement.paid,
        "refunded": entitlement.refunded,
        "paid_until": entitlement.paid_until,
    }


def to_entitlement(row: EntitlementRow) -> Entitlement:
    return Entitlement(
        user_id=UserId(row.user_id),
        plan_name=row.plan_name,
        source=row.source,
        starts_at=row.starts_at,
        reference=row.reference or f"entitlement:{row.id}",
        as_of=row.as_of or row.starts_at,
        ends_at=row.ends_at,
        billing=row.billing,
        is_paused=row.is_paused,
        paid=row.paid,
        refunded=row.refunded,
        paid_until=row.paid_until,
    )
