"""What the shipped model sees in its own pictures, most of all where a thing has its background's colour."""

from itertools import product

import pytest
import torch

from engine.starter.choices import choose
from engine.starter.matching import Cover, match
from engine.starter.model import StarterModel
from engine.starter.reading import Reading
from engine.starter.seeing import Sight
from engine.starter.words import PICTURE

STEPS = 8
HARD = (("strawberry", "red"), ("apple", "red"), ("frog", "green"), ("pumpkin", "orange"), ("polar bear", "white"))


@pytest.fixture(scope="module")
def model() -> StarterModel:
    return StarterModel.load()


def draw(model: StarterModel, readings: list[Reading]) -> torch.Tensor:
    noise = [torch.randn(3, PICTURE, PICTURE, generator=torch.Generator().manual_seed(n)) for n in range(len(readings))]
    conditioning, latents = model.encode_readings(readings), torch.stack(noise)
    for step in range(STEPS, 0, -1):
        times = torch.full((len(readings),), step / STEPS)
        latents = latents - model.denoise(latents, times, conditioning) / STEPS
    return latents.clamp(-1, 1)


@torch.inference_mode()
def test_a_thing_of_its_backgrounds_colour_is_seen_as_large_as_it_is(model: StarterModel) -> None:
    told = [model.vocabulary.read(f"a {noun}, {colour} background") for noun, colour in HARD]
    drawn = [choose(reading, 7 * seed + 1) for reading, seed in product(told, range(4))]
    pictures, sight = draw(model, drawn), Sight(model)
    seen = [
        sight.see([reading], picture[None], None) == true
        for (reading, _), picture, true in zip(product(told, range(4)), pictures, drawn, strict=True)
    ]
    by_colour_alone = [
        match(reading, (picture.permute(1, 2, 0).numpy() + 1) * 127.5).instances[0].size == true.instances[0].size
        for (reading, _), picture, true in zip(product(told, range(4)), pictures, drawn, strict=True)
    ]
    assert sum(seen) >= 0.9 * len(seen) > sum(by_colour_alone)


@torch.inference_mode()
def test_a_mask_says_where_whatever_the_picture_shows(model: StarterModel) -> None:
    reading = model.vocabulary.read("a frog")
    [picture] = draw(model, [choose(reading, 1)])
    mask: Cover = (torch.arange(PICTURE) < PICTURE // 2).expand(PICTURE, -1).numpy()
    assert "left" in Sight(model).see([reading], picture[None], mask).words
