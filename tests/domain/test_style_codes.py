"""Styles by number: the same for ever, different from each other, as strong as asked for, in words the model reads."""

import dataclasses

import pytest

from bot.domain.prompt import Capabilities, GenerationParams, parse, plan_drawing
from bot.domain.prompt.drawing_words import reads
from bot.domain.prompt.looks import LOOKS
from bot.domain.prompt.parameters import PromptPart
from bot.domain.prompt.style_codes import words_of
from engine.starter.vocabulary import Vocabulary

OPEN = Capabilities("open", 64, 64, 4, supports_weights=True, supports_style_reference=True)
FEW = dataclasses.replace(OPEN, vocabulary=frozenset({"fox", "flat", "3d", "teal", "red", "snow"}))
A = "https://ex.org/a.png"


def wish(raw: str) -> GenerationParams:
    return parse(raw, random_seed=1).params


def test_a_number_means_the_same_for_ever() -> None:
    """What members have written down must not change under them."""
    assert words_of(1234567) == ("flat vector illustration", "icy pale colors", "backlit glow")
    assert words_of(0) == ("claymation", "black and white", "rim light")


def test_numbers_differ() -> None:
    assert len({words_of(number) for number in range(200)}) > 180
    assert {words_of(number, FEW.vocabulary) for number in range(200)} == {
        (manner, colour) for manner in ("flat", "3d") for colour in ("teal", "red")
    }


@pytest.mark.parametrize(
    ("raw", "weights"),
    [
        ("fox --sref 7", [0.5]),
        ("fox --sref 7 --sw 50", [0.25]),
        ("fox --sref 7 --sw 1000", [1.0]),
        ("fox --sref 7 --sw 0", []),
        ("fox --sref 7::3 8::1", [0.75, 0.25]),
        (f"fox --sref {A}::3 8::1", [0.25]),
    ],
)
def test_a_number_speaks_as_loudly_as_asked(raw: str, weights: list[float]) -> None:
    parts = plan_drawing(wish(raw), OPEN).parts
    assert [part.weight for part in parts[1:]] == weights
    assert not parts or parts[0] == PromptPart("fox")


def test_models_that_weigh_nothing_read_the_words() -> None:
    drawn = plan_drawing(wish("fox --sref 1234567"), dataclasses.replace(OPEN, supports_weights=False))
    assert drawn.prompt == "fox, flat vector illustration, icy pale colors, backlit glow"
    assert drawn.notes == ()


def test_a_model_without_words_of_style_says_so() -> None:
    deaf = dataclasses.replace(OPEN, vocabulary=frozenset({"fox"}))
    drawn = plan_drawing(wish("fox --sref 12"), deaf)
    assert (drawn.prompt, drawn.notes) == (
        "fox",
        ("open knows no words of style, so `--sref 12` has no effect.",),
    )


def test_no_look_puts_a_thing_into_the_starters_picture() -> None:
    """Words of manner must not be taken for nouns: a comic book is a book."""
    vocabulary = Vocabulary.from_file()
    known = frozenset(word for words in vocabulary.known_words().values() for word in words)
    few = dataclasses.replace(OPEN, vocabulary=known)
    read = [look for look in LOOKS.values() if reads(look.words, few)]
    assert {"3d", "flat", "cartoon"} <= {look.name for look in read}
    for look in read:
        assert len(vocabulary.read(f"a fox, {look.words}").instances) == 1, look.name
