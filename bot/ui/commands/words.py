"""`/describe` and `/shorten`: from a picture to prompts, and from a long prompt to what matters in it."""

import asyncio

import discord
from discord import app_commands

from bot.domain.errors import InvalidLink
from bot.domain.job import UserId
from bot.domain.prompt.links import read_link
from bot.domain.suggestions import shorten_words
from bot.ui.answering import Interaction
from bot.ui.commands.places import everywhere
from bot.ui.render_answers import described_embed, described_file, shortened_embed
from bot.ui.views.suggestions import described_actions, shortened_actions
from bot.usecases.answers import describe_picture, split_parameters, weigh_prompt
from bot.usecases.studio import Studio


def add_words(tree: app_commands.CommandTree, studio: Studio) -> None:
    @tree.command(description="Four prompts for a picture")
    @everywhere
    @app_commands.describe(image="The picture", link="Its address, instead of an upload")
    async def describe(interaction: Interaction, image: discord.Attachment | None = None, link: str = "") -> None:
        if (image is None) == (not link.strip()):
            raise InvalidLink("Give me one picture: an upload or a link.")
        if image is None and read_link(link.strip()) is None:
            raise InvalidLink("`{link}` is not a usable link; copy the whole address of a picture.", link=link[:80])
        await interaction.response.defer(thinking=True)
        await show_description(interaction, image.url if image else link.strip(), studio=studio)

    @tree.command(description="Find out which words of a prompt matter")
    @app_commands.describe(prompt="A prompt without :: and --no")
    async def shorten(interaction: Interaction, prompt: str) -> None:
        _, parameters = split_parameters(prompt)
        await interaction.response.defer(thinking=True)
        words = await weigh_prompt(prompt, UserId(interaction.user.id), studio=studio)
        prompts = [f"{shorter} {parameters}".strip() for shorter in shorten_words(words)]
        embed, view = shortened_embed(words, prompts), shortened_actions(len(prompts))
        await interaction.edit_original_response(embed=embed, view=view)


async def show_description(interaction: Interaction, url: str, *, studio: Studio) -> None:
    """In the answer that was announced, which may show an earlier description."""
    description = await describe_picture(url, UserId(interaction.user.id), studio=studio)
    file = await asyncio.to_thread(described_file, description, interaction.filesize_limit)
    view = described_actions(len(description.texts))
    await interaction.edit_original_response(embed=described_embed(description, file), attachments=[file], view=view)
