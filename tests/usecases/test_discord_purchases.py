"""Purchases are told doubled, late, out of order and after an absence, and come to the same."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from bot.domain.errors import SubscriptionRequired
from bot.domain.job import UserId
from bot.domain.plan import Article, Pack
from bot.domain.prices import Unit
from bot.domain.purchase import News, Purchase
from bot.usecases.account import account_info
from bot.usecases.discord_purchases import end_missing, take_purchase
from tests.domain.factories import ANN, BOB, CATALOGUE, NOW
from tests.usecases.conftest import World, place_of
from tests.usecases.paying import assert_sound, info, left, own, sell

PRO, HOURS, OTHER = 11, 12, 99
SKUS = (Article(str(PRO), plan="Pro"), Article(str(HOURS), hours=5))
SOLD = replace(CATALOGUE, skus=SKUS)
MONTH = 30 * 3600


def bought(sku_id: int = PRO, **changes: object) -> Purchase:
    return replace(Purchase(7, sku_id, ANN, NOW), **changes)  # type: ignore[arg-type]  # tests name fields


async def take(world: World, purchase: Purchase, news: News, as_of: datetime | None = None) -> bool:
    return await take_purchase(purchase, news, as_of=as_of or world.clock.now, studio=world.studio)


async def test_a_plan_comes_once_however_often_it_is_told(world: World) -> None:
    sell(world, SOLD)
    for news in (News.CREATED, News.CREATED, News.CHANGED, News.STANDING, News.STANDING):
        assert not await take(world, bought(), news)
    assert await left(world) == MONTH
    async with world.studio.db.transaction() as tx:
        [letter] = await tx.letters.claim(world.clock.now, world.clock.now, 9)
    assert "Your plan is **Pro** now." in letter.text
    await assert_sound(world)


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_a_deleted_plan_stays_deleted_in_any_order(world: World, order: tuple[int, ...]) -> None:
    sell(world, SOLD)
    told = [
        (bought(), News.CREATED),
        (bought(ends_at=NOW + timedelta(days=9)), News.CHANGED),
        (bought(is_deleted=True), News.CHANGED),
    ]
    for number in order:
        world.clock.advance(1)
        await take(world, *told[number])
    with pytest.raises(SubscriptionRequired):
        await world.imagine()
    await assert_sound(world)


async def test_a_late_creation_does_not_undo_an_end(world: World) -> None:
    sell(world, SOLD)
    await take(world, bought(ends_at=NOW + timedelta(days=1)), News.CHANGED)
    await take(world, bought(), News.CREATED)
    await world.imagine()
    world.clock.advance(86_400)
    with pytest.raises(SubscriptionRequired):
        await world.imagine()


async def test_an_interaction_of_before_the_end_does_not_undo_it_and_one_of_after_does(world: World) -> None:
    sell(world, SOLD)
    await take(world, bought(), News.CREATED)
    sent_at = world.clock.now
    world.clock.advance(2)
    await take(world, bought(is_deleted=True), News.CHANGED)
    await take(world, bought(), News.STANDING, as_of=sent_at)
    with pytest.raises(SubscriptionRequired):
        await world.imagine()
    world.clock.advance(2)
    await take(world, bought(), News.STANDING)
    await world.imagine()


async def test_hours_are_given_once_and_marked_until_they_are(world: World) -> None:
    sell(world, SOLD)
    await own(world, source="shop")
    before = await left(world)
    assert await take(world, bought(HOURS), News.CREATED)
    assert await take(world, bought(HOURS), News.STANDING)  # that it was used up did not get through
    assert not await take(world, bought(HOURS, is_consumed=True), News.CHANGED)
    assert await left(world) == before + 5 * 3600
    await take(world, bought(HOURS, is_deleted=True), News.CHANGED)
    await take(world, bought(HOURS), News.CREATED)
    assert await left(world) == before
    await assert_sound(world)


async def test_packs_are_credits(world: World) -> None:
    sell(world, replace(SOLD, unit=Unit.CREDITS, packs=(Pack("50", 50, SOLD.extra_hour_price, 365),)))
    world.studio = replace(
        world.studio, catalogue=replace(world.studio.catalogue, skus=(Article(str(HOURS), pack="50"),))
    )
    await own(world, source="shop")
    before = await left(world)
    assert await take(world, bought(HOURS), News.CREATED)
    assert await left(world) == before + 50


async def test_what_discord_no_longer_lists_has_ended(world: World) -> None:
    sell(world, SOLD)
    await own(world, "Basic", source="shop")
    await take(world, bought(), News.CREATED)
    world.clock.advance(5)
    assert await end_missing({bought().reference}, as_of=world.clock.now, studio=world.studio) == 0
    assert await end_missing(set(), as_of=world.clock.now, studio=world.studio) == 1
    assert await left(world) == 200 * 60
    await assert_sound(world)


async def test_an_unknown_article_is_nothing(world: World) -> None:
    sell(world, SOLD)
    assert not await take(world, bought(OTHER), News.CREATED)
    with pytest.raises(SubscriptionRequired):
        await world.imagine()


SERVER = 13


async def test_a_plan_for_a_server_is_that_of_its_members_there(world: World) -> None:
    sell(world, replace(SOLD, skus=(*SKUS, Article(str(SERVER), plan="Pro", is_for_server=True))))
    here = place_of(ANN).guild_id
    assert not await take(world, bought(SERVER, guild_id=here), News.CREATED)
    for member in (ANN, BOB):
        standing = (await info(world, member)).standing
        assert (standing.require_plan().name, standing.entitlement) == ("Pro", None)
        assert await left(world, member) == MONTH
    elsewhere = replace(place_of(ANN), guild_id=8)
    assert (await account_info(elsewhere, studio=world.studio)).standing.plan is None
    await take(world, bought(SERVER, guild_id=here, is_deleted=True), News.CHANGED)
    assert (await info(world)).standing.plan is None
    await assert_sound(world)


async def test_a_server_s_plan_that_discord_no_longer_lists_has_ended(world: World) -> None:
    sell(world, replace(SOLD, skus=(Article(str(SERVER), plan="Pro", is_for_server=True),)))
    await take(world, bought(SERVER, guild_id=place_of(ANN).guild_id), News.CREATED)
    world.clock.advance(5)
    assert await end_missing(set(), as_of=world.clock.now, studio=world.studio) == 1
    assert (await info(world)).standing.plan is None


async def test_what_is_bought_for_nobody_is_nobody_s(world: World) -> None:
    sell(world, replace(SOLD, skus=(*SKUS, Article(str(SERVER), plan="Pro", is_for_server=True))))
    assert not await take(world, bought(SERVER), News.CREATED)
    assert not await take(world, bought(HOURS, user_id=UserId(0), guild_id=7), News.CREATED)
    assert not await take(world, bought(PRO, user_id=UserId(0), guild_id=7), News.CREATED)
    assert (await info(world)).standing.plan is None
