"""`/info`: what a member may want to know about their account."""

from discord import app_commands

from bot.ui.answering import Interaction, place_of
from bot.ui.commands.places import everywhere
from bot.ui.render_info import info_embed
from bot.usecases.account import account_info
from bot.usecases.studio import Studio


def add_account(tree: app_commands.CommandTree, studio: Studio) -> None:
    @tree.command(description="Your plan and your jobs")
    @everywhere
    async def info(interaction: Interaction) -> None:
        # deferred even though it is quick: client programs wait for the edit of a deferred reply
        await interaction.response.defer(ephemeral=True, thinking=True)
        account = await account_info(place_of(interaction), studio=studio)
        await interaction.edit_original_response(embed=info_embed(interaction.user.id, account))
