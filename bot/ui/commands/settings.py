"""`/settings` and `/prefer`: what a member sets once for all that they ask. Every answer is for the member alone."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from discord import app_commands

from bot.domain.job import UserId
from bot.domain.prompt.preferences import MAX_OPTION_NAME, MAX_PROMPT
from bot.domain.settings import MemberSettings
from bot.ui.answering import Interaction, answer_alone, place_of
from bot.ui.commands.places import everywhere
from bot.ui.render_settings import (
    render_options,
    render_styles,
    settings_content,
    told_auto_dm,
    told_option,
    told_remix,
    told_suffix,
    told_variability,
)
from bot.ui.views.settings import settings_actions
from bot.usecases.personal import list_styles
from bot.usecases.settings import Change, change_settings, open_page, read_settings
from bot.usecases.studio import Studio
from bot.words import say

OFFERED = 25
"""Choices that Discord shows beneath an option."""

OptionName = app_commands.Range[str, 1, MAX_OPTION_NAME]
OptionText = app_commands.Range[str, 1, MAX_PROMPT]


@dataclass(frozen=True, slots=True)
class Toggle:
    """A sub-command of `/prefer` that switches something over, and what it says of the new state."""

    name: str
    description: str
    change: Change
    told: Callable[[MemberSettings], str]


TOGGLES = (
    Toggle(
        "remix",
        "Edit the prompt whenever you vary a picture, on or off",
        lambda held: replace(held, is_remix=not held.is_remix),
        told_remix,
    ),
    Toggle(
        "variability",
        "Strong or subtle variations by V1-V4",
        lambda held: replace(held, has_strong_variations=not held.has_strong_variations),
        told_variability,
    ),
    Toggle(
        "auto_dm",
        "Get everything you make by direct message as well, on or off",
        lambda held: replace(held, is_auto_dm=not held.is_auto_dm),
        told_auto_dm,
    ),
)


def add_settings(tree: app_commands.CommandTree, studio: Studio) -> None:
    @tree.command(description="What is added to your prompts, and how your jobs are drawn")
    @everywhere
    async def settings(interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        held = await read_settings(UserId(interaction.user.id), studio=studio)
        view = settings_actions(open_page(held, studio=studio))
        await interaction.edit_original_response(content=settings_content(held), view=view)

    @tree.command(description="The styles of your own that --p stands for, with codes that others can use")
    async def list_personalize_codes(interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        styles = await list_styles(UserId(interaction.user.id), studio=studio)
        await interaction.edit_original_response(embed=render_styles(styles, studio.likes_needed))

    tree.add_command(_prefer(studio))


def _prefer(studio: Studio) -> app_commands.Group:
    prefer = app_commands.Group(name="prefer", description="What you prefer, for all your prompts")
    prefer.add_command(_options(studio))
    for toggle in TOGGLES:
        _add_toggle(prefer, toggle, studio)

    @prefer.command(description="Parameters that stand at the end of every prompt of yours")
    @app_commands.describe(new_value="Such as --ar 3:2; left out, your suffix is taken away")
    async def suffix(interaction: Interaction, new_value: OptionText | None = None) -> None:
        async def work() -> str:
            return told_suffix(await _change(interaction, lambda held: held.with_suffix(new_value or ""), studio))

        await answer_alone(interaction, work())

    @prefer.command(description="How far the pictures of a grid go apart, 0 to 100")
    @app_commands.describe(amount="0 is the usual; the same as --chaos")
    async def variety(interaction: Interaction, amount: app_commands.Range[int, 0, 100]) -> None:
        async def work() -> str:
            await _change(interaction, lambda held: replace(held, variety=amount), studio)
            if not amount:
                return say("Your grids are as usual again.")
            return say("Your prompts carry `--c {amount}` from now on.", amount=amount)

        await answer_alone(interaction, work())

    return prefer


def _add_toggle(prefer: app_commands.Group, toggle: Toggle, studio: Studio) -> None:
    @prefer.command(name=toggle.name, description=toggle.description)
    async def switch(interaction: Interaction) -> None:
        async def work() -> str:
            return toggle.told(await _change(interaction, toggle.change, studio))

        await answer_alone(interaction, work())


def _options(studio: Studio) -> app_commands.Group:
    options = app_commands.Group(name="option", description="Parameters of your own")

    @options.command(name="set", description="Give a text a short name that you can use in prompts")
    @app_commands.describe(option="Its name: `hero` is used as --hero", value="Its text; left out, it is taken away")
    async def set_option(interaction: Interaction, option: OptionName, value: OptionText | None = None) -> None:
        name = option.strip().removeprefix("--")

        async def work() -> str:
            changed = await _change(interaction, lambda held: held.with_option(name, value), studio)
            return told_option(name, changed)

        await answer_alone(interaction, work())

    @set_option.autocomplete("option")
    async def offer(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
        held = await read_settings(UserId(interaction.user.id), studio=studio)
        names = [name for name in held.options if current.removeprefix("--").lower() in name]
        return [app_commands.Choice(name=name, value=name) for name in names[:OFFERED]]

    @options.command(name="list", description="Your options and their texts")
    async def list_options(interaction: Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        held = await read_settings(UserId(interaction.user.id), studio=studio)
        await interaction.edit_original_response(embed=render_options(held))

    return options


async def _change(interaction: Interaction, change: Change, studio: Studio) -> MemberSettings:
    return await change_settings(place_of(interaction), change, studio=studio)
