"""What a member has stored enters the prompts: options, suffix, settings."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.errors import InvalidParameter, PromptError, PromptTooLong
from bot.domain.prompt import PromptPreferences, PromptRules, check_option, check_suffix, find_mentions
from bot.domain.prompt.parse import Submission, parse_submission
from bot.domain.prompt.preferences import MAX_MENTIONS


def submit(raw: str, preferences: PromptPreferences, rules: PromptRules | None = None) -> Submission:
    numbers = count(1)
    return parse_submission(raw, draw=lambda: next(numbers), preferences=preferences, rules=rules)


def echoes(raw: str, preferences: PromptPreferences) -> list[str]:
    return [prompt.echo for prompt in submit(raw, preferences).prompts]


@pytest.mark.parametrize(
    ("raw", "suffix", "settings", "echo"),
    [
        ("fox", "--ar 3:2", "--v 6.1 --s 250", "fox --ar 3:2 --v 6.1 --s 250"),
        ("fox --ar 1:2", "--ar 3:2 --raw", "", "fox --ar 1:2 --raw"),
        ("fox --aspect 1:2", "--ar 3:2", "--ar 4:3", "fox --aspect 1:2"),
        ("fox", "--s 50", "--s 250", "fox --s 50"),
        ("fox --niji 6", "", "--v 6.1", "fox --niji 6"),
        ("fox --style cute", "", "--raw", "fox --style cute"),
        ("fox --fast", "--relax", "", "fox --fast"),
        ("fox --no red", "--no blue", "", "fox --no red, blue"),
        ("fox", "--sw 200", "", "fox"),
        ("fox --sref 12", "--sw 200", "", "fox --sref 12 --sw 200"),
        ("fox —ar 1:2", "—raw", "–v 6", "fox --ar 1:2 --raw --v 6.0"),
        ("fox --v 4", "--weird 5", "--s 250", "fox --v 4.0 --s 250"),
    ],
)
def test_what_is_typed_wins_over_the_suffix_and_that_over_settings(
    raw: str, suffix: str, settings: str, echo: str
) -> None:
    assert echoes(raw, PromptPreferences(suffix=suffix, settings=settings)) == [echo]


def test_a_stored_parameter_that_does_not_fit_is_left_out_and_told_of() -> None:
    submission = submit("fox --v 3", PromptPreferences(suffix="--weird 5", settings="--s 250"))
    assert submission.prompts[0].echo == "fox --v 3.0"
    assert submission.notices == (
        "`--weird` of your suffix does not fit with `--version 3` and was left out.",
        "`--s` of your settings does not fit with `--version 3` and was left out.",
    )


def test_words_in_a_suffix_are_left_out_and_told_of() -> None:
    submission = submit("fox", PromptPreferences(suffix="in oil --ar 3:2"))
    assert submission.prompts[0].echo == "fox --ar 3:2"
    assert "suffix" in submission.notices[0]


def test_a_broken_suffix_is_named() -> None:
    with pytest.raises(InvalidParameter, match="In your suffix"):
        submit("fox", PromptPreferences(suffix="--ar"))


def test_a_suffix_may_hold_choices() -> None:
    assert echoes("{a, b} fox", PromptPreferences(suffix="--ar {1:1, 3:2}")) == [
        "a fox --ar 1:1",
        "a fox --ar 3:2",
        "b fox --ar 1:1",
        "b fox --ar 3:2",
    ]


@pytest.mark.parametrize(
    ("raw", "options", "expected"),
    [
        ("fox --a", {"a": "--ar 3:2"}, ["fox --ar 3:2"]),
        ("fox –a", {"a": "--ar 3:2"}, ["fox --ar 3:2"]),
        ("fox --a", {"a": "--b --raw", "b": "--ar 3:2"}, ["fox --ar 3:2 --raw"]),
        ("{--a, --b} fox", {"a": "red", "b": "blue"}, ["red fox", "blue fox"]),
        ("--a fox", {"a": "{red, blue}"}, ["red fox", "blue fox"]),
        ("fox --ar 3:2", {"ar": "--ar 9:9"}, ["fox --ar 3:2"]),
        ("a--b fox", {"b": "x"}, ["a--b fox"]),
    ],
)
def test_options_are_written_out_wherever_they_stand(raw: str, options: dict[str, str], expected: list[str]) -> None:
    assert echoes(raw, PromptPreferences(options=options)) == expected


@pytest.mark.parametrize(
    "options",
    [
        {"a": "--a"},
        {"a": "x --a --a"},
        {"a": "--b", "b": "fox --a"},
        {f"a{n}": f"--a{n + 1} --a{n + 1}" for n in range(20)} | {"a": "--a0", "a20": "--a"},
    ],
)
def test_an_option_within_itself_is_refused(options: dict[str, str]) -> None:
    with pytest.raises(InvalidParameter, match="stands within itself"):
        submit("fox --a", PromptPreferences(options=options))


def test_options_that_grow_without_bound_are_refused() -> None:
    options = {f"a{n}": f"--a{n + 1} --a{n + 1}" for n in range(19)} | {"a19": "x"}
    with pytest.raises(PromptTooLong):
        submit("fox --a0", PromptPreferences(options=options))


def test_an_option_is_checked_before_it_is_stored() -> None:
    check_option("hero", "a tall sailor, --ar 3:2")
    for name, value in (("Hero", "x"), ("ar", "x"), ("", "x"), ("a b", "x"), ("me", "a --me"), ("x" * 50, "x")):
        with pytest.raises(InvalidParameter):
            check_option(name, value)
    with pytest.raises(PromptTooLong):
        check_option("hero", "x" * 10_000)


def test_a_suffix_is_checked_before_it_is_stored() -> None:
    check_suffix("--ar 3:2 —raw")
    check_suffix("")
    for value in ("in oil --ar 3:2", "--foo", "--ar", "x" * 10_000):
        with pytest.raises(PromptError):
            check_suffix(value)


def test_members_mentioned_in_a_prompt_are_found() -> None:
    assert find_mentions("fox --p <@12> <@!345> <@&6>") == {12, 345}


def test_no_more_members_are_looked_up_than_anybody_means() -> None:
    assert find_mentions(" ".join(f"<@{number}>" for number in range(1, 500))) == set(range(1, MAX_MENTIONS + 1))


def test_a_number_that_is_nobodys_is_not_looked_up() -> None:
    assert find_mentions(f"<@{2**63}> <@{2**63 - 1}> <@99999999999999999999>") == {2**63 - 1}


words = st.lists(st.sampled_from(["--a", "--b", "x", "{", ",", "}", "--ar 3:2", "—", "\\", "--raw", "**"])).map(
    " ".join
)


@given(words, words, words, words)
def test_any_preferences_are_read_or_refused_by_name(raw: str, first: str, second: str, suffix: str) -> None:
    preferences = PromptPreferences(options={"a": first, "b": second}, suffix=suffix)
    try:
        submission = submit(raw, preferences)
    except PromptError:
        return
    for prompt in submission.prompts:
        assert echoes(prompt.echo, PromptPreferences()) == [prompt.echo]
