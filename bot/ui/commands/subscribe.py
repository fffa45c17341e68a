"""`/subscribe`: what is sold, and the ways to buy and to change it."""

from collections.abc import Iterator

import discord
from discord import app_commands

from bot.domain.goods import supply_of
from bot.domain.job import UserId
from bot.domain.money import Money
from bot.domain.plan import Article, Billing, Catalogue
from bot.ui.answering import Interaction
from bot.ui.commands.about import Links
from bot.ui.commands.places import everywhere
from bot.ui.views.job_actions import written
from bot.usecases.payments import is_customer
from bot.usecases.ports import PaymentLinks
from bot.usecases.studio import Studio

NO_PLANS = "Nothing is sold here. You can use all of this studio as it is; `/info` shows your limits."
MOST_BUTTONS = 25
LABEL_LIMIT = 80


def add_subscribe(tree: app_commands.CommandTree[discord.Client], studio: Studio, links: Links) -> None:
    @tree.command(description="Where plans are bought and changed")
    @everywhere
    async def subscribe(interaction: Interaction) -> None:
        user_id = UserId(interaction.user.id)
        buttons = list(_buttons(studio.catalogue, links))
        if studio.payment_links is not None:
            buttons += _payment_buttons(
                user_id, await is_customer(user_id, studio=studio), studio.payment_links, studio
            )
        text = _offer(studio.catalogue) if buttons or studio.catalogue.is_charging else NO_PLANS
        await interaction.response.send_message(text, view=written(buttons[:MOST_BUTTONS]), ephemeral=True)


def _buttons(catalogue: Catalogue, links: Links) -> Iterator[discord.ui.Button[discord.ui.View]]:
    """Discord itself writes name and price on those of its own SKUs."""
    if links.account:
        yield discord.ui.Button(label="Manage Account", url=links.account)
    for article in catalogue.skus:
        yield discord.ui.Button(sku_id=int(article.id))


def _payment_buttons(
    user_id: UserId, is_known: bool, links: PaymentLinks, studio: Studio
) -> Iterator[discord.ui.Button[discord.ui.View]]:
    if is_known:
        yield discord.ui.Button(label="Manage", url=links.manage(user_id))
    for article in studio.catalogue.price_tags:
        supply = supply_of(article, studio.catalogue)
        if supply is not None and supply.unit is not studio.catalogue.unit:
            continue  # hours where credits are counted, or the other way round
        label = _name(article, studio.catalogue.price_of(article))
        yield discord.ui.Button(label=label[:LABEL_LIMIT], url=links.buy(user_id, article))


def _name(article: Article, price: Money | None) -> str:
    what = article.plan or article.pack or f"{article.hours} h extra"
    rate = {Billing.MONTHLY: " a month", Billing.YEARLY: " a year"}[article.billing] if article.plan else ""
    return f"{what}: {price}{rate}" if price else f"{what}{rate}"


def _offer(catalogue: Catalogue) -> str:
    priced = [f"**{plan.name}** {plan.monthly_price} a month" for plan in catalogue.plans if plan.monthly_price]
    return "\n".join(["Your plan is managed here. `/info` shows what you have.", *priced])
