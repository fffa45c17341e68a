"""Numbered prompts are read back as they were written; shorter prompts keep what matters."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.suggestions import as_words, find_ratio, mark_words, number_lines, read_numbered, shorten_words

LINES = st.lists(st.text(alphabet="abc äß,.-:()猫", min_size=1, max_size=20).map(str.strip).filter(bool), max_size=5)


@given(LINES, st.sampled_from(["\n", "\n\n"]))
def test_numbered_lines_are_read_back(texts: list[str], between: str) -> None:
    assert read_numbered(number_lines(texts, between)) == texts


@pytest.mark.parametrize(
    ("size", "ratio"),
    [((256, 256), "1:1"), ((1920, 1080), "16:9"), ((1023, 767), "4:3"), ((1, 5000), "1:14"), ((5000, 1), "14:1")],
)
def test_ratios_are_small_numbers(size: tuple[int, int], ratio: str) -> None:
    assert find_ratio(*size) == ratio


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_a_ratio_is_near_the_size_and_may_be_asked_for(width: int, height: int) -> None:
    across, down = map(int, find_ratio(width, height).split(":"))
    assert across / down == pytest.approx(min(max(width / height, 1 / 14), 14), rel=0.02)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("a fox — in snow --chaos 9", "a fox, in snow, chaos 9"),
        ("a fox::2 {red, blue}", "a fox:2 (red, blue)"),
        ("a well-known fox", "a well-known fox"),
    ],
)
def test_what_a_model_says_is_no_prompt_language(said: str, kept: str) -> None:
    assert as_words(said) == kept


def test_words_are_marked_by_weight() -> None:
    assert mark_words([("a", 0.0), ("red", 0.3), ("fox", 1.0)]) == "~~a~~ red **fox**"


def test_shorter_prompts_keep_the_weightiest_words_in_their_order() -> None:
    words = [("a", 0.0), ("very", 0.1), ("red", 0.6), ("fox", 1.0), ("in", 0.05), ("snow", 0.7)]
    assert shorten_words(words) == ["very red fox in snow", "very red fox snow", "red fox snow", "fox snow", "fox"]


def test_of_words_that_weigh_the_same_those_that_join_go_first() -> None:
    words = [("a", 0.0), ("quiet", 0.0), ("lake", 0.0), ("at", 0.001), ("night,", 1.0), ("8k", 0.0)]
    assert shorten_words(words) == [
        "a quiet lake night, 8k",
        "quiet lake night, 8k",
        "quiet lake night",
        "quiet night",
        "night",
    ]


def test_one_word_stays() -> None:
    assert shorten_words([("fox", 1.0)]) == ["fox"]
    assert shorten_words([]) == []
