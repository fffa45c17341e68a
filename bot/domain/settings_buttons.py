"""What `/settings` offers, with the ids and labels that client programs know, and what a press of each changes.

Ids that Midjourney's are known for are kept; the others are in the same manner. What is ours alone has our prefix.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bot.domain.prompt import Speed, Visibility
from bot.domain.prompt.looks import LOOKS
from bot.domain.prompt.versions import ANY, EVERY
from bot.domain.settings import MemberSettings, StylizeLevel

PREFIX = "MJ::Settings::"
VERSION_SELECT = f"{PREFIX}VersionSelector"
LOOK_SELECT = "EASEL::settings::look"
STUDIO_MODEL = "studio"
"""Stands for no version and no look: the values of a select cannot be empty."""

Press = Callable[[MemberSettings], MemberSettings]


@dataclass(frozen=True, slots=True)
class Switch:
    """A button that is green when `is_on`."""

    label: str
    emoji: str
    custom_id: str
    is_on: bool


def list_switches(settings: MemberSettings) -> tuple[tuple[Switch, ...], ...]:
    """Three rows of five."""
    levels = tuple(
        Switch(f"Stylize {level.replace('_', ' ')}", "🖌️", f"{PREFIX}Stylize::{level}", settings.stylize is level)
        for level in StylizeLevel
    )
    strong = settings.has_strong_variations
    return (
        (
            Switch("RAW Mode", "🪄", f"{PREFIX}Style::raw", settings.is_raw),
            Switch("Personalization", "🪄", f"{PREFIX}Personalization", settings.is_personal),
            Switch("Public mode", "🧍", f"{PREFIX}PublicMode", not settings.is_stealth),
            Switch("Remix mode", "🎬", f"{PREFIX}RemixMode", settings.is_remix),
            Switch("Sticky Style", "📌", f"{PREFIX}StickyStyle", settings.look_sticks),
        ),
        (*levels, Switch("Reset Settings", "🧹", f"{PREFIX}Reset", False)),
        (
            Switch("High Variation Mode", "🎨", f"{PREFIX}HighVariabilityMode::1", strong),
            Switch("Low Variation Mode", "🎨", f"{PREFIX}HighVariabilityMode::0", not strong),
            Switch("Turbo mode", "⚡", f"{PREFIX}TurboMode", settings.speed is Speed.TURBO),
            Switch("Fast mode", "🐇", f"{PREFIX}RelaxMode::off", settings.speed is Speed.FAST),
            Switch("Relax mode", "🐢", f"{PREFIX}RelaxMode::on", settings.speed is Speed.RELAX),
        ),
    )


def is_setting(custom_id: str) -> bool:
    return custom_id.startswith(PREFIX) or custom_id == LOOK_SELECT


def press_setting(settings: MemberSettings, custom_id: str, chosen: str = "") -> MemberSettings | None:
    """The settings after a press, or after `chosen` was chosen in a select. None when there is no such thing."""
    if custom_id == LOOK_SELECT:
        return _choose_look(settings, chosen)
    if custom_id == VERSION_SELECT:
        version = ANY if chosen == STUDIO_MODEL else chosen
        return replace(settings, version=version) if version in EVERY else None
    press = _PRESSES.get(custom_id)
    return press(settings) if press else None


def _choose_look(settings: MemberSettings, chosen: str) -> MemberSettings | None:
    """A look and RAW exclude each other, as they do in a prompt."""
    if chosen == STUDIO_MODEL:
        return replace(settings, look="")
    return replace(settings, look=chosen, is_raw=False) if chosen in LOOKS else None


def _press_stylize(level: StylizeLevel) -> Press:
    return lambda settings: replace(settings, stylize=level)


def _press_visibility(settings: MemberSettings) -> MemberSettings:
    return replace(settings, visibility=Visibility.PUBLIC if settings.is_stealth else Visibility.STEALTH)


_PRESSES: Mapping[str, Press] = {
    f"{PREFIX}Style::raw": lambda settings: replace(settings, is_raw=not settings.is_raw, look=""),
    f"{PREFIX}Personalization": lambda settings: replace(settings, is_personal=not settings.is_personal),
    f"{PREFIX}PublicMode": _press_visibility,
    f"{PREFIX}RemixMode": lambda settings: replace(settings, is_remix=not settings.is_remix),
    f"{PREFIX}StickyStyle": lambda settings: replace(settings, look_sticks=not settings.look_sticks),
    **{f"{PREFIX}Stylize::{level}": _press_stylize(level) for level in StylizeLevel},
    f"{PREFIX}Reset": lambda settings: settings.reset(),
    f"{PREFIX}HighVariabilityMode::1": lambda settings: replace(settings, has_strong_variations=True),
    f"{PREFIX}HighVariabilityMode::0": lambda settings: replace(settings, has_strong_variations=False),
    f"{PREFIX}TurboMode": lambda settings: replace(settings, speed=Speed.TURBO),
    f"{PREFIX}RelaxMode::off": lambda settings: replace(settings, speed=Speed.FAST),
    f"{PREFIX}RelaxMode::on": lambda settings: replace(settings, speed=Speed.RELAX),
}
