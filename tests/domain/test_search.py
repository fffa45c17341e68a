"""Which words a prompt has, and that any piece of it finds it again."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.search import MAX_LETTERS, MAX_WANTED, fold, wanted_words, words_of


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("", []),
        (" -- '\"*:()&|!\\ ", []),
        ("A Fox, and/or the MOON: 50% a fox", ["a", "fox", "and", "or", "the", "moon", "50"]),
        ("Ｆｕｌｌ Übergroß ЛУНА", ["full", "übergross", "луна"]),
        ("don't oil_paint", ["don", "t", "oil", "paint"]),
        ("f\x00ox \ud800moon", ["fox", "moon"]),
        ("हिन्दी किताब", ["हिन्दी", "किताब"]),
        ("❤️🦊fox", ["❤", "🦊", "fox"]),
        ("雪の狐 RTX狐", ["雪の", "の狐", "狐", "rtx"]),
        ("สวย", ["สว", "วย", "ย"]),
        ("여우가 눈", ["여우가", "눈"]),
        ("a" * 100, ["a" * MAX_LETTERS]),
    ],
)
def test_words_of_a_prompt(prompt: str, words: list[str]) -> None:
    assert words_of(prompt) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cast", ["cast"]),
        ("狐", ["狐"]),
        ("雪の狐", ["雪の", "の狐"]),
        ("🦊🦊", ["🦊"]),
        ("*", []),
        ("a" * 99, ["a" * MAX_LETTERS]),
    ],
)
def test_words_looked_for(text: str, words: list[str]) -> None:
    assert wanted_words(text) == words


def test_no_more_words_are_looked_for_than_a_query_should_have() -> None:
    assert wanted_words(" ".join(f"w{number}" for number in range(99))) == [
        f"w{number}" for number in range(MAX_WANTED)
    ]


def test_folding_is_stable() -> None:
    assert fold("Ｆｕｌｌ Straße ŞİŞ") == fold(fold("FULL STRASSE şi̇ş"))


def finds(text: str, prompt: str) -> bool:
    words = words_of(prompt)
    return all(any(word.startswith(wanted) for word in words) for wanted in wanted_words(text))


@given(st.text())
def test_a_prompt_is_found_by_itself(prompt: str) -> None:
    assert finds(prompt, prompt)


@given(st.text(alphabet="雪の狐を見たฟ้าฝน", min_size=1), st.data())
def test_what_is_written_without_spaces_is_found_by_every_piece(prompt: str, data: st.DataObject) -> None:
    begin = data.draw(st.integers(0, len(prompt) - 1))
    assert finds(prompt[begin : data.draw(st.integers(begin + 1, len(prompt)))], prompt)


@given(st.text())
def test_a_word_has_no_sign_that_means_something_to_a_database(prompt: str) -> None:
    for word in words_of(prompt):
        assert not set(word) & set("\"'%_\\*:&|!()<> \t\n\x00-^+")
        assert all(unicodedata.category(character)[0] in "LMNS" for character in word)
