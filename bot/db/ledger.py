"""The ledger in the database: entries and their postings are added, never changed; balances are sums."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from bot.db.models import LedgerEntryRow, LedgerPostingRow
from bot.db.upsert import insert_for
from bot.domain.job import JobId, UserId
from bot.domain.ledger import LOTS, Account, AccountKind, Entry, EntryKind, Lot, Posting, close_id
from bot.domain.prices import Unit


class SqlLedger:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def post(self, entry: Entry) -> bool:
        """The unique business id settles who was first, also between processes."""
        statement = insert_for(self._session, LedgerEntryRow).values(to_columns(entry))
        statement = statement.on_conflict_do_nothing(index_elements=["business_id"])
        entry_id = await self._session.scalar(statement.returning(LedgerEntryRow.id))
        if entry_id is None:
            return False
        if entry.postings:
            await self._session.execute(insert(LedgerPostingRow), posting_columns(entry, entry_id))
        return True

    async def find(self, business_id: str) -> Entry | None:
        found = await self._list(LedgerEntryRow.business_id == business_id)
        return found[0] if found else None

    async def list_open_lots(self, user_id: UserId, unit: Unit) -> list[Lot]:
        rows = await self._session.execute(_open_lots(user_id, unit))
        return [
            Lot(Account(row.account, row.label), int(row.balance), int(row.granted), row.expires_at) for row in rows
        ]

    async def find_closings(self, lots: Collection[str]) -> dict[str, EntryKind]:
        names = {close_id(lot): lot for lot in lots}
        closings = select(LedgerEntryRow.business_id, LedgerEntryRow.kind).where(LedgerEntryRow.business_id.in_(names))
        return {names[row.business_id]: row.kind for row in await self._session.execute(closings)}

    async def balances(self, user_id: UserId, unit: Unit, kind: AccountKind) -> dict[str, int]:
        sums = (
            select(LedgerPostingRow.label, func.sum(LedgerPostingRow.amount).label("balance"))
            .where(*_of_member(user_id, unit), LedgerPostingRow.account == kind)
            .group_by(LedgerPostingRow.label)
        )
        return {row.label: int(row.balance) for row in await self._session.execute(sums)}

    async def taken_back(self, user_id: UserId, unit: Unit, lot: str) -> int:
        taken = (
            select(func.sum(LedgerPostingRow.amount))
            .join(LedgerEntryRow, LedgerEntryRow.id == LedgerPostingRow.entry_id)
            .where(*_of_member(user_id, unit), LedgerPostingRow.label == lot)
            .where(LedgerPostingRow.account.in_((*LOTS, AccountKind.OWED)))
            .where(LedgerEntryRow.kind == EntryKind.REVOKE)
        )
        return -int(await self._session.scalar(taken) or 0)

    async def list_of_member(self, user_id: UserId) -> list[Entry]:
        return await self._list(LedgerEntryRow.user_id == user_id)

    async def list_members(self) -> list[UserId]:
        members = select(LedgerEntryRow.user_id).distinct().order_by(LedgerEntryRow.user_id)
        return [UserId(user_id) for user_id in await self._session.scalars(members)]

    async def _list(self, condition: ColumnElement[bool]) -> list[Entry]:
        entries = await self._session.scalars(select(LedgerEntryRow).where(condition))
        postings = defaultdict(list)
        posted = select(LedgerPostingRow).join(LedgerEntryRow, LedgerEntryRow.id == LedgerPostingRow.entry_id)
        for posting in await self._session.scalars(posted.where(condition)):
            postings[posting.entry_id].append(posting)
        return [to_entry(entry, postings[entry.id]) for entry in sorted(entries, key=lambda entry: entry.id)]


def _of_member(user_id: UserId, unit: Unit) -> tuple[ColumnElement[bool], ...]:
    return LedgerPostingRow.user_id == user_id, LedgerPostingRow.unit == unit


def _open_lots(user_id: UserId, unit: Unit) -> Select[AccountKind, str, int, int, datetime | None]:
    """A member's grants are few, and of each only its own account is summed."""
    grant, closing = LedgerEntryRow, aliased(LedgerEntryRow)
    is_closed = select(closing.id).where(closing.business_id == literal(close_id("")) + grant.business_id).exists()
    of_lot = and_(
        *_of_member(user_id, unit), LedgerPostingRow.account.in_(LOTS), LedgerPostingRow.label == grant.business_id
    )
    granted = func.sum(LedgerPostingRow.amount).filter(LedgerPostingRow.entry_id == grant.id)
    return (
        select(
            LedgerPostingRow.account,
            LedgerPostingRow.label,
            func.sum(LedgerPostingRow.amount).label("balance"),
            granted.label("granted"),
            grant.expires_at,
        )
        .join(LedgerPostingRow, of_lot)
        .where(grant.user_id == user_id, grant.kind == EntryKind.GRANT, grant.unit == unit, ~is_closed)
        .group_by(LedgerPostingRow.account, LedgerPostingRow.label, grant.expires_at)
    )


def to_columns(entry: Entry) -> dict[str, Any]:
    return {
        "business_id": entry.business_id,
        "kind": entry.kind,
        "user_id": entry.user_id,
        "unit": entry.unit,
        "at": entry.at,
        "source": entry.source,
        "job_id": entry.job_id,
        "expires_at": entry.expires_at,
    }


def posting_columns(entry: Entry, entry_id: int) -> list[dict[str, Any]]:
    return [
        {
            "entry_id": entry_id,
            "account": posting.account.kind,
            "label": posting.account.label,
            "user_id": entry.user_id,
            "unit": entry.unit,
            "amount": posting.amount,
        }
        for posting in entry.postings
    ]


def to_entry(entry: LedgerEntryRow, postings: Iterable[LedgerPostingRow]) -> Entry:
    """What was taken comes first, what was given last."""
    in_order = sorted(postings, key=lambda posting: (posting.amount, posting.label))
    return Entry(
        business_id=entry.business_id,
        kind=entry.kind,
        user_id=UserId(entry.user_id),
        unit=entry.unit,
        at=entry.at,
        postings=tuple(Posting(Account(row.account, row.label), row.amount) for row in in_order),
        source=entry.source,
        job_id=JobId(entry.job_id) if entry.job_id else None,
        expires_at=entry.expires_at,
    )
