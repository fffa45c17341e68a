"""`/help`, `/userid`, `/invite`: the way into the studio and to its operator."""

from dataclasses import dataclass

import discord
from discord import app_commands

from bot.domain.said import Said
from bot.ui.answering import Interaction
from bot.ui.check import invite_url, own_install_url
from bot.ui.commands.places import everywhere
from bot.ui.reactions import ReactionEmoji
from bot.ui.render_gallery import GREY_BLUE
from bot.ui.views.job_actions import written
from bot.words import say, spoken

GUIDE = Said(
    """`/imagine prompt` draws four pictures. Say what is in them, where, in which light and style.

**Parameters** go after the words: `--ar 3:2` shape, `--no trees` what to leave out, `--seed 7` the same chance again, \
`--quality .5` fewer steps.
**Under a grid** U1-U4 take one picture out, V1-V4 vary it, 🔄 draws the prompt again.
**React** to your own picture with {reactions}.
`/settings` and `/prefer` hold for all your prompts. `/gallery` shows what was kept, `/info` your jobs.
`/ask` finds answers, `/docs` explains every parameter and command, `/faq` what others have asked."""
)


@dataclass(frozen=True, slots=True)
class Links:
    """Where members are led; empty ones are not offered. `account` is where plans are managed."""

    community: str = ""
    account: str = ""


def add_about(tree: app_commands.CommandTree, emoji: ReactionEmoji, links: Links) -> None:
    @tree.command(name="help", description="How to use the studio")
    @everywhere
    async def show_help(interaction: Interaction) -> None:
        embed = discord.Embed(title=say("How to use the studio"), description=help_text(emoji), colour=GREY_BLUE)
        await interaction.response.send_message(embed=embed, ephemeral=True)

    @tree.command(description="Your number, by which an operator finds you")
    @everywhere
    async def userid(interaction: Interaction) -> None:
        await interaction.response.send_message(say("Your user id is `{id}`.", id=interaction.user.id), ephemeral=True)

    @tree.command(description="Add the studio to a server, or to your own account")
    async def invite(interaction: Interaction) -> None:
        urls = {
            say("Add to a server"): invite_url(interaction.client),
            say("Add to my account"): own_install_url(interaction.client),
            say("Join our server"): links.community,
        }
        view = link_buttons(urls)
        await interaction.response.send_message(say("Take the studio along:"), view=view, ephemeral=True)


def link_buttons(urls: dict[str, str]) -> discord.ui.View:
    """By label; empty addresses are left out."""
    return written([discord.ui.Button(label=label, url=url) for label, url in urls.items() if url])


def help_text(emoji: ReactionEmoji) -> str:
    """With the reactions as this studio has set them; those that are switched off are left out."""
    uses = {
        emoji.dm: say("to get it by direct message"),
        emoji.discard: say("to stop it or to move it to the trash"),
        emoji.again: say("to draw its prompt again"),
        " ".join(emoji.upscale): say("to take one picture out"),
        " ".join(emoji.vary): say("to vary one"),
    }
    reactions = ", ".join(f"{sign} {use}" for sign, use in uses.items() if sign)
    return spoken(GUIDE).format(reactions=reactions or say("nothing here"))
