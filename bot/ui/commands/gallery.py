"""`/gallery`: pictures that were kept, shown to the asking member alone."""

import discord
from discord import app_commands

from bot.domain.errors import NotAllowed
from bot.domain.job import UserId
from bot.ui.answering import Interaction
from bot.ui.commands.places import everywhere
from bot.ui.gallery_presses import show_page
from bot.ui.views.gallery_pages import SEARCH_LIMIT, TurnPage
from bot.usecases.studio import Studio


def add_gallery(tree: app_commands.CommandTree, studio: Studio) -> None:
    @tree.command(description="Look through pictures, newest first")
    @everywhere
    @app_commands.describe(
        member="Whose pictures; yours if left out",
        search="Only pictures whose prompt has these words",
        trash="Look into your trash instead",
    )
    async def gallery(
        interaction: Interaction,
        member: discord.User | None = None,
        search: app_commands.Range[str, 1, SEARCH_LIMIT] | None = None,
        trash: bool = False,
    ) -> None:
        owner = member or interaction.user
        if trash and owner.id != interaction.user.id:
            raise NotAllowed("Only your own trash can be opened. Leave out the member to see it.")
        await interaction.response.defer(ephemeral=True, thinking=True)
        turn = TurnPage(0, UserId(owner.id), " ".join((search or "").split()), trash)
        await show_page(interaction, turn, studio=studio)
