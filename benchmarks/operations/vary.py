"""Vary Subtle and Strong: how far do they go from the picture, and is it still the thing that was asked for?"""

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.operations.likeness import ssim
from benchmarks.operations.reference import Levels
from benchmarks.operations.sheets import save_sheet
from benchmarks.operations.workshop import Workshop
from bot.domain.buttons import Action, Button
from engine.starter.judge import Judge
from engine.starter.sprites import load_sprites
from engine.starter.vocabulary import Vocabulary
from engine.starter.words import PICTURE

NOUNS = ("fox", "castle", "rocket", "penguin", "guitar", "strawberry", "owl", "cactus")
LARGE_SLOT = (1, 1)
SHOWN = {Action.VARY_SUBTLE: 4, Action.VARY_STRONG: 2}
TITLES = ("before", "subtle", "another", "another", "another", "strong", "another")

Fours = Sequence[tuple[Levels, Sequence[Levels]]]
"""Pictures, and what was made of each."""


async def measure(workshop: Workshop, folder: Path, count: int) -> dict[str, float]:
    """As `figures_of` says, and `vary_noun_right`: the share of all new pictures that still show the noun."""
    vocabulary = Vocabulary.from_file()
    judge, heads = Judge(load_sprites(list(vocabulary.nouns), folder)), [noun.head for noun in vocabulary.nouns]
    fours: dict[Action, list[tuple[Levels, list[Levels]]]] = {Action.VARY_SUBTLE: [], Action.VARY_STRONG: []}
    right, rows = [], []
    for noun in NOUNS[:count]:
        picture = await workshop.imagine(f"a large {noun} in the middle --seed {len(noun)}")
        [before] = await workshop.masters(picture)
        row = [before]
        for action, drawn in fours.items():
            four = await workshop.masters(await workshop.press(Button(action, picture.id)))
            drawn.append((before, four))
            right += [heads.index(noun) in judge.look(_small(one), "large", LARGE_SLOT).nouns for one in four]
            row += four[: SHOWN[action]]
        rows.append(row)
    save_sheet("vary", TITLES, rows, cell=100)
    figures = figures_of(fours[Action.VARY_SUBTLE], fours[Action.VARY_STRONG])
    return {**figures, "vary_noun_right": float(np.mean(right))}


def figures_of(subtle: Fours, strong: Fours) -> dict[str, float]:
    """`vary_subtle` and `vary_strong` are mean differences of the four new pictures to the old one, in levels of 255;
    doing nothing is 0. `vary_subtle_apart` and `vary_strong_apart` are the smallest between two of a four,
    `vary_subtle_ssim` is how alike the subtle ones are to the old one in structure.
    """
    return {
        "vary_subtle": _far(subtle),
        "vary_subtle_apart": _apart(subtle),
        "vary_subtle_ssim": float(np.mean([ssim(before, one) for before, four in subtle for one in four])),
        "vary_strong": _far(strong),
        "vary_strong_apart": _apart(strong),
    }


def _far(drawn: Fours) -> float:
    return float(np.mean([_difference(before, one) for before, four in drawn for one in four]))


def _apart(drawn: Fours) -> float:
    return min(_difference(one, other) for _, four in drawn for one, other in combinations(four, 2))


def _difference(one: Levels, other: Levels) -> float:
    return float(np.abs(one.astype(float) - other).mean())


def _small(picture: Levels) -> Levels:
    return np.asarray(Image.fromarray(picture).resize((PICTURE, PICTURE), Image.Resampling.BOX))
