"""How a member's settings read, in full sentences. No awaits, no queries."""

from collections.abc import Sequence

import discord

from bot.domain.errors import PromptError
from bot.domain.settings import MemberSettings
from bot.domain.taste import Style
from bot.ui.render import MESSAGE_LIMIT
from bot.ui.render_gallery import GREY_BLUE

SHOWN_TEXT = 150
"""Characters of one option in the list of twenty, which an embed's 4,096 hold."""


def settings_content(settings: MemberSettings) -> str:
    """What is added to prompts, so that nobody has to guess what a switch does."""
    lines = ["**Your settings**"]
    if settings.parameters:
        lines.append(f"Added to your prompts: `{settings.parameters}`")
    if settings.suffix:
        lines.append(f"Your suffix, which wins over them: `{quote(settings.suffix)}`")
    lines += [f"-# {misfit}" for misfit in list_misfits(settings)]
    return "\n".join(lines)[:MESSAGE_LIMIT]


def told_suffix(settings: MemberSettings) -> str:
    if not settings.suffix:
        return "Your suffix is taken away."
    lines = [f"Your prompts end in `{quote(settings.suffix, 1_000)}` from now on."]
    return "\n".join([*lines, *(f"-# {misfit}" for misfit in list_misfits(settings))])


def told_option(name: str, settings: MemberSettings) -> str:
    if name not in settings.options:
        return f"Your option `--{name}` is taken away."
    return f"`--{name}` in your prompts becomes `{quote(settings.options[name], 1_000)}` from now on."


def told_remix(settings: MemberSettings) -> str:
    """Client programs know the state by the first words."""
    if settings.is_remix:
        return "Remix mode turned on! Variations of a picture will ask you for a new prompt."
    return "Remix mode turned off! Variations of a picture keep its prompt."


def told_variability(settings: MemberSettings) -> str:
    return f"{'High' if settings.has_strong_variations else 'Low'} variation mode is on for V1-V4."


def told_auto_dm(settings: MemberSettings) -> str:
    if settings.is_auto_dm:
        return "Everything you make from now on comes by direct message as well. Allow me to write to you."
    return "What you make no longer comes by direct message."


def render_options(settings: MemberSettings) -> discord.Embed:
    lines = [f"`--{name}`: `{quote(text, SHOWN_TEXT)}`" for name, text in settings.options.items()]
    nothing = "You have none. `/prefer option set` makes one: `hero` with a text is used as `--hero` in prompts."
    return discord.Embed(title="Your options", description="\n".join(lines) or nothing, colour=GREY_BLUE)


def render_styles(styles: Sequence[Style], likes_needed: int) -> discord.Embed:
    """The first is what `--p` stands for now."""
    lines = [f"`--p {style.code}`: {', '.join(part.text for part in style.words)}" for style in styles]
    nothing = f"You have none yet. Like at least {likes_needed} pictures with ❤️ that have something in common."
    return discord.Embed(title="Your styles", description="\n".join(lines) or nothing, colour=GREY_BLUE)


def list_misfits(settings: MemberSettings) -> tuple[str, ...]:
    try:
        return settings.list_misfits()
    except PromptError as trouble:
        return (trouble.sentence,)


def quote(text: str, limit: int = 300) -> str:
    """A text that stands between backticks."""
    text = " ".join(text.replace("`", "ˋ").split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
