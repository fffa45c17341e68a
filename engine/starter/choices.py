"""What a prompt leaves open, chosen: by the seed, or as a picture has it that the prompt is drawn upon. Without this
pictures of one prompt would hardly differ, for the network was taught one way to draw each noun. Knows no tensors."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from engine.starter.reading import Reading
from engine.starter.words import BACKGROUNDS, COLOURS, STYLES

LONE_SIZES = ("large", "large", "medium")  # a small one loses too much detail to be drawn unasked
CENTRE = ("centre",)
LONE_PLACES = (CENTRE, CENTRE, CENTRE, ("left",), ("right",), ("bottom",))  # corners look lost
ALL_PLACES = tuple(
    tuple(word for word in pair if word) or CENTRE
    for pair in itertools.product(("", "top", "bottom"), ("", "left", "right"))
)

# Odd steps around a circle of 2**32 that spread neighbouring seeds over all choices at once: the powers of 1 / 1.1673,
# after M. Roberts, "The unreasonable effectiveness of quasirandom sequences" (2018).
STEPS = {"size": 3679390609, "background": 3152041523, "style": 2700274807, "place": 2313257605}
CIRCLE = 2**32

T = TypeVar("T")


def choose(reading: Reading, seed: int, *, is_tile: bool = False) -> Reading:
    """A picture's own style, size, place and background where the prompt names none.

    A tile wants no horizon, and nothing at its edges: several things fill the canvas unless they are small.
    """
    if is_tile and len(reading.instances) > 1:
        reading = with_size(reading, "small")
    if "size" in reading.open:
        reading = with_size(reading, pick("size", LONE_SIZES, seed))
    if "style" in reading.open:
        reading = with_style(reading, pick("style", STYLES, seed))
    if "background" in reading.open:
        reading = with_background(reading, pick("background", COLOURS if is_tile else BACKGROUNDS, seed))
    if "place" in reading.open:
        reading = with_place(reading, CENTRE if is_tile else pick("place", LONE_PLACES, seed))
    return reading


def pick(aspect: str, choices: Sequence[T], seed: int) -> T:
    return choices[seed * STEPS[aspect] % CIRCLE * len(choices) // CIRCLE]


def amount(aspect: str, least: float, most: float, seed: int) -> float:
    return least + (most - least) * (seed * STEPS[aspect] % CIRCLE) / CIRCLE


def with_style(reading: Reading, style: str) -> Reading:
    things = tuple(replace(thing, style=style) for thing in reading.instances)
    return replace(reading, instances=things, open=reading.open - {"style"})


def with_size(reading: Reading, size: str) -> Reading:
    things = tuple(replace(thing, size=size) for thing in reading.instances)
    return replace(reading, instances=things, open=reading.open - {"size"})


def with_background(reading: Reading, background: str) -> Reading:
    """A background is the first word. One that is open has none so far."""
    words, things = (background, *reading.words), (replace(one, word=one.word + 1) for one in reading.instances)
    return replace(
        reading, words=words, instances=tuple(things), background=background, open=reading.open - {"background"}
    )


def with_place(reading: Reading, place: Sequence[str]) -> Reading:
    return replace(reading, words=(*reading.words, *place), open=reading.open - {"place"})
