"""How one picture is drawn in many shades: by a mixture of readings that differ in style and background alone. Where
two styles stand on the same place they melt into one; two places or sizes would make ghosts. Knows no tensors."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import replace

from engine.starter.choices import amount, pick, with_style
from engine.starter.reading import Reading
from engine.starter.words import COLOURS, STYLES

STYLE = (0.3, 0.7)  # of the strength: how far a variation goes towards another style
TINT = (0.2, 0.5)  # and towards another background
MOST = 0.5  # of strength: half-way between two styles a thing is neither of them
WALK_TINT = 0.2
NAMED = 0.4  # as far where the prompt names a style or a background, so that it remains that one
BARE = 0.5  # of what would change a thing changes the background where there is no thing

Mixture = tuple[tuple[Reading, float], ...]
"""Readings that are drawn as one, and their shares, which add up to 1. All have the same things on the same places."""


def vary(reading: Reading, seed: int, strength: float, left_open: Set[str]) -> Mixture:
    """The same in another shade. `left_open` is what the prompt itself does not say."""
    strength = min(strength, MOST)
    style = strength * amount("background", *STYLE, seed)
    tint = strength * amount("place", *TINT, seed)
    return _mixture(reading, seed, {pick("style", other_styles(reading), seed): style}, tint, left_open)


def walk(reading: Reading, seed: int, share: float, strength: float, left_open: Set[str]) -> Mixture:
    """A share of the way through the other styles: half of it leads to one, the rest on to the other. With little
    strength it only leads to a shade, as far off as a variation may be.
    """
    first = pick("style", other_styles(reading), seed)
    [second] = [style for style in other_styles(reading) if style != first]
    legs = 2 * share
    if strength <= MOST:
        shade = strength * min(legs, 1)
        return _mixture(reading, seed, {first: shade * STYLE[1]}, shade * TINT[0], left_open)
    styles = {first: min(legs, 2 - legs), second: max(0.0, legs - 1)}
    return _mixture(reading, seed, styles, WALK_TINT * share, left_open)


def other_styles(reading: Reading) -> list[str]:
    own = reading.instances[0].style if reading.instances else STYLES[0]
    return [style for style in STYLES if style != own]


def _mixture(reading: Reading, seed: int, styles: Mapping[str, float], tint: float, left_open: Set[str]) -> Mixture:
    styles = {style: share * _reach("style", left_open) for style, share in styles.items()}
    tint *= _reach("background", left_open)
    if not reading.instances:
        styles, tint = {}, tint + BARE * sum(styles.values())
    parts = [(with_style(reading, style), share) for style, share in styles.items()]
    if reading.background is not None:
        colour = pick("size", [colour for colour in COLOURS if colour != reading.background], seed)
        tinted = replace(reading, words=(colour, *reading.words[1:]), background=colour)
        parts.append((tinted, tint))
    own = 1 - sum(share for _, share in parts)
    return ((reading, own), *((part, share) for part, share in parts if share))


def _reach(aspect: str, left_open: Set[str]) -> float:
    return 1.0 if aspect in left_open else NAMED
