"""The proofs that members own plans."""

from datetime import datetime

from sqlalchemy import insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from bot.db.models import EntitlementRow
from bot.domain.job import UserId
from bot.domain.plan import Entitlement


class SqlEntitlements:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, entitlement: Entitlement) -> None:
        columns = {
            "user_id": entitlement.user_id,
            "plan_name": entitlement.plan_name,
            "source": entitlement.source,
            "starts_at": entitlement.starts_at,
            "ends_at": entitlement.ends_at,
        }
        await self._session.execute(insert(EntitlementRow).values(columns))

    async def list_active(self, user_id: UserId, now: datetime) -> list[Entitlement]:
        active = select(EntitlementRow).where(
            EntitlementRow.user_id == user_id,
            EntitlementRow.starts_at <= now,
            or_(EntitlementRow.ends_at.is_(None), EntitlementRow.ends_at > now),
        )
        rows = await self._session.scalars(active.order_by(EntitlementRow.id))
        return [Entitlement(UserId(row.user_id), row.plan_name, row.source, row.starts_at, row.ends_at) for row in rows]
