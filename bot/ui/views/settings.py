"""The message of `/settings`: a menu of versions, one of looks, and rows of switches, green where something is on."""

from collections.abc import Sequence

import discord

from bot.domain.prompt.looks import LOOKS, Look
from bot.domain.prompt.versions import ANY, NIJI, NUMBERED, TEST, echo_version
from bot.domain.settings import MemberSettings
from bot.domain.settings_buttons import LOOK_SELECT, STUDIO_MODEL, VERSION_SELECT, Switch, list_switches
from bot.ui.views.job_actions import written
from bot.usecases.settings import SettingsPage
from bot.words import say, spoken

Select = discord.ui.Select[discord.ui.View]

VERSIONS = (ANY, *reversed(NUMBERED), *reversed(NIJI), *TEST)
FIRST_SWITCHES = 2
"""The row of the first switches: a menu takes a whole row."""


def settings_actions(page: SettingsPage) -> discord.ui.View:
    settings = page.settings
    switches = [
        _switch(switch, row)
        for row, switches in enumerate(list_switches(settings), start=FIRST_SWITCHES)
        for switch in switches
    ]
    return written([_versions(page), _looks(settings, page.looks), *switches])


def _versions(page: SettingsPage) -> Select:
    options = [
        discord.SelectOption(
            label=_name_version(version, page),
            value=version or STUDIO_MODEL,
            description=say("drawn by {model}", model=page.models[version])[:100],
            default=version == page.settings.version,
        )
        for version in VERSIONS
    ]
    return discord.ui.Select(custom_id=VERSION_SELECT, placeholder=say("Choose a version"), options=options, row=0)


def _name_version(version: str, page: SettingsPage) -> str:
    """Client programs read what stands in brackets."""
    if not version:
        return say("The studio's own model ({model})", model=page.models[version])[:100]
    if version in NIJI:
        return f"Niji version {echo_version(version)} (Niji {echo_version(version)})"
    return f"Version {version} (V{version})" if version in NUMBERED else f"Version {version} ({version})"


def _looks(settings: MemberSettings, looks: Sequence[Look]) -> Select:
    """Those that the model reads, and the chosen one in any case."""
    shown = {look.name: look for look in looks}
    if settings.look in LOOKS:
        shown[settings.look] = LOOKS[settings.look]
    options = [discord.SelectOption(label=say("No look of its own"), value=STUDIO_MODEL, default=not settings.look)]
    options += [
        discord.SelectOption(
            label=spoken(look.label),
            value=look.name,
            description=f"--style {look.name}",
            default=look.name == settings.look,
        )
        for look in shown.values()
    ]
    return discord.ui.Select(custom_id=LOOK_SELECT, placeholder=say("Choose a look"), options=options, row=1)


def _switch(switch: Switch, row: int) -> discord.ui.Button[discord.ui.View]:
    style = discord.ButtonStyle.success if switch.is_on else discord.ButtonStyle.secondary
    return discord.ui.Button(style=style, label=switch.label, emoji=switch.emoji, custom_id=switch.custom_id, row=row)
