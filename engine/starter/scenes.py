"""Invents prompts and decides where a read prompt's objects stand. The network learns both from examples; at
drawing time nothing here runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.starter.reading import Reading
from engine.starter.vocabulary import Noun
from engine.starter.words import (
    BACKGROUNDS,
    BOX_PATCHES,
    COLOURS,
    FOLDED,
    PATCH,
    PICTURE,
    PLACES,
    SIZES,
    STYLES,
    split_phrases,
)

GRID = PICTURE // PATCH
SIDE_BY_SIDE = {"beside", "left_of", "right_of"}
RELATION_PHRASES = (
    *("above", "over", "on top of", "on", "under", "below", "beneath", "next to", "beside", "near"),
    *("and", "with", "to the left of", "to the right of"),
)
Slot = tuple[int, int]  # top row and left column of a box, in patches


def place(reading: Reading, rng: np.random.Generator, wander: float) -> list[Slot]:
    """One slot per instance. `wander`: how often a single object with no place named is not in the middle; where
    several stand, the prompt decides."""
    count = len(reading.instances)
    if count == 0:
        return []
    if count == 1:
        return [_single(reading, rng, wander)]
    relation = next((word for word in reading.words if word in ("above", "below", *SIDE_BY_SIDE)), "beside")
    if relation in ("above", "below"):
        return _stacked(reading, relation)
    if count == 2:
        return [(2, 4), (2, 0)] if relation == "right_of" else [(2, 0), (2, 4)]
    return _grid(count)


def _single(reading: Reading, rng: np.random.Generator, wander: float) -> Slot:
    last = GRID - BOX_PATCHES[reading.instances[0].size]
    named = [word for word in reading.words if word in PLACES]
    if not named and rng.random() < wander:
        row, column = rng.integers(3, size=2)
    else:
        row = 0 if "top" in named else 2 if "bottom" in named else 1
        column = 0 if "left" in named else 2 if "right" in named else 1
    return int(row) * last // 2, int(column) * last // 2


def _stacked(reading: Reading, relation: str) -> list[Slot]:
    """The objects named before the relation fill one row of the canvas, the others the other row."""
    at = reading.words.index(relation)
    first = sum(instance.word < at for instance in reading.instances)
    second = len(reading.instances) - first
    if max(first, second) > 2:
        return _grid(len(reading.instances))
    upper, lower = (0, 4) if relation == "above" else (4, 0)
    columns = {1: (2,), 2: (0, 4)}
    return [(upper, column) for column in columns[first]] + [(lower, column) for column in columns[second]]


def _grid(count: int) -> list[Slot]:
    return [(0, 2), (4, 0), (4, 4)] if count == 3 else [(0, 0), (0, 4), (4, 0), (4, 4)]


def invent_prompt(nouns: Sequence[Noun], rng: np.random.Generator, setting: float) -> str:
    """A caption as members type them: mostly one object, else several, two in a relation, or none. `setting`: how
    often it names a background."""
    kind = rng.random()
    if kind < 0.04:
        return _background_phrase(rng) if rng.random() < 0.6 else ""
    if kind < 0.54:
        core = _single_phrase(nouns, rng)
    elif kind < 0.67:
        number = ("two", "three", "four", "2", "3")[rng.integers(5)]
        core = f"{number} {_size(rng, 0.3)}{_name(nouns, rng)}s"
    elif kind < 0.76:
        core = " and ".join(f"a {_name(nouns, rng)}" for _ in range(int(rng.integers(3, 5))))
    else:
        relation = RELATION_PHRASES[rng.integers(len(RELATION_PHRASES))]
        both = [f"{_number(rng)} {_size(rng, 0.3)}{_name(nouns, rng)}" for _ in range(2)]
        core = f"{both[0]} {relation} {both[1]}"
    return f"{_style(rng)}{core}{_setting(rng, setting)}"


def _single_phrase(nouns: Sequence[Noun], rng: np.random.Generator) -> str:
    words = f"a {_size(rng, 0.7)}{_name(nouns, rng)}"
    if rng.random() < 0.4:
        row, column = ("", "top", "bottom")[rng.integers(3)], ("", "left", "right")[rng.integers(3)]
        words += f" at the {row} {column}" if row or column else " in the middle"
    return words


def _name(nouns: Sequence[Noun], rng: np.random.Generator) -> str:
    noun = nouns[int(rng.integers(len(nouns)))]
    return noun.names[rng.integers(len(noun.names))] if rng.random() < 0.3 else noun.head


def _number(rng: np.random.Generator) -> str:
    return "two" if rng.random() < 0.12 else "a"


def _size(rng: np.random.Generator, share: float) -> str:
    return f"{_phrase(SIZES[rng.integers(len(SIZES))], rng)} " if rng.random() < share else ""


def _style(rng: np.random.Generator) -> str:
    return f"{_phrase(STYLES[rng.integers(len(STYLES))], rng)} "


def _setting(rng: np.random.Generator, share: float) -> str:
    return f", {_background_phrase(rng)}" if rng.random() < share else ""


def _background_phrase(rng: np.random.Generator) -> str:
    name = BACKGROUNDS[rng.integers(len(BACKGROUNDS))]
    return f"{_phrase(name, rng)} background" if name in COLOURS else f"on {_phrase(name, rng)}"


def _phrase(word: str, rng: np.random.Generator) -> str:
    phrases = split_phrases(FOLDED[word])
    return phrases[rng.integers(len(phrases))]
