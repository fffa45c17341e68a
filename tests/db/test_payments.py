"""Several processes hear the same: the database lets each thing happen once, on SQLite and on PostgreSQL."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot.db.database import SqlDatabase
from bot.domain.ledger import AccountKind
from bot.domain.letter import Letter
from bot.domain.standing import State
from bot.usecases.cancel import cancel_job
from bot.usecases.run_job import run_job
from tests.domain.factories import ANN, BOB, NOW, after
from tests.usecases.conftest import make_world
from tests.usecases.paying import assert_sound, info, left
from tests.usecases.selling import GUESTS, Shop, open_shop


async def test_the_same_events_at_the_same_time_count_once(database: SqlDatabase, tmp_path: Path) -> None:
    world = make_world(database, tmp_path)
    async with open_shop(world) as shop:
        subscription = await shop.buy("price_basic_month")
        await shop.buy("price_hours")
        events = shop.news()
        heard = await asyncio.gather(*(shop.hear([event]) for event in 4 * events))
        assert sum(came_to for [came_to] in heard) == len(events)
        shop.account.change(subscription, "price_pro_month")
        shop.account.cancel(subscription)
        await asyncio.gather(*(shop.hear([event]) for event in 3 * shop.news()))
    assert await left(world) == (30 + 5) * 3600
    assert (await info(world)).standing.require_plan().name == "Pro"
    assert len([text for text in await shop.letters() if text.startswith("Thank you!")]) == 2
    await assert_sound(world)


async def test_an_event_is_written_down_once(database: SqlDatabase, tmp_path: Path) -> None:
    world = make_world(database, tmp_path)
    async with open_shop(world) as shop:
        await shop.buy("price_basic_month")
        await shop.hear()
        [*_, last] = shop.account.events
        async with database.reading() as tx:
            assert await tx.payments.has_event(last["id"])
            assert not await tx.payments.has_event("evt_unheard_of")
            assert await tx.payments.find_customer(ANN) is not None


async def test_a_part_refund_takes_what_jobs_hold_as_soon_as_it_comes_back(
    database: SqlDatabase, tmp_path: Path
) -> None:
    """Of 5 hours all but 90 seconds are to go, and three jobs hold 180: one is drawn, and two come to nothing."""
    world = make_world(database, tmp_path)
    async with open_shop(world) as shop:
        shop.sell(GUESTS)
        payment = await shop.buy("price_hours")
        await shop.hear()
        drawn, first, second = [await world.claim(await world.imagine()) for _ in range(3)]
        shop.account.refund(payment, 1990)
        await shop.hear(2 * shop.news())
        assert await left(world) == 0
        assert await balances(shop) == {"used": 0, "held": 180, "owed": -90}
        await cancel_job(first.id, ANN, studio=world.studio)
        assert (await left(world), (await balances(shop))["owed"]) == (0, -30)
        await run_job(drawn, studio=world.studio)
        await cancel_job(second.id, ANN, studio=world.studio)
        assert (await left(world), await balances(shop)) == (30, {"used": 60, "held": 0, "owed": 0})
    await assert_sound(world)


@pytest.mark.parametrize(("end", "expected"), [("won", 5 * 3600), ("lost", 0)])
async def test_a_dispute_that_is_told_often_at_once_counts_once(
    database: SqlDatabase, tmp_path: Path, end: str, expected: int
) -> None:
    world = make_world(database, tmp_path)
    async with open_shop(world) as shop:
        payment, subscription = await shop.buy("price_hours"), await shop.buy("price_basic_month")
        await shop.hear()
        disputes = [shop.account.dispute(one) for one in (payment, subscription)]
        opened = shop.news()
        await asyncio.gather(*(shop.hear([event]) for event in 3 * opened))
        assert (await info(world)).standing.state is State.PAUSED
        assert await left(world) == 0
        for dispute in disputes:
            shop.account.settle_dispute(dispute, end)
        await asyncio.gather(*(shop.hear([event]) for event in [*opened, *3 * shop.news()]))
    account = await info(world)
    assert account.standing.state is (State.ACTIVE if end == "won" else State.NONE)
    assert sum(lot.balance for lot in account.lots if lot.account.kind is AccountKind.EXTRA) == expected
    async with database.reading() as tx:
        assert sorted(act.details.split(" (")[0] for act in await tx.oversight.list_acts(99)) == sorted(
            f"{amount} USD {state}" for amount in ("10.00", "20.00") for state in ("open", end)
        )
    await assert_sound(world)


async def balances(shop: Shop) -> dict[str, int]:
    sums = {"used": 0, "held": 0, "owed": 0}
    for entry in await shop.entries():
        for posting in entry.postings:
            if posting.account.kind in sums:
                sums[posting.account.kind] += posting.amount
    return sums


async def test_events_are_forgotten_when_they_cannot_come_again(database: SqlDatabase, tmp_path: Path) -> None:
    world = make_world(database, tmp_path)
    async with open_shop(world) as shop:
        subscription = await shop.buy("price_basic_month")
        old = [event["id"] for event in shop.account.events]
        assert sum(await shop.hear()) == len(old)
        world.clock.advance(90 * 86_400)
        shop.account.cancel(subscription)
        [late] = shop.news()
        await shop.hear([late])
        assert await known(database, old) == old
        world.clock.advance(1)
        shop.account.think_better(subscription)
        await shop.hear()
    assert await known(database, [*old, late["id"]]) == [late["id"]]


async def known(database: SqlDatabase, event_ids: list[str]) -> list[str]:
    async with database.reading() as tx:
        return [event_id for event_id in event_ids if await tx.payments.has_event(event_id)]


async def test_a_letter_is_one_process_s_at_a_time(database: SqlDatabase) -> None:
    async with database.transaction() as tx:
        for user_id, text in ((ANN, "first"), (ANN, "again"), (BOB, "other")):
            await tx.letters.owe(Letter(f"plan:{user_id}", user_id, text, NOW))
        await tx.letters.owe(Letter("later", ANN, "later", after(60)))
    lease = NOW + timedelta(seconds=30)

    async def claim() -> list[Letter]:
        async with database.transaction() as tx:
            return await tx.letters.claim(NOW, lease, 1)

    claimed = [letter for found in await asyncio.gather(*(claim() for _ in range(4))) for letter in found]
    assert sorted((letter.text, letter.attempts) for letter in claimed) == [("first", 1), ("other", 1)]
    async with database.transaction() as tx:
        assert await tx.letters.next_due() == lease
        await tx.letters.settle(f"plan:{ANN}")
        await tx.letters.postpone(f"plan:{BOB}", after(90))
        assert await tx.letters.next_due() == after(60)
        assert [letter.attempts for letter in await tx.letters.claim(after(90), after(99), 9)] in ([1, 2], [2, 1])
