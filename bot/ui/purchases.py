"""Purchases as Discord tells of them: by events, with every interaction, and in full whenever we connect anew."""

from collections.abc import Iterable
from datetime import datetime

import discord
import structlog

from bot.domain.job import UserId
from bot.domain.purchase import News, Purchase
from bot.ui.posting import LINE_TROUBLE
from bot.usecases.discord_purchases import end_missing, take_purchase
from bot.usecases.studio import Studio

log = structlog.get_logger(__name__)


async def hear(entitlement: discord.Entitlement, news: News, *, as_of: datetime, studio: Studio) -> None:
    purchase = purchase_of(entitlement)
    if await take_purchase(purchase, news, as_of=as_of, studio=studio):
        await _consume(entitlement)


async def hear_interaction(interaction: discord.Interaction[discord.Client], *, studio: Studio) -> None:
    """What the member owns at this moment, before what they ask for is looked at."""
    sold = {article.id for article in studio.catalogue.skus}
    for entitlement in interaction.entitlements:
        if str(entitlement.sku_id) in sold:
            await hear(entitlement, News.STANDING, as_of=interaction.created_at, studio=studio)


async def hear_all(client: discord.Client, *, studio: Studio) -> None:
    """After a time in which events may have been missed."""
    skus = [discord.Object(int(article.id)) for article in studio.catalogue.skus]
    if not skus or not studio.catalogue.is_charging:
        return
    as_of = studio.now()
    try:
        current = [one async for one in client.entitlements(skus=skus, limit=None, exclude_ended=True)]
    except (discord.HTTPException, *LINE_TROUBLE) as trouble:
        log.warning("purchases not read", why=str(trouble))
        return
    for entitlement in current:
        await hear(entitlement, News.STANDING, as_of=as_of, studio=studio)
    ended = await end_missing(_references(current), as_of=as_of, studio=studio)
    log.info("purchases read", current=len(current), ended=ended)


def _references(entitlements: Iterable[discord.Entitlement]) -> set[str]:
    return {purchase_of(one).reference for one in entitlements}


def purchase_of(entitlement: discord.Entitlement) -> Purchase:
    """What was bought for a server may name its buyer, too, or nobody."""
    return Purchase(
        id=entitlement.id,
        sku_id=entitlement.sku_id,
        user_id=UserId(entitlement.user_id or 0),
        starts_at=entitlement.starts_at or entitlement.created_at,
        ends_at=entitlement.ends_at,
        is_deleted=entitlement.deleted,
        is_consumed=entitlement.consumed,
        guild_id=entitlement.guild_id,
    )


async def _consume(entitlement: discord.Entitlement) -> None:
    """If that fails it is tried when we hear of it again: what it gave, it gives once."""
    try:
        await entitlement.consume()
    except (discord.HTTPException, *LINE_TROUBLE) as trouble:
        log.warning("purchase not marked as used", entitlement=entitlement.id, why=str(trouble))
