"""Questions about several jobs are kept until one answer takes them away."""

import asyncio

from bot.db.database import SqlDatabase
from bot.domain.batch import PendingBatch, new_batch_id
from tests.domain.factories import ANN, BOB, NOW, after


def a_batch(**changes: object) -> PendingBatch:
    values = {"id": new_batch_id(), "user_id": ANN, "prompt": "{a, b} 狐", "created_at": NOW} | changes
    return PendingBatch(**values)  # type: ignore[arg-type]


async def test_one_of_several_answers_counts(database: SqlDatabase) -> None:
    batch = a_batch()
    async with database.transaction() as tx:
        await tx.batches.add(batch)
    async with database.reading() as tx:
        assert await tx.batches.find(batch.id) == batch

    async def answer() -> bool:
        async with database.transaction() as tx:
            return await tx.batches.remove(batch.id)

    assert sum(await asyncio.gather(*(answer() for _ in range(4)))) == 1
    async with database.reading() as tx:
        assert await tx.batches.find(batch.id) is None


async def test_old_questions_of_a_member_go(database: SqlDatabase) -> None:
    old, new, other = a_batch(), a_batch(created_at=after(9)), a_batch(user_id=BOB)
    async with database.transaction() as tx:
        for batch in (old, new, other):
            await tx.batches.add(batch)
        await tx.batches.remove_before(ANN, after(5))
    async with database.reading() as tx:
        assert [await tx.batches.find(batch.id) for batch in (old, new, other)] == [None, new, other]
