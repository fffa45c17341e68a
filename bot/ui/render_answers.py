"""How `/describe` and `/shorten` answer. Everything that their buttons need later stands in the message."""

import io
from collections.abc import Sequence

import discord

from bot.domain.suggestions import Weighed, mark_words, number_lines, read_numbered
from bot.pictures import encode_png, fit_bytes
from bot.ui.render_gallery import GREY_BLUE
from bot.usecases.answers import Description
from bot.words import say

DESCRIPTION_LIMIT = 4_096
IMPORTANT, SHORTENED = "Important tokens", "Shortened prompts"
SHORTEN_FOOTER = "Click on a button to imagine one of the shortened prompts"
BAR = "▰"


def described_file(description: Description, limit: int) -> discord.File:
    """The picture goes into the message, for its own address may die."""
    data, extension = fit_bytes(encode_png(description.pixels), limit)
    return discord.File(io.BytesIO(data), f"described.{extension}", description=say("The picture that is described"))


def described_embed(description: Description, file: discord.File) -> discord.Embed:
    embed = discord.Embed(description=number_lines(description.texts)[:DESCRIPTION_LIMIT], colour=GREY_BLUE)
    return embed.set_image(url=file.uri)


def shortened_embed(words: Sequence[Weighed], prompts: Sequence[str]) -> discord.Embed:
    shorter = number_lines(prompts, between="\n")
    text = f"{IMPORTANT}\n{mark_words(words)}\n\n{SHORTENED}\n{shorter}"
    embed = discord.Embed(title=say("Your prompt, weighed"), description=text[:DESCRIPTION_LIMIT], colour=GREY_BLUE)
    return embed.set_footer(text=SHORTEN_FOOTER)


def details_embed(words: Sequence[Weighed]) -> discord.Embed:
    ranked = sorted(words, key=lambda one: -one[1])
    lines = [f"`{weight:4.2f}` {BAR * round(weight * 10)} {word.rstrip(',.;:!?') or word}" for word, weight in ranked]
    text = "\n".join(lines)[:DESCRIPTION_LIMIT]
    return discord.Embed(title=say("How much each word matters"), description=text, colour=GREY_BLUE)


def read_prompts(message: discord.Message) -> list[str]:
    return read_numbered(message.embeds[0].description or "") if message.embeds else []


def read_weighed_prompt(message: discord.Message) -> str:
    """The words that were weighed, without their marks."""
    text = (message.embeds[0].description or "") if message.embeds else ""
    return text.partition(f"{IMPORTANT}\n")[2].partition("\n")[0].replace("**", "").replace("~~", "")
