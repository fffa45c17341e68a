"""Commands in the languages that Discord shows them in: what they do, and what those of our own are called.

The names that Midjourney has given are names in every language, for people know them and programs ask for them.
"""

import asyncio

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location
from discord.app_commands import TranslationContextTypes, locale_str

from bot.words.language import CODES, find_language, open_language

NAMES = frozenset({Location.command_name, Location.group_name, Location.parameter_name})
RENAMED = frozenset({"gallery", "region", "style", "upscale"})
"""Commands that are ours alone. So are the menus on messages, which nobody types."""


class Translator(app_commands.Translator):
    async def load(self) -> None:
        """Reads every language, so that nobody's first words wait for the disk."""
        await asyncio.to_thread(lambda: [open_language(code) for code in CODES])

    async def translate(
        self, string: locale_str, locale: discord.Locale, context: TranslationContextTypes
    ) -> str | None:
        language = find_language(str(locale))
        return language.find_name(string.message) if context.location in NAMES else language.find(string.message)
