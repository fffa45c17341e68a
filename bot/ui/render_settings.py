"""How a member's settings read, in full sentences. No awaits, no queries."""

from collections.abc import Sequence

import discord

from bot.domain.errors import PromptError
from bot.domain.settings import MemberSettings
from bot.domain.taste import Style
from bot.ui.render import MESSAGE_LIMIT
from bot.ui.render_gallery import GREY_BLUE
from bot.words import say, spoken

SHOWN_TEXT = 150
"""Characters of one option in the list of twenty, which an embed's 4,096 hold."""


def settings_content(settings: MemberSettings) -> str:
    """What is added to prompts, so that nobody has to guess what a switch does."""
    lines = [say("**Your settings**")]
    if settings.parameters:
        lines.append(say("Added to your prompts: `{parameters}`", parameters=settings.parameters))
    if settings.suffix:
        lines.append(say("Your suffix, which wins over them: `{suffix}`", suffix=quote(settings.suffix)))
    lines += [f"-# {spoken(misfit)}" for misfit in list_misfits(settings)]
    return "\n".join(lines)[:MESSAGE_LIMIT]


def told_suffix(settings: MemberSettings) -> str:
    if not settings.suffix:
        return say("Your suffix is taken away.")
    lines = [say("Your prompts end in `{suffix}` from now on.", suffix=quote(settings.suffix, 1_000))]
    return "\n".join([*lines, *(f"-# {spoken(misfit)}" for misfit in list_misfits(settings))])


def told_option(name: str, settings: MemberSettings) -> str:
    if name not in settings.options:
        return say("Your option `--{name}` is taken away.", name=name)
    text = quote(settings.options[name], 1_000)
    return say("`--{name}` in your prompts becomes `{text}` from now on.", name=name, text=text)


def told_remix(settings: MemberSettings) -> str:
    """Client programs know the state by the first words."""
    if settings.is_remix:
        return f"Remix mode turned on! {say('Variations of a picture will ask you for a new prompt.')}"
    return f"Remix mode turned off! {say('Variations of a picture keep its prompt.')}"


def told_variability(settings: MemberSettings) -> str:
    if settings.has_strong_variations:
        return say("High variation mode is on for V1-V4.")
    return say("Low variation mode is on for V1-V4.")


def told_auto_dm(settings: MemberSettings) -> str:
    if settings.is_auto_dm:
        return say("Everything you make from now on comes by direct message as well. Allow me to write to you.")
    return say("What you make no longer comes by direct message.")


def render_options(settings: MemberSettings) -> discord.Embed:
    lines = [f"`--{name}`: `{quote(text, SHOWN_TEXT)}`" for name, text in settings.options.items()]
    nothing = say("You have none. `/prefer option set` makes one: `hero` with a text is used as `--hero` in prompts.")
    return discord.Embed(title=say("Your options"), description="\n".join(lines) or nothing, colour=GREY_BLUE)


def render_styles(styles: Sequence[Style], likes_needed: int) -> discord.Embed:
    """The first is what `--p` stands for now."""
    lines = [f"`--p {style.code}`: {', '.join(part.text for part in style.words)}" for style in styles]
    nothing = say(
        "You have none yet. Like at least {count} pictures with ❤️ that have something in common.", count=likes_needed
    )
    return discord.Embed(title=say("Your styles"), description="\n".join(lines) or nothing, colour=GREY_BLUE)


def list_misfits(settings: MemberSettings) -> tuple[str, ...]:
    try:
        return settings.list_misfits()
    except PromptError as trouble:
        return (trouble.sentence,)


def quote(text: str, limit: int = 300) -> str:
    """A text that stands between backticks."""
    text = " ".join(text.replace("`", "ˋ").split())
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
