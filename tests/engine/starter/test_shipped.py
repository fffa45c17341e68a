"""The weights in the repository: they load, fit the size promised, and follow what a prompt says."""

from __future__ import annotations

import numpy as np
import pytest

from engine.starter.drawing import draw
from engine.starter.model import WEIGHTS, StarterModel

BORDER = np.s_[:4, :]
COLOURS = {"red": 0, "green": 1, "blue": 2}


@pytest.fixture(scope="module")
def shipped() -> StarterModel:
    return StarterModel.load(WEIGHTS)


def test_they_are_small_and_know_enough(shipped: StarterModel) -> None:
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= 40_000_000
    assert len(shipped.vocabulary.nouns) >= 250


def test_the_background_follows_the_prompt(shipped: StarterModel) -> None:
    prompts = [f"a {noun}, {colour} background" for noun in ("fox", "banana", "rocket") for colour in COLOURS]
    for prompt, picture in zip(prompts, draw(shipped, prompts, seed=3), strict=True):
        strongest = int(picture[BORDER].reshape(-1, 3).mean(axis=0).argmax())
        assert strongest == COLOURS[prompt.split(", ")[1].split()[0]], prompt


def test_wordless_and_unknown_prompts_still_give_a_picture(shipped: StarterModel) -> None:
    for picture in draw(shipped, ["", "zzgrk", "🤷"], seed=4):
        assert picture.std() > 1
        assert 5 < picture.mean() < 252
