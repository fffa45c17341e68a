"""What a member has set once for all that they ask: how it is kept, and how it enters their prompts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from bot.domain.errors import InvalidParameter, NotInPlan
from bot.domain.plan import Plan
from bot.domain.prompt import (
    GenerationParams,
    PromptPreferences,
    PromptRules,
    Speed,
    Visibility,
    check_option,
    check_suffix,
    parse_submission,
)
from bot.domain.prompt.looks import LOOKS
from bot.domain.prompt.preferences import MAX_CHOICES, MAX_OPTIONS, NOTHING
from bot.domain.prompt.versions import NIJI, TEST

SETTINGS_KEY = "settings"
"""Under which a member's settings stand among what is remembered of them."""


class StylizeLevel(StrEnum):
    LOW = "low"
    MED = "med"
    HIGH = "high"
    VERY_HIGH = "very_high"


_LEVELS = tuple(StylizeLevel)
_STYLIZE = dict(zip(_LEVELS, (50, 100, 250, 750), strict=True))
_STYLIZE_OF_TEST = dict(zip(_LEVELS, (1250, 2500, 4000, 5000), strict=True))
_STYLIZE_OF_OLD = dict.fromkeys(TEST, _STYLIZE_OF_TEST) | {
    "3": dict(zip(_LEVELS, (1250, 2500, 5000, 20_000), strict=True))
}


@dataclass(frozen=True, slots=True)
class MemberSettings:
    """`version` is a key of the versions, empty for the studio's own model; `variety` is 0 to 100; `look` a style.

    `has_strong_variations` decides what V1-V4 do; `look_sticks` takes the look over from the last `--style` typed.
    """

    version: str = ""
    stylize: StylizeLevel = StylizeLevel.MED
    is_raw: bool = False
    is_personal: bool = False
    variety: int = 0
    look: str = ""
    look_sticks: bool = False
    visibility: Visibility = Visibility.PUBLIC
    speed: Speed = Speed.FAST
    is_remix: bool = False
    has_strong_variations: bool = True
    is_auto_dm: bool = False
    suffix: str = ""
    options: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    @property
    def is_stealth(self) -> bool:
        return self.visibility is Visibility.STEALTH

    @property
    def parameters(self) -> str:
        """What is added to new prompts, as it would be typed. Empty when everything is as usual."""
        level = _STYLIZE_OF_OLD.get(self.version, _STYLIZE)[self.stylize]
        written = (
            "--raw" if self.is_raw else "",
            f"--style {self.look}" if self.look else "",
            f"--s {level}" if self.stylize is not StylizeLevel.MED else "",
            f"--c {self.variety}" if self.variety else "",
            "--p" if self.is_personal else "",
            write_version(self.version),
        )
        return " ".join(parameter for parameter in written if parameter)

    def preferences(self, profile: str = "", profiles: Mapping[int, str] = MappingProxyType({})) -> PromptPreferences:
        return PromptPreferences(
            options=self.options,
            suffix=self.suffix,
            settings=self.parameters,
            speed=self.speed,
            visibility=self.visibility,
            profile=profile,
            profiles=profiles,
        )

    def after(self, params: GenerationParams) -> Self:
        """The look of a prompt stays for the next ones, where that was asked for."""
        if not self.look_sticks:
            return self
        if params.style in LOOKS:
            return replace(self, look=params.style, is_raw=False)
        return replace(self, look="", is_raw=True) if params.raw else self

    def with_option(self, name: str, value: str | None) -> Self:
        """None takes the option away. Raises a `PromptError`."""
        others = {known: text for known, text in self.options.items() if known != name}
        if value is None:
            if name not in self.options:
                raise InvalidParameter(
                    "You have no option `--{name}`; `/prefer option list` shows yours.", name=name[:40]
                )
            return replace(self, options=MappingProxyType(others))
        check_option(name, value, others)
        if len(others) >= MAX_OPTIONS:
            raise InvalidParameter(
                "You have {limit} options already. Take one away before you add another.", limit=MAX_OPTIONS
            )
        return replace(self, options=MappingProxyType({**others, name: value}))

    def with_suffix(self, suffix: str) -> Self:
        """Raises a `PromptError` for one that no prompt could carry."""
        check_suffix(suffix, self.options)
        alone = type(self)(suffix=suffix, options=self.options)
        if alone.list_misfits():
            _read_typed(suffix, self.options)
        changed = replace(self, suffix=suffix)
        changed.list_misfits()
        return changed

    def list_misfits(self) -> tuple[str, ...]:
        """Sentences on what a plain prompt would be drawn without. Raises a `PromptError` when it could not be read."""
        preferences = replace(self.preferences(profile="own"), speed=Speed.FAST)
        rules = PromptRules(MAX_CHOICES)
        return parse_submission("a picture --fast", draw=lambda: 0, preferences=preferences, rules=rules).notices

    def reset(self) -> Self:
        """Everything that changes pictures is as usual again. What concerns speed, privacy and messages stays."""
        return type(self)(
            visibility=self.visibility, speed=self.speed, is_auto_dm=self.is_auto_dm, options=self.options
        )


USUAL = MemberSettings()


def check_settings(before: MemberSettings, after: MemberSettings, plan: Plan) -> None:
    """Raises `NotInPlan` for a change to what the plan leaves out."""
    if after.speed is not before.speed and after.speed is Speed.RELAX and not plan.has_relax:
        raise NotInPlan("Relax mode is only available for users with a standard plan or higher. `/fast` stays on.")
    if after.is_stealth and not before.is_stealth and not plan.has_stealth:
        raise NotInPlan("The plan {plan} has no stealth mode. Your pictures stay public.", plan=plan.name)


def _read_typed(suffix: str, options: Mapping[str, str]) -> None:
    """What is merely left out of a suffix is refused where it was typed, with the reason: raises a `PromptError`."""
    preferences = PromptPreferences(options=options, profile="own")
    parse_submission(f"a picture {suffix}", draw=lambda: 0, preferences=preferences, rules=PromptRules(MAX_CHOICES))


def write_version(version: str) -> str:
    """As it is typed: `--v 7`, `--niji 6`, `--test`; empty for none."""
    if version in (*NIJI, *TEST):
        return f"--{version}"
    return f"--v {version}" if version else ""


def dump_settings(settings: MemberSettings) -> str:
    """What differs from the usual, as JSON."""
    values = {each.name: getattr(settings, each.name) for each in fields(settings)}
    changed = {name: value for name, value in values.items() if value != getattr(USUAL, name)}
    if "options" in changed:
        changed["options"] = dict(settings.options)
    return json.dumps(changed, ensure_ascii=False)


def load_settings(stored: str | None) -> MemberSettings:
    """Back from `dump_settings`; what an older or a newer version of ours stored takes its default or is left out."""
    values = json.loads(stored) if stored else {}
    known = {each.name: values[each.name] for each in fields(MemberSettings) if each.name in values}
    for name, read in _FROM_JSON.items():
        if name in known:
            known[name] = read(known[name])
    return MemberSettings(**known)


_FROM_JSON: Mapping[str, Any] = {
    "stylize": StylizeLevel,
    "visibility": Visibility,
    "speed": Speed,
    "options": MappingProxyType,
}
