"""What a member sets once: how it is kept, how it enters prompts, and what each press of `/settings` changes."""

from dataclasses import fields, replace
from itertools import count
from types import MappingProxyType

import pytest

from bot.domain.errors import InvalidParameter, NotInPlan, PromptError
from bot.domain.plan import OPEN_STUDIO
from bot.domain.prompt import GenerationParams, ParsedPrompt, Speed, Visibility, parse_submission
from bot.domain.prompt.preferences import MAX_OPTIONS
from bot.domain.prompt.table import NAMES
from bot.domain.prompt.versions import EVERY, NIJI, NUMBERED, TEST
from bot.domain.settings import (
    USUAL,
    MemberSettings,
    StylizeLevel,
    check_settings,
    dump_settings,
    load_settings,
)
from bot.domain.settings_buttons import LOOK_SELECT, VERSION_SELECT, list_switches, press_setting
from tests.domain.factories import CATALOGUE

CHANGED = MemberSettings(
    version="niji 6",
    stylize=StylizeLevel.VERY_HIGH,
    is_raw=True,
    is_personal=True,
    variety=20,
    look="oil",
    look_sticks=True,
    visibility=Visibility.STEALTH,
    speed=Speed.TURBO,
    is_remix=True,
    has_strong_variations=False,
    is_auto_dm=True,
    suffix="--ar 3:2",
    options=MappingProxyType({"hero": "a tall sailor"}),
)


def drawn(prompt: str, settings: MemberSettings) -> ParsedPrompt:
    numbers = count(1)
    return parse_submission(prompt, draw=lambda: next(numbers), preferences=settings.preferences("own")).prompts[0]


def press(settings: MemberSettings, custom_id: str, chosen: str = "") -> MemberSettings:
    changed = press_setting(settings, custom_id, chosen)
    assert changed is not None
    return changed


def id_of(label: str) -> str:
    return next(each.custom_id for row in list_switches(USUAL) for each in row if each.label == label)


def labels_on(settings: MemberSettings) -> set[str]:
    return {switch.label for row in list_switches(settings) for switch in row if switch.is_on}


def test_every_setting_is_kept() -> None:
    assert all(getattr(CHANGED, each.name) != getattr(USUAL, each.name) for each in fields(MemberSettings))
    assert load_settings(dump_settings(CHANGED)) == CHANGED
    assert load_settings(dump_settings(USUAL)) == load_settings(None) == USUAL


def test_settings_of_another_version_of_ours_are_read() -> None:
    assert load_settings('{"is_remix": true, "of_tomorrow": [1]}') == MemberSettings(is_remix=True)


@pytest.mark.parametrize(
    ("settings", "echo"),
    [
        (USUAL, "fox"),
        (replace(USUAL, version="7", stylize=StylizeLevel.HIGH), "fox --s 250 --v 7.0"),
        (replace(USUAL, version="3", stylize=StylizeLevel.LOW), "fox --s 1250 --v 3.0"),
        (replace(USUAL, version="test", stylize=StylizeLevel.VERY_HIGH), "fox --s 5000 --test"),
        (replace(USUAL, version="niji 6", is_raw=True), "fox --raw --niji 6"),
        (replace(USUAL, look="pixel-art", variety=5), "fox --style pixel-art --c 5"),
        (replace(USUAL, is_personal=True), "fox --p own"),
        (replace(USUAL, suffix="--ar 3:2 --s 50", stylize=StylizeLevel.HIGH), "fox --ar 3:2 --s 50"),
        (replace(USUAL, speed=Speed.RELAX, visibility=Visibility.STEALTH), "fox"),
    ],
)
def test_settings_become_parameters(settings: MemberSettings, echo: str) -> None:
    assert drawn("fox", settings).echo == echo


@pytest.mark.parametrize("version", sorted(EVERY))
@pytest.mark.parametrize("level", StylizeLevel)
def test_every_version_takes_every_level_that_it_knows(version: str, level: StylizeLevel) -> None:
    misfits = replace(USUAL, version=version, stylize=level).list_misfits()
    expected = level is not StylizeLevel.MED and version not in NAMES["stylize"].versions
    assert bool(misfits) == expected


def test_what_is_typed_wins() -> None:
    assert drawn("fox --niji 5 --s 60", replace(USUAL, version="7", stylize=StylizeLevel.HIGH)).echo == (
        "fox --niji 5 --s 60"
    )


def test_a_look_adds_its_words_and_gives_way_to_raw() -> None:
    assert drawn("fox", replace(USUAL, look="oil")).params.style == "oil"
    assert press(replace(USUAL, look="oil"), "MJ::Settings::Style::raw") == replace(USUAL, is_raw=True)
    assert press(replace(USUAL, is_raw=True), LOOK_SELECT, "oil") == replace(USUAL, look="oil")
    assert press(replace(USUAL, look="oil"), LOOK_SELECT, "studio") == USUAL


def test_a_sticky_style_is_that_of_the_last_prompt() -> None:
    sticky = replace(USUAL, look_sticks=True)
    assert sticky.after(GenerationParams("fox", 1, style="oil")).look == "oil"
    assert replace(sticky, look="oil").after(GenerationParams("fox", 1, raw=True)) == replace(sticky, is_raw=True)
    assert sticky.after(GenerationParams("fox", 1)) == sticky
    assert USUAL.after(GenerationParams("fox", 1, style="oil")) == USUAL


@pytest.mark.parametrize(
    ("label", "changed"),
    [
        ("RAW Mode", {"is_raw": True}),
        ("Personalization", {"is_personal": True}),
        ("Public mode", {"visibility": Visibility.STEALTH}),
        ("Remix mode", {"is_remix": True}),
        ("Sticky Style", {"look_sticks": True}),
        ("Stylize low", {"stylize": StylizeLevel.LOW}),
        ("Stylize med", {}),
        ("Stylize high", {"stylize": StylizeLevel.HIGH}),
        ("Stylize very high", {"stylize": StylizeLevel.VERY_HIGH}),
        ("High Variation Mode", {}),
        ("Low Variation Mode", {"has_strong_variations": False}),
        ("Turbo mode", {"speed": Speed.TURBO}),
        ("Fast mode", {}),
        ("Relax mode", {"speed": Speed.RELAX}),
    ],
)
def test_each_press_changes_one_thing_and_shows_it(label: str, changed: dict[str, object]) -> None:
    pressed = press(USUAL, id_of(label))
    assert pressed == replace(USUAL, **changed)  # type: ignore[arg-type]
    assert (label in labels_on(pressed)) == (label != "Public mode")


def test_switches_are_pressed_back() -> None:
    for label in ("RAW Mode", "Personalization", "Public mode", "Remix mode", "Sticky Style"):
        assert press(press(USUAL, id_of(label)), id_of(label)) == USUAL


@pytest.mark.parametrize("version", [*NUMBERED, *NIJI, *TEST])
def test_versions_are_chosen(version: str) -> None:
    assert press(USUAL, VERSION_SELECT, version).version == version
    assert press(replace(USUAL, version=version), VERSION_SELECT, "studio") == USUAL


@pytest.mark.parametrize(
    ("custom_id", "chosen"),
    [
        (VERSION_SELECT, "9"),
        (LOOK_SELECT, "nothing such"),
        ("MJ::Settings::Stylize::huge", ""),
        ("MJ::Settings::", ""),
        ("MJ::Settings::Unknown", ""),
    ],
)
def test_what_is_not_offered_is_not_taken(custom_id: str, chosen: str) -> None:
    assert press_setting(USUAL, custom_id, chosen) is None


def test_a_reset_keeps_what_is_not_about_pictures() -> None:
    kept = {"visibility", "speed", "is_auto_dm", "options"}
    reset = press(CHANGED, id_of("Reset Settings"))
    for each in fields(MemberSettings):
        expected = CHANGED if each.name in kept else USUAL
        assert getattr(reset, each.name) == getattr(expected, each.name)


def test_options_are_stored_changed_and_taken_away() -> None:
    one = USUAL.with_option("hero", "a tall sailor").with_option("hero", "a small sailor")
    assert one.options == {"hero": "a small sailor"}
    assert drawn("--hero at sea", one).echo == "a small sailor at sea"
    assert one.with_option("hero", None) == USUAL
    with pytest.raises(InvalidParameter, match="no option"):
        USUAL.with_option("hero", None)


def test_an_option_within_itself_by_way_of_another_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="stands within itself"):
        USUAL.with_option("a", "--b x").with_option("b", "--a y")


def test_there_is_a_last_option() -> None:
    settings = replace(USUAL, options={f"o{n}": "x" for n in range(MAX_OPTIONS)})
    assert settings.with_option("o3", "y").options["o3"] == "y"
    with pytest.raises(InvalidParameter, match="20 options already"):
        settings.with_option("more", "x")


@pytest.mark.parametrize("suffix", ["--ar 3:2", "--ar {1:1, 3:2}", "--hero", "", "--sw 200", "--p"])
def test_suffixes_that_prompts_can_carry(suffix: str) -> None:
    settings = USUAL.with_option("hero", "--raw")
    assert settings.with_suffix(suffix).suffix == suffix


@pytest.mark.parametrize(
    "suffix",
    ["in oil", "--foo", "--v 99", "--ar", "--ar 3:2 {a, b}", "--fast --ar 1:1 x", "--ar nope", "--v 3 --weird 5"],
)
def test_suffixes_that_no_prompt_could_carry(suffix: str) -> None:
    with pytest.raises(PromptError):
        USUAL.with_suffix(suffix)


def test_a_suffix_that_is_left_out_is_told_of() -> None:
    """It suits a version of its own, not the one of the settings."""
    misfits = replace(USUAL, version="3").with_suffix("--weird 5").list_misfits()
    assert misfits == ("`--weird` of your suffix does not fit with `--version 3` and was left out.",)


def test_a_suffix_with_a_value_that_fits_nowhere_is_refused_with_the_reason() -> None:
    with pytest.raises(InvalidParameter, match="`--ar` needs two whole numbers"):
        USUAL.with_suffix("--ar nope")


def test_plans_decide_what_may_be_switched_on() -> None:
    basic, pro = CATALOGUE.plans[0], CATALOGUE.plans[2]
    relax, stealth = replace(USUAL, speed=Speed.RELAX), replace(USUAL, visibility=Visibility.STEALTH)
    for plan in (pro, OPEN_STUDIO):
        check_settings(USUAL, relax, plan)
        check_settings(USUAL, stealth, plan)
    for wanted in (relax, stealth):
        with pytest.raises(NotInPlan):
            check_settings(USUAL, wanted, basic)
        check_settings(wanted, USUAL, basic)
        check_settings(
            wanted, replace(wanted, is_raw=True), basic
        )  # what was switched on before does not lock the rest
