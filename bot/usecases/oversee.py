"""What operators do: give and take back, block and unblock, and hold the queue. Each act and its row in the log are one
transaction."""

from dataclasses import dataclass
from datetime import timedelta

from bot.domain.job import Job, JobStatus, UserId
from bot.domain.ledger import AccountKind
from bot.domain.oversight import Act, Block, Deed, Operator, QueueState, Statistics
from bot.domain.plan import Entitlement
from bot.domain.prompt import Speed
from bot.domain.report import Report
from bot.usecases.books import Books
from bot.usecases.grants import TimeGrant, end_plan, lot_of, put_plan, put_time, take_back_time
from bot.usecases.ports import Transaction
from bot.usecases.studio import Studio

SOURCE = "operator"
LATEST_WAITS = 1_000
MANY = 10_000
"""Waiting jobs are counted no further."""


async def give_plan(
    member_id: UserId, plan_name: str, days: int | None, reference: str, operator: Operator, *, studio: Books
) -> Entitlement:
    """A plan from now on, for so many days or, with None, until revoked. The same `reference` gives once; then what it
    gave is returned. Raises `UnknownPlan`."""
    now = studio.now()
    ends_at = now + timedelta(days=days) if days else None
    given = Entitlement(member_id, plan_name, SOURCE, now, f"{SOURCE}:{reference}", now, ends_at)
    async with studio.db.transaction() as tx:
        await tx.users.hold(member_id, now)
        if known := await tx.entitlements.find(given.reference):
            return known
        await put_plan(given, tx, studio=studio)
        length = f"for {days} days" if days else "until revoked"
        await _record(Deed.GRANT_PLAN, member_id, f"{plan_name} {length}", operator, tx, studio)
    return given


async def give_time(member_id: UserId, amount: int, reference: str, operator: Operator, *, studio: Books) -> bool:
    """GPU-seconds or credits as a bonus, in the studio's unit. The same `reference` gives once: then False."""
    gift = TimeGrant(member_id, amount, AccountKind.BONUS, SOURCE, f"{SOURCE}:{reference}")
    async with studio.db.transaction() as tx:
        if not await put_time(gift, tx, studio=studio):
            return False
        details = f"{amount} {studio.catalogue.unit.value}"
        await _record(Deed.GRANT_TIME, member_id, details, operator, tx, studio)
    return True


@dataclass(frozen=True, slots=True)
class Revoked:
    """`amount` is what was left, in the studio's unit."""

    plans: tuple[str, ...]
    amount: int


async def revoke_gifts(member_id: UserId, operator: Operator, *, studio: Studio) -> Revoked:
    """Everything that operators gave and that is left. What was bought is ended where it was bought."""
    async with studio.db.transaction() as tx:
        now = studio.now()
        await tx.users.hold(member_id, now)
        owned = [one for one in await tx.entitlements.list_current(member_id, now) if one.source == SOURCE]
        amount = 0
        for one in owned:
            amount += await end_plan(one.reference, member_id, tx, as_of=now, studio=studio)
        prefix = lot_of(f"{SOURCE}:")
        for lot in await tx.ledger.list_open_lots(member_id, studio.catalogue.unit):
            if lot.account.label.startswith(prefix):
                reference = lot.account.label.removeprefix(lot_of(""))
                amount += await take_back_time(reference, member_id, tx, source=SOURCE, studio=studio)
        revoked = Revoked(tuple(one.plan_name for one in owned), amount)
        details = f"{', '.join(revoked.plans) or 'no plan'}; {amount} {studio.catalogue.unit.value}"
        await _record(Deed.REVOKE, member_id, details, operator, tx, studio)
    return revoked


async def block_member(
    member_id: UserId, length: timedelta | None, reason: str, operator: Operator, *, studio: Studio
) -> Block:
    """A later block takes the place of an earlier one."""
    block = Block(member_id, studio.now() + length if length else None, reason)
    async with studio.db.transaction() as tx:
        await tx.users.hold(member_id, studio.now())
        await tx.oversight.save_block(block)
        end = f"until {block.until:%Y-%m-%d %H:%M} UTC" if block.until else "for good"
        await _record(Deed.BLOCK, member_id, f"{end}. {reason}".strip(), operator, tx, studio)
    return block


async def unblock_member(member_id: UserId, operator: Operator, *, studio: Studio) -> bool:
    """False when nothing held the member back."""
    async with studio.db.transaction() as tx:
        block = await tx.oversight.find_block(member_id)
        if block is None or not block.holds(studio.now()):
            return False
        await tx.oversight.remove_block(member_id)
        await _record(Deed.UNBLOCK, member_id, "", operator, tx, studio)
    return True


async def hold_queue(state: QueueState, operator: Operator, *, studio: Studio) -> None:
    """Holds for every process, also after a restart."""
    async with studio.db.transaction() as tx:
        await tx.oversight.set_queue_state(state)
        await _record(Deed.QUEUE, None, state.value, operator, tx, studio)
    studio.wake()


async def _record(
    deed: Deed, member_id: UserId | None, details: str, operator: Operator, tx: Transaction, studio: Books
) -> None:
    await tx.oversight.record(Act(studio.now(), operator, deed, member_id, details))


@dataclass(frozen=True, slots=True)
class QueueLook:
    """`first` are those that have waited longest; `waiting` is at most `MANY`."""

    state: QueueState
    running: tuple[Job, ...]
    first: tuple[Job, ...]
    waiting: int


async def look_at_queue(*, studio: Studio, limit: int = 10) -> QueueLook:
    async with studio.db.reading() as tx:
        return QueueLook(
            await tx.oversight.queue_state(),
            tuple(await tx.jobs.list_by_status(JobStatus.RUNNING)),
            tuple(await tx.jobs.list_waiting(limit)),
            await tx.jobs.count_waiting(list(Speed), MANY),
        )


async def read_statistics(days: int, *, studio: Studio) -> Statistics:
    async with studio.db.reading() as tx:
        return await tx.oversight.statistics(studio.now() - timedelta(days=days), LATEST_WAITS)


@dataclass(frozen=True, slots=True)
class Reported:
    """`job` is None when it is gone by now."""

    report: Report
    job: Job | None


async def read_reports(limit: int, *, studio: Studio) -> list[Reported]:
    """What members have reported, the newest first."""
    async with studio.db.reading() as tx:
        return [Reported(one, await tx.jobs.find(one.job_id)) for one in await tx.reports.list_newest(limit)]


async def read_log(limit: int, member_id: UserId | None, *, studio: Studio) -> list[Act]:
    async with studio.db.reading() as tx:
        return await tx.oversight.list_acts(limit, member_id)
