"""What members buy from Discord becomes plans and time here. Each saying may come doubled, late and out of order."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from bot.domain.goods import Supply, supply_of
from bot.domain.job import UserId
from bot.domain.ledger import AccountKind
from bot.domain.letter import Letter, write_change, write_supply
from bot.domain.plan import Article
from bot.domain.purchase import SERVER_SOURCE, SOURCE, News, Purchase, plan_after
from bot.domain.said import Said
from bot.domain.subscription import Change
from bot.usecases.grants import TimeGrant, end_plan, put_plan, put_time, take_back_time
from bot.usecases.ports import Transaction
from bot.usecases.studio import Studio
from bot.words import spoken

log = structlog.get_logger(__name__)


async def take_purchase(purchase: Purchase, news: News, *, as_of: datetime, studio: Studio) -> bool:
    """True when it was bought to be used up and Discord does not know yet that it was."""
    article = _article_of(purchase, studio)
    owned = _with_owner(purchase, article) if article else None
    if article is None or owned is None or not studio.catalogue.is_charging:
        return False
    if article.plan and not await _is_news(owned, article, news, as_of, studio):
        return False
    async with studio.db.transaction() as tx:
        must_consume = await _take(owned, article, news, as_of, tx, studio)
    studio.wake()  # for what the member is to be told
    return must_consume


async def _is_news(purchase: Purchase, article: Article, news: News, as_of: datetime, studio: Studio) -> bool:
    """Every interaction of a member tells of their plan. Nobody is to wait for a turn to write what stands there."""
    async with studio.db.reading() as tx:
        known = await tx.entitlements.find(purchase.reference)
    return plan_after(known, purchase, article.plan, news, as_of) is not None


async def _take(
    purchase: Purchase, article: Article, news: News, as_of: datetime, tx: Transaction, studio: Studio
) -> bool:
    if article.plan:
        await _take_plan(purchase, article, news, as_of, tx, studio)
        return False
    supply = supply_of(article, studio.catalogue)
    return supply is not None and await _take_supply(purchase, supply, tx, studio)


def _with_owner(purchase: Purchase, article: Article) -> Purchase | None:
    """The settings say what is for a server: what is bought for one names its buyer as well, or does not."""
    if article.is_for_server and purchase.guild_id:
        return replace(purchase, user_id=UserId(purchase.guild_id), is_of_server=True)
    if article.is_for_server or not purchase.user_id:
        log.warning("bought for nobody; does its SKU say server = true?", entitlement=purchase.id)
        return None
    return purchase


def _article_of(purchase: Purchase, studio: Studio) -> Article | None:
    found = next((one for one in studio.catalogue.skus if one.id == str(purchase.sku_id)), None)
    if found is None:
        log.warning("unknown SKU", sku=purchase.sku_id, entitlement=purchase.id)
    return found


async def _take_plan(
    purchase: Purchase, article: Article, news: News, as_of: datetime, tx: Transaction, studio: Studio
) -> None:
    await tx.users.hold(purchase.user_id, studio.now())
    known = await tx.entitlements.find(purchase.reference)
    after = plan_after(known, purchase, article.plan, news, as_of)
    if after is None:
        return
    if known is not None and purchase.is_deleted:
        await end_plan(purchase.reference, purchase.user_id, tx, as_of=as_of, studio=studio)
    if await put_plan(after, tx, studio=studio):
        log.info("plan from Discord", member=purchase.user_id, plan=article.plan, ends_at=str(after.ends_at))
        if known is None and not purchase.is_of_server and after.is_current(studio.now()):
            await _tell(purchase, write_change(Change.BEGUN, after, studio.catalogue), tx, studio)


async def _take_supply(purchase: Purchase, supply: Supply, tx: Transaction, studio: Studio) -> bool:
    if purchase.is_deleted:
        await take_back_time(purchase.reference, purchase.user_id, tx, source=SOURCE, studio=studio)
        return False
    expires_at = purchase.starts_at + timedelta(days=supply.days)
    gift = TimeGrant(
        purchase.user_id, supply.amount, AccountKind.EXTRA, SOURCE, purchase.reference, expires_at, supply.unit
    )
    if await put_time(gift, tx, studio=studio):
        log.info("time from Discord", member=purchase.user_id, amount=supply.amount, unit=supply.unit)
        await _tell(purchase, write_supply(supply, expires_at), tx, studio)
    return not purchase.is_consumed


async def _tell(purchase: Purchase, text: Said | None, tx: Transaction, studio: Studio) -> None:
    if text is not None:
        await tx.letters.owe(Letter(purchase.reference, purchase.user_id, spoken(text), studio.now()))


async def end_missing(seen: Collection[str], *, as_of: datetime, studio: Studio) -> int:
    """Plans from Discord that it no longer knows have ended while we were away. `seen` are the references of all that
    it listed. Returns how many ended."""
    async with studio.db.transaction() as tx:
        known = [
            one
            for source in (SOURCE, SERVER_SOURCE)
            for one in await tx.entitlements.list_of_source(source, studio.now())
        ]
        gone = [one for one in known if one.reference not in seen]
        for one in gone:
            await end_plan(one.reference, one.user_id, tx, as_of=as_of, studio=studio)
    return len(gone)
