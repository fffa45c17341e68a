"""A toy world for the starter model: six nouns with invented sprites, and a network a few numbers wide."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.starter.dataset import Composer
from engine.starter.model import StarterModel
from engine.starter.network import NetworkConfig
from engine.starter.sprites import SpriteSet
from engine.starter.vocabulary import Vocabulary
from engine.starter.words import BOX_PATCHES, PATCH, SIZES, SPRITE_PIXELS, STYLES

TINY = NetworkConfig(width=32, heads=2, layers=2, hidden=48, content=24, layout=16, reader_layers=1)


@pytest.fixture(scope="session")
def vocabulary() -> Vocabulary:
    return Vocabulary.from_file(limit=6)


@pytest.fixture(scope="session")
def sprites(vocabulary: Vocabulary) -> SpriteSet:
    """Opaque squares of one colour each, with the margins real sprites have."""
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (len(vocabulary.nouns), len(STYLES), 1, 1, 3))
    boxes = {}
    for size in SIZES:
        side = BOX_PATCHES[size] * PATCH
        margin = (side - SPRITE_PIXELS[size]) // 2
        box = np.zeros((len(vocabulary.nouns), len(STYLES), side, side, 4), np.uint8)
        box[:, :, margin : side - margin, margin : side - margin, :3] = colours
        box[:, :, margin : side - margin, margin : side - margin, 3] = 255
        boxes[size] = box
    return SpriteSet(boxes)


@pytest.fixture(scope="session")
def composer(vocabulary: Vocabulary, sprites: SpriteSet) -> Composer:
    return Composer(vocabulary, sprites)


@pytest.fixture
def model(vocabulary: Vocabulary) -> StarterModel:
    torch.manual_seed(0)
    return StarterModel(vocabulary, TINY)
