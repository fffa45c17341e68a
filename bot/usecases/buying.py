"""The ways of a member to where they pay, and to where they see to what they have."""

from datetime import datetime

from bot.domain.job import UserId
from bot.domain.plan import Entitlement
from bot.domain.subscription import SOURCE, id_of
from bot.usecases.ports import Transaction
from bot.usecases.studio import Studio
from bot.usecases.till import Till


async def find_subscription(user_id: UserId, now: datetime, tx: Transaction) -> Entitlement | None:
    """What the member pays for already, or should."""
    owned = await tx.entitlements.list_current(user_id, now)
    return next((one for one in owned if one.source == SOURCE), None)


async def open_checkout(
    user_id: UserId, price_id: str, key: str, locale: str, till: Till, *, studio: Studio
) -> str | None:
    """Where the member pays. Somebody who has a subscription changes it instead, so that nobody pays for two. None when
    this is no longer sold. Raises `TillClosed`."""
    article = studio.catalogue.find_price_tag(price_id)
    if article is None or not article.is_offered:
        return None
    async with studio.db.reading() as tx:
        customer_id = await tx.payments.find_customer(user_id)
        owned = await find_subscription(user_id, studio.now(), tx) if article.plan else None
    if customer_id is None or owned is None:
        return await till.open_checkout(user_id, article, customer_id, key, locale)
    is_same = (owned.plan_name, owned.billing) == (article.plan, article.billing)
    return await till.open_portal(customer_id, None if is_same else (id_of(owned.reference), price_id))


async def is_customer(user_id: UserId, *, studio: Studio) -> bool:
    async with studio.db.reading() as tx:
        return await tx.payments.find_customer(user_id) is not None


async def open_portal(user_id: UserId, till: Till, *, studio: Studio) -> str | None:
    """None for members who never paid for anything. Raises `TillClosed`."""
    async with studio.db.reading() as tx:
        customer_id = await tx.payments.find_customer(user_id)
    return await till.open_portal(customer_id) if customer_id else None
