"""Shades of one picture: how far they go, that they add up, and that neighbouring seeds choose different ones."""

from __future__ import annotations

from itertools import combinations

import pytest

from engine.starter.choices import with_style
from engine.starter.mixtures import Mixture, vary, walk
from engine.starter.reading import Reading
from engine.starter.vocabulary import Vocabulary
from engine.starter.words import STYLES

OPEN = frozenset(("style", "background"))
HALF = 0.5
FAR = 0.75


@pytest.fixture(scope="module")
def fox() -> Reading:
    return Vocabulary.from_file().read("a large flat fox in the middle, blue background")


def shares_of(mixture: Mixture) -> dict[tuple[str, str | None], float]:
    return {(reading.instances[0].style, reading.background): share for reading, share in mixture}


@pytest.mark.parametrize("first", [0, 977, 2**32 - 2, 2**63])
def test_four_shades_of_a_grid_differ(fox: Reading, first: int) -> None:
    shades = [shares_of(vary(fox, first + number, HALF, OPEN)) for number in range(4)]
    for one, other in combinations(shades, 2):
        assert sum(abs(one.get(key, 0) - other.get(key, 0)) for key in one.keys() | other) > 0.1
    assert {style for shade in shades for style, _ in shade} == set(STYLES)
    assert shades[0] == shares_of(vary(fox, first, HALF, OPEN))


def test_most_stays_as_it_is_and_what_is_named_even_more(fox: Reading) -> None:
    for seed in range(100):
        half, less, named = vary(fox, seed, HALF, OPEN), vary(fox, seed, 0.3, OPEN), vary(fox, seed, HALF, frozenset())
        assert half == vary(fox, seed, 0.9, OPEN)
        for mixture in (half, less, named):
            assert sum(share for _, share in mixture) == pytest.approx(1)
            assert all(share > 0 for _, share in mixture[1:])
        assert half[0][0] == fox
        assert half[0][1] < less[0][1] < 0.9
        assert half[0][1] > 0.35
        assert named[0][1] > 0.7
        assert half[1][1] > 0.1


def test_nothing_forgotten_is_no_other_shade(fox: Reading) -> None:
    assert vary(fox, 5, 0.0, OPEN) == ((fox, 1.0),)


def test_a_walk_begins_at_the_picture_and_sees_every_style(fox: Reading) -> None:
    assert walk(fox, 5, 0.0, FAR, OPEN) == ((fox, 1.0),)
    styles = []
    for share in (0.5, 1.0):
        [reading] = [reading for reading, part in walk(fox, 5, share, FAR, OPEN) if part > 0.79]
        styles.append(reading.instances[0].style)
    assert {"flat", *styles} == set(STYLES)
    assert min(walk(fox, 5, number / 50, FAR, frozenset())[0][1] for number in range(51)) > HALF


def test_a_walk_of_little_strength_leads_to_a_shade_and_no_further(fox: Reading) -> None:
    for seed in range(20):
        own = [walk(fox, seed, number / 50, HALF, OPEN)[0][1] for number in range(51)]
        assert own == sorted(own, reverse=True)
        assert own[0] == 1
        assert HALF < own[-1] < 0.8
        assert own[-1] == pytest.approx(min(own))


def test_a_bare_background_is_tinted_and_an_empty_prompt_stays_empty() -> None:
    vocabulary = Vocabulary.from_file()
    night, nothing = vocabulary.read("night"), vocabulary.read("")
    for mixture in (vary(night, 5, HALF, night.open), walk(night, 5, 1.0, FAR, night.open)):
        (own, most), (tinted, rest) = mixture
        assert own == night
        assert tinted.background == tinted.words[0] != "night"
        assert 0.05 < rest < 0.5 < most
    assert vary(nothing, 5, HALF, nothing.open) == walk(nothing, 5, 1.0, FAR, nothing.open) == ((nothing, 1.0),)


def test_things_stand_where_they_stood(fox: Reading) -> None:
    for mixture in (vary(fox, 5, HALF, OPEN), walk(fox, 5, 0.7, FAR, OPEN)):
        for reading, _ in mixture:
            assert with_style(reading, "flat").instances == fox.instances
            assert reading.words[1:] == fox.words[1:]
