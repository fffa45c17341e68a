"""Members are remembered, and one member's transactions take turns."""

import asyncio

from sqlalchemy import select

from bot.db.database import SqlDatabase, create_engine, open_database, parse_url
from bot.db.models import UserRow
from bot.domain.job import JobStatus, UserId
from tests.domain.factories import ANN, BOB, NOW, a_job, after, an_entitlement


async def test_the_name_is_kept_up_to_date(database: SqlDatabase, database_url: str) -> None:
    for name, now in (("Ann", NOW), ("Anna", after(9))):
        async with database.transaction() as tx:
            await tx.users.lock(ANN, name, now)
    engine = create_engine(parse_url(database_url))
    async with engine.begin() as connection:
        rows = (await connection.execute(select(UserRow.__table__))).all()
    await engine.dispose()
    assert [tuple(row) for row in rows] == [(ANN, "Anna", NOW, after(9))]


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
            await tx.entitlements.add(entitlement)
    async with database.transaction() as tx:
        assert await tx.entitlements.list_active(ANN, NOW) == [current, endless]
        assert await tx.entitlements.list_active(UserId(9), NOW) == []


async def submit_if_below(database: SqlDatabase, limit: int) -> bool:
    async with database.transaction() as tx:
        await tx.users.lock(ANN, "Ann", NOW)
        if await tx.jobs.count_of_member(ANN, JobStatus.QUEUED) >= limit:
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
