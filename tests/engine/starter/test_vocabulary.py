from __future__ import annotations

import difflib
import random
import string
import subprocess
import sys
from pathlib import Path

import pytest

from engine.starter.dataset import held_out
from engine.starter.vocabulary import Vocabulary
from engine.starter.words import BACKGROUNDS, MAX_INSTANCES, SIZES, STYLES

WHOLE = Vocabulary.from_file()


def drawn(prompt: str) -> list[tuple[str, str, str]]:
    reading = WHOLE.read(prompt)
    return [(WHOLE.nouns[entry.noun].head, entry.style, entry.size) for entry in reading.instances]


def test_every_name_in_the_list_means_its_own_noun_and_no_background() -> None:
    for index, noun in enumerate(WHOLE.nouns):
        for name in noun.names:
            reading = WHOLE.read(name)
            assert [entry.noun for entry in reading.instances] == [index], name
            assert reading.background is None, name


def test_there_are_enough_nouns() -> None:
    assert len(WHOLE.nouns) >= 250


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a fox", [("fox", "3d", "large")]),
        ("FOXES", [("fox", "3d", "large")]),
        ("a KITTEN, flat", [("cat", "flat", "large")]),
        ("a tiny hand-drawn wolf", [("wolf", "cartoon", "small")]),
        ("rokcet", [("rocket", "3d", "large")]),
        ("a moon", [("moon", "3d", "large")]),
        ("a fox under a full moon", [("fox", "3d", "medium"), ("full moon", "3d", "medium")]),
        ("two huge cats and a small dog", [("cat", "3d", "medium")] * 2 + [("dog", "3d", "small")]),
        ("cherries", [("cherry", "3d", "large")]),
    ],
)
def test_words_fold_into_nouns_styles_and_sizes(prompt: str, expected: list[tuple[str, str, str]]) -> None:
    assert drawn(prompt) == expected


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("a fox beneath the full moon", ("<object>", "below", "<object>")),
        ("a cat on a car", ("<object>", "above", "<object>")),
        ("a cat on a red background", ("red", "<object>")),
        ("a red cat on a blue background", ("blue", "<object>")),
        ("a dog in the upper left, ocean", ("sea", "<object>", "top", "left")),
        ("a dog to the right of a cat at midnight", ("night", "<object>", "right_of", "<object>")),
        ("", ()),
        ("sunset", ("sunset",)),
    ],
)
def test_the_network_reads_canonical_words(prompt: str, words: tuple[str, ...]) -> None:
    assert WHOLE.read(prompt).words == words


def test_unknown_words_are_named_and_a_prompt_of_nothing_else_draws_always_the_same_noun() -> None:
    first, second = WHOLE.read("zzgrk qwfp"), WHOLE.read("zzgrk  QWFP!")
    assert first.unknown == ("zzgrk", "qwfp")
    assert len(first.instances) == 1
    assert first.instances == second.instances
    assert WHOLE.read("a zzgrk fox").unknown == ("zzgrk",)


def test_never_more_objects_than_fit() -> None:
    assert len(drawn("four cats and three dogs and a fox")) == MAX_INSTANCES


def test_saving_keeps_every_noun(tmp_path: Path) -> None:
    WHOLE.save(tmp_path / "vocabulary.json")
    assert Vocabulary.load(tmp_path / "vocabulary.json").nouns == WHOLE.nouns


def test_about_one_combination_in_ten_is_held_out() -> None:
    kept = [held_out("fox", ground, style, size) for ground in BACKGROUNDS for style in STYLES for size in SIZES]
    kept += [held_out("cat", ground, style, size) for ground in BACKGROUNDS for style in STYLES for size in SIZES]
    assert 0.05 < sum(kept) / len(kept) < 0.16


def test_its_files_are_read_alike_on_every_system(tmp_path: Path) -> None:
    """They hold emoji, which what a system takes for text may not know."""
    code = (
        "import sys; from pathlib import Path; from engine.starter.vocabulary import Vocabulary\n"
        "path = Path(sys.argv[1]); Vocabulary.from_file().save(path); Vocabulary.load(path)"
    )
    strict = [sys.executable, "-X", "warn_default_encoding", "-W", "error::EncodingWarning", "-c", code]
    subprocess.run([*strict, str(tmp_path / "vocabulary.json")], check=True)


def test_a_guess_is_what_comparing_all_words_would_find() -> None:
    chance, words = random.Random(3), [word for word, _ in WHOLE._single]
    guessed = 0
    for _ in range(300):
        word = list(chance.choice(words))
        for _ in range(chance.randint(1, 3)):
            at = chance.randrange(len(word))
            word[at : at + chance.randint(0, 1)] = chance.sample([*string.ascii_lowercase, "ö"], chance.randint(0, 1))
        token = "".join(word)
        near = difflib.get_close_matches(token, words, n=1, cutoff=0.8) if len(token) > 3 else []
        assert WHOLE._guess(token) == (WHOLE._terms[(near[0],)] if near else None)
        guessed += bool(near)
    assert 100 < guessed < 300


def test_a_word_is_guessed_once_however_often_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a prompt are read in every order, for every row: a member's nonsense must not hold up all others."""
    asked: list[str] = []

    def compare(token: str, words: list[str], **_: object) -> list[str]:
        asked.append(token)
        return []

    monkeypatch.setattr(difflib, "get_close_matches", compare)
    words = Vocabulary.from_file(limit=20)
    for _ in range(9):
        words.read("qwxzy monkey vrrpt, qwxzy")
        words.knows("vrrpt")
    assert asked == ["qwxzy", "vrrpt"]
