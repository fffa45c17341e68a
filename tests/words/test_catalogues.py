"""Every language says everything, about the same things, in as many characters as Discord takes."""

import re
from collections.abc import Iterator
from string import Formatter

import pytest
from babel.messages.catalog import Message
from discord import app_commands

from bot.domain.said import Said, joined
from bot.sandbox.command_rules import NAME
from bot.ui.translator import Translator
from bot.words import say, speaking
from bot.words.language import CODES, find_language, open_language, preferred_locale, read_catalogue
from bot.words.language import NAME as CALLED
from tests.words.collect import OF_OPERATORS, collect, command_tree, list_limits, list_unspeakable

TEXTS = collect()
LOCALES = [code for code in CODES if code != "es"] + ["es-ES", "es-419"]
MENUS = {"Cancel Job", "DM Results", "Report Job"}


def entries(code: str) -> Iterator[Message]:
    return (message for message in read_catalogue(code) if message.id)


def forms(string: str | list[str] | tuple[str, ...] | None) -> list[str]:
    return [string] if isinstance(string, str) else list(string or ())


def fields(text: str) -> set[tuple[str, str | None]]:
    return {(name, spec) for _, name, spec, _ in Formatter().parse(text) if name}


def marks(text: str) -> set[str]:
    """What is typed or pressed, and therefore the same everywhere."""
    return {*re.findall(r"`[^`]*`", text), *re.findall(r"<t:[^>]*>", text)} | set(re.findall(r"--[a-z]+", text))


@pytest.mark.parametrize("code", CODES)
def test_no_text_is_missing_or_left_over(code: str) -> None:
    """`python -m tests.words.collect` brings the catalogues up to the code; what it adds is then to be translated."""
    known = {(*forms(each.id), *[""] * (2 - len(forms(each.id))), each.context) for each in entries(code)}
    assert {str(key) for key in known} == {str(key) for key in TEXTS}
    assert [each.id for each in entries(code) if not all(forms(each.string))] == []


@pytest.mark.parametrize("code", CODES)
def test_each_text_is_about_the_same_things(code: str) -> None:
    for each in entries(code):
        english = forms(each.id)
        expected = set().union(*(fields(text) for text in english))
        for said in forms(each.string):
            optional = {field for field in expected if field[0] == "count"} if len(english) > 1 else set()
            assert expected - optional <= fields(said) <= expected, said
            assert marks(said) == marks(english[-1]), said


@pytest.mark.parametrize("code", ["en", *CODES])
def test_no_text_is_too_long_for_its_place(code: str) -> None:
    language = find_language(code)
    limits = list(list_limits())
    assert {80, 45, 100, 150, 256} == {limit for _, limit in limits}
    for text, limit in limits:
        said = language.say(text)
        assert len(re.sub(r"\{.*?\}", "1234", said)) <= limit, said
    assert all(len(language.say(Said(each.english))) <= 1_900 for each in TEXTS.values())


@pytest.mark.parametrize("locale", LOCALES)
async def test_commands_fit_discord(locale: str) -> None:
    tree, translator = command_tree(), Translator()
    for command in tree.get_commands():
        written = await command.get_translated_payload(tree, translator)
        check_names(written, locale, is_menu=isinstance(command, app_commands.ContextMenu))
        assert weigh(written) <= 8_000
        if command.name not in OF_OPERATORS and not isinstance(command, app_commands.ContextMenu):
            assert written["description_localizations"][locale] != written["description"]


def check_names(item: dict[str, object], locale: str, *, is_menu: bool = False) -> None:
    """A command, an option or a choice with all that is in it."""
    name = dict_of(item, "name_localizations").get(locale)
    if name is not None:
        assert len(name) <= (32 if is_menu or "type" in item else 100)
        assert is_menu or "type" not in item or (NAME.fullmatch(name) and name == name.lower()), name
    assert len(dict_of(item, "description_localizations").get(locale, "")) <= 100
    for inner in (*list_of(item, "options"), *list_of(item, "choices")):
        check_names(inner, locale)


def weigh(item: dict[str, object]) -> int:
    """Discord counts the longest language of each field of a command."""
    longest = sum(
        max(len(str(item.get(field, ""))), *map(len, dict_of(item, f"{field}_localizations").values()), 0)
        for field in ("name", "description")
    )
    return longest + sum(weigh(inner) for inner in (*list_of(item, "options"), *list_of(item, "choices")))


def dict_of(item: dict[str, object], key: str) -> dict[str, str]:
    found = item.get(key)
    return {str(name): str(text) for name, text in found.items()} if isinstance(found, dict) else {}


def list_of(item: dict[str, object], key: str) -> list[dict[str, object]]:
    found = item.get(key)
    return found if isinstance(found, list) else []


def test_nothing_is_said_that_a_catalogue_cannot_hold() -> None:
    """An f-string is another text each time: give the pattern and the values."""
    assert list_unspeakable() == []


async def test_commands_that_midjourney_named_keep_their_names() -> None:
    tree, translator = command_tree(), Translator()
    renamed = {
        command.name
        for command in tree.get_commands()
        if (await command.get_translated_payload(tree, translator))["name_localizations"]
    }
    assert renamed == {"gallery", "region", "style", "upscale"} | MENUS


def test_plurals_and_numbers_are_those_of_the_language() -> None:
    told = [Said.counted("{count:,} credit", "{count:,} credits", count=count) for count in (1, 3, 12_000)]
    assert [find_language("ru").say(each) for each in told] == ["1 кредит", "3 кредита", "12\xa0000 кредитов"]
    assert [find_language("de").say(each) for each in told] == ["1 Credit", "3 Credits", "12.000 Credits"]
    assert [str(each) for each in told] == ["1 credit", "3 credits", "12,000 credits"]


def test_a_text_within_a_text_is_said_in_the_same_language() -> None:
    told = joined(Said("Use `--fast`."), "", Said("You asked for {number}.", number="7"))
    assert told == "Use `--fast`. You asked for 7."
    assert find_language("de").say(told) == "Nimm `--fast`. Du wolltest 7."


def test_what_members_write_is_never_taken_for_a_pattern() -> None:
    for wild in ("{", "{0}", "{count:,}", "%s", "}"):
        told = Said("Did you mean `--{name}`?", name=wild)
        assert find_language("de").say(told) == f"Meinst du `--{wild}`?"


def test_commands_are_called_by_their_names_within_texts() -> None:
    with speaking("de"):
        assert "`/galerie`" in say("It is kept in your `/gallery`.")
    with speaking("ja"):
        assert "`/ギャラリー`" in say("It is kept in your `/gallery`.")


@pytest.mark.parametrize(
    ("locale", "code"),
    [
        ("de", "de"),
        ("es-ES", "es"),
        ("es-419", "es"),
        ("pt-BR", "pt-BR"),
        ("zh-CN", "zh-CN"),
        ("zh-TW", "en"),
        ("en-GB", "en"),
        ("tr", "en"),
        ("", "en"),
    ],
)
def test_which_language_is_spoken(locale: str, code: str) -> None:
    assert find_language(locale).code == code


def test_a_browser_is_answered_in_the_first_language_that_we_have() -> None:
    assert preferred_locale("nl,fr-CA;q=0.8,de;q=0.5") == "fr-CA"
    assert preferred_locale("en-US,de;q=0.5") == "en-US"
    assert preferred_locale("") == ""


def test_names_are_apart_from_words() -> None:
    assert open_language("de").find_name("style") == "stil"
    assert open_language("de").find_name("imagine") is None
    assert all(message.context in (None, CALLED) for message in entries("de"))
