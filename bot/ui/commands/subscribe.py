"""`/subscribe`: what is sold, and the ways to buy and to change it."""

from collections.abc import Iterator

import discord
from discord import app_commands

from bot.domain.plan import Catalogue
from bot.ui.answering import Interaction
from bot.ui.commands.about import Links
from bot.ui.commands.places import everywhere
from bot.ui.views.job_actions import written
from bot.usecases.studio import Studio

NO_PLANS = "Nothing is sold here. You can use all of this studio as it is; `/info` shows your limits."
MOST_BUTTONS = 25


def add_subscribe(tree: app_commands.CommandTree[discord.Client], studio: Studio, links: Links) -> None:
    @tree.command(description="Where plans are bought and changed")
    @everywhere
    async def subscribe(interaction: Interaction) -> None:
        buttons = list(_buttons(studio.catalogue, links))[:MOST_BUTTONS]
        text = _offer(studio.catalogue) if buttons or studio.catalogue.is_charging else NO_PLANS
        await interaction.response.send_message(text, view=written(buttons), ephemeral=True)


def _buttons(catalogue: Catalogue, links: Links) -> Iterator[discord.ui.Button[discord.ui.View]]:
    """Discord itself writes name and price on those of its own SKUs."""
    if links.account:
        yield discord.ui.Button(label="Manage Account", url=links.account)
    for article in catalogue.skus:
        yield discord.ui.Button(sku_id=int(article.id))


def _offer(catalogue: Catalogue) -> str:
    priced = [f"**{plan.name}** {plan.monthly_price} a month" for plan in catalogue.plans if plan.monthly_price]
    return "\n".join(["Your plan is managed here. `/info` shows what you have.", *priced])
