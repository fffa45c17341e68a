from __future__ import annotations

import numpy as np
import pytest

from engine.starter.backgrounds import background_set
from engine.starter.dataset import Composer, as_latents, as_picture, held_out
from engine.starter.scenes import place
from engine.starter.sprites import SpriteSet
from engine.starter.words import BACKGROUNDS


def test_training_never_shows_a_held_out_combination(composer: Composer) -> None:
    shown = 0
    for seed in range(400):
        sample = composer.sample(seed)
        for entry in sample.reading.instances:
            noun = composer.vocabulary.nouns[entry.noun].head
            assert not held_out(noun, sample.background, entry.style, entry.size)
            shown += 1
    assert shown > 300


def test_the_same_seed_gives_the_same_sample(composer: Composer) -> None:
    first, second = composer.sample(12), composer.sample(12)
    assert first.prompt == second.prompt
    assert np.array_equal(first.picture, second.picture)


def test_the_object_stands_in_its_slot_and_the_background_around_it(composer: Composer, sprites: SpriteSet) -> None:
    reading = composer.vocabulary.read("a small flat monkey, blue background")
    picture = composer.compose(reading, "blue", [(4, 2)])
    colour = sprites.box(0, "flat", "small")[16, 16, :3]
    assert np.array_equal(picture[32 + 4 : 64 - 4, 16 + 4 : 48 - 4], np.broadcast_to(colour, (24, 24, 3)))
    behind = background_set()["blue"][0]
    assert np.array_equal(picture[:32], behind[:32])
    assert np.array_equal(picture[32:36], behind[32:36])


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a small monkey at the top left", [(0, 0)]),
        ("a monkey at the bottom right", [(2, 2)]),
        ("a medium monkey in the middle", [(2, 2)]),
        ("three monkeys", [(0, 2), (4, 0), (4, 4)]),
        ("four monkeys", [(0, 0), (0, 4), (4, 0), (4, 4)]),
        ("two monkeys above two gorillas", [(0, 0), (0, 4), (4, 0), (4, 4)]),
    ],
)
def test_places_follow_the_words(composer: Composer, prompt: str, expected: list[tuple[int, int]]) -> None:
    assert place(composer.vocabulary.read(prompt), np.random.default_rng(0), wander=0.5) == expected


@pytest.mark.parametrize(
    ("relation", "axis", "sign"), [("under", 0, 1), ("above", 0, -1), ("left of", 1, -1), ("right of", 1, 1)]
)
def test_relations_order_the_two_objects(composer: Composer, relation: str, axis: int, sign: int) -> None:
    reading = composer.vocabulary.read(f"a monkey {relation} a gorilla")
    for seed in range(10):
        first, second = place(reading, np.random.default_rng(seed), wander=0.5)
        assert (first[axis] - second[axis]) * sign == 4


def test_backgrounds_are_told_apart_by_their_mean_pixels() -> None:
    means = {name: shades.astype(float).mean(axis=0) for name, shades in background_set().items()}
    for name, shades in background_set().items():
        for shade in shades:
            nearest = min(BACKGROUNDS, key=lambda other: float(np.abs(shade - means[other]).mean()))
            assert nearest == name


def test_pictures_survive_the_way_to_latents_and_back(composer: Composer) -> None:
    picture = composer.sample(3).picture
    assert np.array_equal(as_picture(as_latents([picture])[0]), picture)


def test_a_settled_sample_leaves_nothing_open(composer: Composer) -> None:
    for seed in range(60):
        sample = composer.sample(seed, settled=True)
        assert sample.reading.background == sample.background
        assert list(sample.slots) == place(sample.reading, np.random.default_rng(0), wander=0.0)


def test_every_so_many_nouns_can_come_first(composer: Composer) -> None:
    nouns = {entry.noun for seed in range(80) for entry in composer.sample(seed, every=3).reading.instances}
    assert nouns == {0, 3}
