"""Members are remembered, and one member's transactions take turns."""

import asyncio
from dataclasses import replace

from sqlalchemy import select

from bot.db.connections import create_engine, parse_url
from bot.db.database import SqlDatabase, open_database
from bot.db.models import UserRow
from bot.domain.job import JobStatus, UserId
from bot.domain.plan import Billing
from tests.domain.factories import ANN, BOB, NOW, a_job, after, an_entitlement


async def test_the_name_is_kept_up_to_date(database: SqlDatabase, database_url: str) -> None:
    for name, now in (("Ann", NOW), ("Anna", after(9))):
        async with database.transaction() as tx:
            await tx.users.lock(ANN, name, now)
    assert await stored_users(database_url) == [(ANN, "Anna", NOW, after(9))]


async def stored_users(database_url: str) -> list[tuple[object, ...]]:
    engine = create_engine(parse_url(database_url))
    async with engine.begin() as connection:
        rows = (await connection.execute(select(UserRow.__table__).order_by(UserRow.id))).all()
    await engine.dispose()
    return [tuple(row) for row in rows]


async def test_holding_a_member_changes_nothing_and_needs_no_member(database: SqlDatabase, database_url: str) -> None:
    async with database.transaction() as tx:
        await tx.users.lock(ANN, "Ann", NOW)
        await tx.users.hold(ANN, after(9))
        await tx.users.hold(BOB, after(9))
        await tx.users.hold(BOB, after(10))
    assert await stored_users(database_url) == [(BOB, "", after(9), after(9)), (ANN, "Ann", NOW, NOW)]


async def test_preferences(database: SqlDatabase) -> None:
    async with database.transaction() as tx:
        assert await tx.users.find_preference(ANN, "model") is None
        await tx.users.set_preference(ANN, "model", "toy")
        await tx.users.set_preference(ANN, "model", "starter")
        await tx.users.set_preference(BOB, "model", "other")
        assert await tx.users.find_preference(ANN, "model") == "starter"
        await tx.users.set_preference(ANN, "model", None)
        await tx.users.set_preference(ANN, "model", None)
    async with database.transaction() as tx:
        assert await tx.users.find_preference(ANN, "model") is None
        assert await tx.users.find_preference(BOB, "model") == "other"


async def test_entitlements_are_active_from_start_until_end(database: SqlDatabase) -> None:
    current, endless = an_entitlement(), an_entitlement(plan_name="Mega", ends_at=None)
    async with database.transaction() as tx:
        for entitlement in (
            current,
            endless,
            an_entitlement(starts_at=after(1)),
            an_entitlement(ends_at=NOW),
            an_entitlement(user_id=BOB),
        ):
            assert await tx.entitlements.save(entitlement)
    async with database.transaction() as tx:
        assert await tx.entitlements.list_current(ANN, NOW) == [current, endless]
        assert await tx.entitlements.list_current(UserId(9), NOW) == []
        assert await tx.entitlements.find(endless.reference) == endless
        assert await tx.entitlements.find("unheard of") is None
        assert await tx.entitlements.find_end(ANN, NOW) == NOW
        assert await tx.entitlements.find_end(UserId(9), NOW) is None


async def test_news_of_an_entitlement_count_unless_newer_ones_are_known(database: SqlDatabase) -> None:
    first = an_entitlement(reference="sub_1", billing=Billing.YEARLY)
    renewed = replace(first, ends_at=after(900), as_of=after(2))
    late_news = replace(first, is_paused=True, as_of=after(1))
    async with database.transaction() as tx:
        written = [await tx.entitlements.save(news) for news in (first, renewed, late_news, renewed)]
        assert written == [True, True, False, True]
    async with database.transaction() as tx:
        assert await tx.entitlements.list_current(ANN, NOW) == [renewed]


async def submit_if_below(database: SqlDatabase, limit: int) -> bool:
    async with database.transaction() as tx:
        await tx.users.lock(ANN, "Ann", NOW)
        if await tx.jobs.count_of_member(ANN, [JobStatus.QUEUED]) >= limit:
            return False
        await tx.jobs.add(a_job())
        return True


async def test_check_then_write_holds_under_the_lock(database: SqlDatabase, database_url: str) -> None:
    async with open_database(database_url) as other:
        accepted = await asyncio.gather(*(submit_if_below(pool, 3) for pool in [database, other] * 6))
    assert sum(accepted) == 3


async def test_one_members_transactions_take_turns(database: SqlDatabase, database_url: str) -> None:
    inside: list[SqlDatabase] = []

    async def visit(database: SqlDatabase) -> None:
        async with database.transaction() as tx:
            await tx.users.lock(ANN, "Ann", NOW)
            inside.append(database)
            assert inside == [database]
            await tx.jobs.list_waiting(1)  # gives the others a chance to come in
            inside.clear()

    async with open_database(database_url) as other:
        await asyncio.gather(*(visit(pool) for pool in [database, other] * 4))
