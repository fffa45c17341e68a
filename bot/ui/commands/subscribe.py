"""`/subscribe`: what is sold, and the ways to buy and to change it."""

from collections.abc import Iterator

import discord
from discord import app_commands

from bot.domain.goods import supply_of
from bot.domain.job import UserId
from bot.domain.money import Money
from bot.domain.plan import Article, Billing, Catalogue
from bot.domain.said import Said
from bot.ui.answering import Interaction
from bot.ui.commands.about import Links
from bot.ui.commands.places import everywhere
from bot.ui.views.job_actions import written
from bot.usecases.buying import is_customer
from bot.usecases.studio import Studio
from bot.usecases.till import PaymentLinks
from bot.words import say, spoken

ASK = Said("Ask whoever runs this studio for a plan. `/info` shows what you have.")
NO_PLANS = Said("Nothing is sold here. You can use all of this studio as it is.")
MOST_BUTTONS = 25
LABEL_LIMIT = 80


def add_subscribe(tree: app_commands.CommandTree[discord.Client], studio: Studio, links: Links) -> None:
    @tree.command(description="Where plans are bought and changed")
    @everywhere
    async def subscribe(interaction: Interaction) -> None:
        buttons = list(_buttons(studio.catalogue, links))
        if studio.payment_links is not None:
            is_known = await is_customer(UserId(interaction.user.id), studio=studio)
            buttons += _payment_buttons(interaction, is_known, studio.payment_links, studio.catalogue)
        text = (
            _offer(studio.catalogue, has_ways=bool(buttons))
            if buttons or studio.catalogue.is_charging
            else spoken(NO_PLANS)
        )
        await interaction.response.send_message(text, view=written(buttons[:MOST_BUTTONS]), ephemeral=True)


def _buttons(catalogue: Catalogue, links: Links) -> Iterator[discord.ui.Button[discord.ui.View]]:
    """Discord itself writes name and price on those of its own SKUs."""
    if links.account:
        yield discord.ui.Button(label="Manage Account", url=links.account)
    for article in catalogue.skus:
        yield discord.ui.Button(sku_id=int(article.id))


def _payment_buttons(
    interaction: Interaction, is_known: bool, links: PaymentLinks, catalogue: Catalogue
) -> Iterator[discord.ui.Button[discord.ui.View]]:
    user_id = UserId(interaction.user.id)
    if is_known:
        yield discord.ui.Button(label=say("Manage"), url=links.manage(user_id))
    for article in catalogue.price_tags:
        supply = supply_of(article, catalogue)
        is_counted = supply is None or supply.unit is catalogue.unit  # hours are of no use where credits are counted
        if not article.is_offered or not is_counted:
            continue
        label = _name(article, catalogue.price_of(article))
        yield discord.ui.Button(label=label[:LABEL_LIMIT], url=links.buy(user_id, article, interaction.locale.value))


def _name(article: Article, price: Money | None) -> str:
    what = article.plan or article.pack or say("{hours} h of extra time", hours=article.hours)
    if price is None:
        return what
    if not article.plan:
        return f"{what}: {price}"
    if article.billing is Billing.YEARLY:
        return say("{plan}: {price} a year", plan=what, price=price)
    return say("{plan}: {price} a month", plan=what, price=price)


def _offer(catalogue: Catalogue, *, has_ways: bool) -> str:
    """`has_ways` says whether something can be pressed to buy."""
    priced = [
        say("**{plan}** {price} a month", plan=plan.name, price=plan.monthly_price)
        for plan in catalogue.plans
        if plan.monthly_price
    ]
    lead = say("Your plan is managed here. `/info` shows what you have.") if has_ways else spoken(ASK)
    return "\n".join([lead, *priced])
