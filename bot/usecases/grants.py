"""Plans and time come to members and leave them: by payment, by an operator, by a contest. The places where payments
enter; each of these may be told doubled, late and out of order.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain import ledger
from bot.domain.allowance import is_month, month_grant, month_id
from bot.domain.dispute import Dispute
from bot.domain.errors import UnknownPlan
from bot.domain.job import UserId
from bot.domain.ledger import AccountKind, Entry, EntryKind, Homes, Lot
from bot.domain.paid_month import Part
from bot.domain.period import Period, period_at
from bot.domain.plan import Entitlement, Plan
from bot.domain.prices import Unit
from bot.usecases.books import Books
from bot.usecases.ports import Transaction


async def grant_plan(entitlement: Entitlement, *, studio: Books) -> bool:
    """What the source says of one subscription, whole, as of a moment: new, renewed, paused, changed or ended.

    An upgrade at once has a new `starts_at`, for its first month begins with it; what was left of the former plan's
    month is taken back, since it was paid for in the price of the new one. Otherwise `starts_at` stays: months are
    counted from it. False when newer news were known already. Raises `UnknownPlan`.
    """
    async with studio.db.transaction() as tx:
        return await put_plan(entitlement, tx, studio=studio)


async def put_plan(entitlement: Entitlement, tx: Transaction, *, studio: Books) -> bool:
    """`grant_plan` within the transaction of whoever writes down more."""
    if studio.catalogue.find_plan(entitlement.plan_name) is None:
        raise UnknownPlan(entitlement.plan_name, [plan.name for plan in studio.catalogue.plans])
    await tx.users.hold(entitlement.user_id, studio.now())
    before = await tx.entitlements.find(entitlement.reference)
    if not await tx.entitlements.save(entitlement):
        return False
    if before and before.starts_at != entitlement.starts_at:
        await _take_back_months(before, tx, studio)
    elif before and before.plan_name != entitlement.plan_name:
        await _take_back_month(before, entitlement.source, tx, studio)
    return True


async def revoke_plan(reference: str, user_id: UserId, *, as_of: datetime, studio: Books) -> int:
    """End a plan at once and take back what is left of its month. Returns how much that was, 0 when there is nothing
    to end."""
    async with studio.db.transaction() as tx:
        return await end_plan(reference, user_id, tx, as_of=as_of, studio=studio)


async def end_plan(reference: str, user_id: UserId, tx: Transaction, *, as_of: datetime, studio: Books) -> int:
    """`revoke_plan` within a transaction."""
    await tx.users.hold(user_id, studio.now())
    owned = await tx.entitlements.find(reference)
    if owned is None or owned.user_id != user_id:
        return 0
    if not await tx.entitlements.save(replace(owned, ends_at=studio.now(), as_of=as_of)):
        return 0
    return await _take_back_months(owned, tx, studio)


@dataclass(frozen=True, slots=True)
class Moved:
    """`given` is what the highest plan of the month brought, `taken` what went at once."""

    given: int = 0
    taken: int = 0


async def put_month(owned: Entitlement, parts: Sequence[Part], tx: Transaction, *, studio: Books) -> Moved:
    """The current month comes to what was paid for it, whatever was given for it before. For one whose member's row is
    held.

    A month that is one plan's whole is left for the first use. What was given by a plan that we thought still held
    counts as a part of the first, or is taken back if it was a higher one.
    """
    unit, period = studio.catalogue.unit, period_at(owned.starts_at, studio.now())
    named = {month_id(owned.user_id, part.plan.name, period.start, unit): part for part in parts}
    await _close_higher(owned, period, parts[-1].plan, tx, studio)
    lots = await _month_lots(owned.user_id, period, tx, studio)
    if len(parts) == 1 and not parts[0].refunded and named.keys() >= {lot.account.label for lot in lots}:
        return Moved()
    given = await _give_parts(owned.user_id, named, lots, period, tx, studio)
    taken = 0
    for lot in await _month_lots(owned.user_id, period, tx, studio):
        part = named.get(lot.account.label, parts[0])
        if part.paid:
            taken += await _take_share(lot, part.paid, part.refunded, owned.user_id, unit, owned.source, tx, studio)
    return Moved(given, taken)


async def take_back_share(granted: Entry, owned: Entitlement | None, tx: Transaction, *, studio: Books) -> None:
    """Of a month that has just been given, within a longer time of whose price a part went back."""
    now = studio.now()
    if owned is None or not owned.refunded or owned.paid_until is None or now >= owned.paid_until:
        return
    opened = granted.postings[-1]
    lot = Lot(opened.account, opened.amount, opened.amount, granted.expires_at)
    await _take_share(lot, owned.paid, owned.refunded, owned.user_id, granted.unit, owned.source, tx, studio)


async def _give_parts(
    user_id: UserId, named: Mapping[str, Part], lots: Sequence[Lot], period: Period, tx: Transaction, studio: Books
) -> int:
    """Returns what the last of them brought now."""
    unit, given = studio.catalogue.unit, 0
    there = {lot.account.label: lot.granted for lot in lots}
    surplus = sum(max(0, granted - (named[lot].amount if lot in named else 0)) for lot, granted in there.items())
    for name, part in named.items():
        given = 0
        if name not in there:
            amount = max(1, part.amount - surplus)
            surplus = max(0, surplus - part.amount)
            grant = month_grant(user_id, part.plan, period, unit, studio.now(), amount)
            given = amount if grant and await tx.ledger.post(grant) else 0
    return given


async def _close_higher(owned: Entitlement, period: Period, plan: Plan, tx: Transaction, studio: Books) -> None:
    for higher in studio.catalogue.plans:
        if higher.rank > plan.rank:
            lot = month_id(owned.user_id, higher.name, period.start, studio.catalogue.unit)
            await _close(lot, owned.user_id, studio.catalogue.unit, owned.source, tx, studio)


async def _month_lots(user_id: UserId, period: Period, tx: Transaction, studio: Books) -> list[Lot]:
    unit = studio.catalogue.unit
    return [lot for lot in await tx.ledger.list_open_lots(user_id, unit) if is_month(lot, user_id, period.start, unit)]


async def _take_share(
    lot: Lot, paid: int, refunded: int, user_id: UserId, unit: Unit, source: str, tx: Transaction, studio: Books
) -> int:
    """`refunded` is all that ever went back of `paid`. At once what is left; what jobs hold, as soon as it comes back.
    Returns how much was taken now."""
    total = lot.granted * min(refunded, paid) // paid
    amount = total - await tx.ledger.taken_back(user_id, unit, lot.account.label)
    if amount <= 0:
        return 0
    entry = ledger.take_back(lot, amount, total, user_id, unit, studio.now(), source=source)
    return min(amount, lot.balance) if await tx.ledger.post(entry) else 0


async def _take_back_months(owned: Entitlement, tx: Transaction, studio: Books) -> int:
    """All that was given for the current month: a plan that was raised in it has given twice."""
    unit, period = studio.catalogue.unit, period_at(owned.starts_at, studio.now())
    taken = 0
    for lot in await _month_lots(owned.user_id, period, tx, studio):
        await tx.ledger.post(ledger.revoke(lot, owned.user_id, unit, studio.now(), source=owned.source))
        taken += lot.balance
    return taken


async def _take_back_month(owned: Entitlement, source: str, tx: Transaction, studio: Books) -> int:
    unit = studio.catalogue.unit
    period = period_at(owned.starts_at, studio.now())
    lot = month_id(owned.user_id, owned.plan_name, period.start, unit)
    return await _close(lot, owned.user_id, unit, source, tx, studio) or 0


@dataclass(frozen=True, slots=True)
class TimeGrant:
    """GPU-seconds or credits beside a plan. `kind` is EXTRA for what was bought, BONUS for what was given away.

    `reference` names it at its `source`, once for ever. `expires_at` None takes the studio's usual time. `unit` None is
    what the studio counts in.
    """

    user_id: UserId
    amount: int
    kind: AccountKind
    source: str
    reference: str
    expires_at: datetime | None = None
    unit: Unit | None = None

    @property
    def lot(self) -> str:
        return lot_of(self.reference)


def lot_of(reference: str) -> str:
    return f"grant:{reference}"


async def grant_time(gift: TimeGrant, *, studio: Books) -> bool:
    """False when it came before, or was taken back before it came."""
    async with studio.db.transaction() as tx:
        return await put_time(gift, tx, studio=studio)


async def put_time(gift: TimeGrant, tx: Transaction, *, studio: Books) -> bool:
    """`grant_time` within a transaction."""
    now = studio.now()
    entry = ledger.grant(
        gift.lot,
        gift.user_id,
        gift.unit or studio.catalogue.unit,
        gift.kind,
        gift.amount,
        source=gift.source,
        at=now,
        expires_at=gift.expires_at or now + timedelta(days=_usual_days(gift.kind, studio)),
    )
    await tx.users.hold(gift.user_id, now)
    if await tx.ledger.find_closings([gift.lot]):
        return False
    return await tx.ledger.post(entry)


def _usual_days(kind: AccountKind, studio: Books) -> int:
    return studio.catalogue.bonus_days if kind is AccountKind.BONUS else studio.catalogue.extra_days


async def revoke_time(reference: str, user_id: UserId, *, source: str, studio: Books) -> int:
    """Take back what is left of a grant, and return how much that was. One that comes later comes to nothing."""
    async with studio.db.transaction() as tx:
        return await take_back_time(reference, user_id, tx, source=source, studio=studio)


async def take_back_time(reference: str, user_id: UserId, tx: Transaction, *, source: str, studio: Books) -> int:
    """`revoke_time` within a transaction."""
    lot = lot_of(reference)
    await tx.users.hold(user_id, studio.now())
    given = await tx.ledger.find(lot)
    unit = given.unit if given else studio.catalogue.unit
    taken = await _close(lot, user_id, unit, source, tx, studio)
    if given is None:
        await tx.ledger.post(Entry(ledger.close_id(lot), EntryKind.REVOKE, user_id, unit, studio.now(), (), source))
    return taken or 0


async def take_back_part(
    reference: str, user_id: UserId, paid: int, refunded: int, tx: Transaction, *, studio: Books
) -> int:
    """A part of the price of a grant went back, and the same part of it follows: at once what is left, and what jobs
    hold as soon as it comes back. Returns how much was taken now."""
    given = await tx.ledger.find(lot_of(reference))
    if given is None:
        return 0
    for lot in await tx.ledger.list_open_lots(user_id, given.unit):
        if lot.account.label == given.business_id:
            return await _take_share(lot, paid, refunded, user_id, given.unit, given.source, tx, studio)
    return 0


async def suspend_part(
    reference: str, user_id: UserId, paid: int, dispute: Dispute, tx: Transaction, *, studio: Books
) -> int:
    """A bank asks for a part of the price of a grant: the same part of it is taken, until the payment stands. Returns
    how much was taken now."""
    given = await tx.ledger.find(lot_of(reference))
    if given is None or await tx.ledger.find(ledger.reinstate_id(given.business_id, dispute.id)):
        return 0
    for lot in await tx.ledger.list_open_lots(user_id, given.unit):
        amount = lot.granted * min(dispute.amount.minor, paid) // paid if lot.account.label == given.business_id else 0
        if amount:
            entry = ledger.suspend(lot, amount, dispute.id, user_id, given.unit, studio.now(), source=given.source)
            return min(amount, lot.balance) if await tx.ledger.post(entry) else 0
    return 0


async def reinstate_part(reference: str, dispute: Dispute, tx: Transaction, *, studio: Books) -> int:
    """The payment stands: what was suspended comes back. Returns how much may be spent again."""
    given = await tx.ledger.find(lot_of(reference))
    if given is None:
        return 0
    suspended = await tx.ledger.find(ledger.suspend_id(given.business_id, dispute.id))
    homes = await homes_of([given.business_id], given.user_id, given.unit, tx)
    entry = ledger.reinstate(given, suspended, dispute.id, homes, studio.now(), source=given.source)
    back = sum(posting.amount for posting in entry.postings if posting.account == given.postings[-1].account)
    return back if await tx.ledger.post(entry) else 0


async def homes_of(lots: Collection[str], user_id: UserId, unit: Unit, tx: Transaction) -> Homes:
    owed = await tx.ledger.balances(user_id, unit, AccountKind.OWED)
    return Homes(await tx.ledger.find_closings(lots), {lot: -balance for lot, balance in owed.items()})


async def _close(lot_id: str, user_id: UserId, unit: Unit, source: str, tx: Transaction, studio: Books) -> int | None:
    """What was left. None when there is no such lot, or it is closed already."""
    for lot in await tx.ledger.list_open_lots(user_id, unit):
        if lot.account.label == lot_id:
            await tx.ledger.post(ledger.revoke(lot, user_id, unit, studio.now(), source=source))
            return lot.balance
    return None
