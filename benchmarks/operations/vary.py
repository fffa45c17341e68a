"""Vary Subtle and Strong: how far do they go from the picture, and is it still the thing that was asked for?"""

from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.operations.reference import Levels
from benchmarks.operations.sheets import save_sheet
from benchmarks.operations.workshop import Workshop
from bot.domain.buttons import Action, Button
from engine.starter.judge import Judge
from engine.starter.sprites import load_sprites
from engine.starter.vocabulary import PICTURE, Vocabulary

NOUNS = ("fox", "castle", "rocket", "penguin", "guitar", "strawberry", "owl", "cactus")
LARGE_SLOT = (1, 1)


async def measure(workshop: Workshop, folder: Path, count: int) -> dict[str, float]:
    """`vary_subtle` and `vary_strong` are mean differences of the four new pictures to the old one, in levels of 255;
    doing nothing is 0. `vary_noun_right` is the share that still shows the noun.
    """
    vocabulary = Vocabulary.from_file()
    judge, heads = Judge(load_sprites(list(vocabulary.nouns), folder)), [noun.head for noun in vocabulary.nouns]
    far: dict[Action, list[float]] = {Action.VARY_SUBTLE: [], Action.VARY_STRONG: []}
    right, rows = [], []
    for noun in NOUNS[:count]:
        picture = await workshop.imagine(f"a large {noun} in the middle")
        [before] = await workshop.masters(picture)
        row = [before]
        for action, distances in far.items():
            drawn = await workshop.masters(await workshop.press(Button(action, picture.id)))
            distances += [float(np.abs(one.astype(float) - before).mean()) for one in drawn]
            right += [heads.index(noun) in judge.look(_small(one), "large", LARGE_SLOT).nouns for one in drawn]
            row += drawn[:2]
        rows.append(row)
    save_sheet("vary", ("before", "subtle", "another", "strong", "another"), rows, cell=120)
    return {
        "vary_subtle": float(np.mean(far[Action.VARY_SUBTLE])),
        "vary_strong": float(np.mean(far[Action.VARY_STRONG])),
        "vary_noun_right": float(np.mean(right)),
    }


def _small(picture: Levels) -> Levels:
    return np.asarray(Image.fromarray(picture).resize((PICTURE, PICTURE), Image.Resampling.BOX))
