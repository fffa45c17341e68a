"""`/ask`, `/docs`, `/faq`: answers out of the studio's own pages, without asking anybody elsewhere."""

from collections.abc import Sequence

import discord
from discord import app_commands

from bot.domain.guide import Guide, Section
from bot.domain.said import Said
from bot.ui.answering import Interaction
from bot.ui.commands.places import everywhere
from bot.ui.render_gallery import GREY_BLUE
from bot.words import say, spoken

TITLE_LIMIT = 256
TEXT_LIMIT = 4_000
CHOICE_LIMIT = 100
NOT_FOUND = Said("I found nothing about that in my pages. Try other words, or look through `/docs` and `/faq`.")


def add_guide(tree: app_commands.CommandTree, pages: Guide, answers: Guide) -> None:
    """`pages` are all that may be asked about; `answers` those that are questions with answers."""
    everything = Guide(answers.sections + pages.sections)

    @tree.command(description="Look for an answer in the studio's pages")
    @everywhere
    @app_commands.describe(question="In your own words")
    async def ask(interaction: Interaction, question: app_commands.Range[str, 1, 300]) -> None:
        found = everything.search(question)
        embed = answer_embed(found)
        await interaction.response.send_message(f"> {_one_line(question)}", embed=embed, ephemeral=not found)

    _add_list(tree, "docs", "doc", "Show a part of the studio's pages", pages)
    _add_list(tree, "faq", "faq", "Show a question and its answer", answers)


def _add_list(tree: app_commands.CommandTree, name: str, option: str, description: str, guide: Guide) -> None:
    @app_commands.describe(topic="Which one", mention="Who should read it; nobody is notified")
    @app_commands.rename(topic=option)
    async def show(interaction: Interaction, topic: str, mention: discord.User | None = None) -> None:
        chosen = guide.find(topic)
        found = [chosen] if chosen else guide.search(topic)
        told = mention.mention if mention and found else None
        await interaction.response.send_message(told, embed=answer_embed(found), ephemeral=not found)

    async def offer(_: Interaction, current: str) -> list[app_commands.Choice[str]]:
        return [
            app_commands.Choice(name=section.title[:CHOICE_LIMIT], value=section.title[:CHOICE_LIMIT])
            for section in guide.offer(current)
        ]

    command = tree.command(name=name, description=description)(show)
    command.autocomplete("topic")(offer)


def answer_embed(found: Sequence[Section]) -> discord.Embed:
    if not found:
        return discord.Embed(description=spoken(NOT_FOUND), colour=GREY_BLUE)
    best, *others = found
    embed = discord.Embed(title=best.title[:TITLE_LIMIT], description=best.text[:TEXT_LIMIT], colour=GREY_BLUE)
    if others:
        embed.add_field(name=say("See also"), value="\n".join(f"`/docs` {section.title}" for section in others)[:1_024])
    return embed.set_footer(text=best.page)


def _one_line(text: str) -> str:
    return discord.utils.escape_markdown(" ".join(text.split()))
