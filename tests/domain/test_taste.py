"""What a member likes, in words: what liked prompts share beyond what the member draws anyway."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.job import UserId
from bot.domain.prompt import GenerationParams
from bot.domain.prompt.parameters import PromptPart
from bot.domain.taste import MAX_WEIGHT, WORDS, find_taste, style_code
from tests.domain.factories import ANN, BOB


def prompts(*texts: str, style: str = "") -> list[GenerationParams]:
    return [GenerationParams(text, seed=1, style=style) for text in texts]


def taste(liked: list[GenerationParams], drawn: list[GenerationParams]) -> dict[str, float]:
    return {part.text: part.weight for part in find_taste(liked, drawn)}


def test_the_usual_subject_is_no_taste_but_the_chosen_manner_is() -> None:
    drawn = prompts("a fox at noon", "a fox", "a fox in the fog", "a red fox", "a fox in fog", "fog around a fox")
    liked = prompts("a fox in the fog", "a fox in fog", "fog around a fox")
    assert taste(liked, drawn) == {"fog": MAX_WEIGHT}


def test_what_is_common_in_others_pictures_counts() -> None:
    liked = prompts("a neon city", "neon street, rain", "rain on glass", "a neon sign")
    assert taste(liked, []) == {"neon": MAX_WEIGHT, "rain": 0.33}


def test_looks_count_as_one_phrase() -> None:
    liked = [*prompts("a boat", "a house", style="oil"), *prompts("an oil painting of a cow")]
    assert taste(liked, []) == {"oil painting": MAX_WEIGHT}


@pytest.mark.parametrize("liked", [[], prompts("a fox"), prompts("a fox", "an owl", "the sea"), prompts("狐", "梟")])
def test_nothing_in_common_is_no_taste(liked: list[GenerationParams]) -> None:
    assert taste(liked, []) == {}


def test_other_scripts_have_words_too() -> None:
    assert taste(prompts("лиса в тумане", "сова в тумане"), []) == {"тумане": MAX_WEIGHT}


def test_a_code_belongs_to_a_member_and_words() -> None:
    words = (PromptPart("fog", 0.5),)
    assert style_code(ANN, words) == style_code(ANN, words)
    assert len({style_code(ANN, words), style_code(BOB, words), style_code(ANN, (PromptPart("fog", 0.4),))}) == 3
    assert style_code(UserId(1), words).isalnum()
    assert len(style_code(UserId(1), words)) == 8


texts = st.lists(st.text(max_size=40), max_size=12)


@given(texts, texts)
def test_any_prompts_give_a_few_weighted_words(liked: list[str], drawn: list[str]) -> None:
    words = find_taste(prompts(*liked), prompts(*drawn))
    assert len(words) <= WORDS
    assert all(0 < part.weight <= MAX_WEIGHT for part in words)
    assert len({part.text for part in words}) == len(words)
