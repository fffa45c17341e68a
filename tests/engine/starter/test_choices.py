"""What a prompt leaves open: told apart, weighed, chosen by the seed, or read off a picture."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from engine.starter.backgrounds import background_set
from engine.starter.choices import ALL_PLACES, choose, with_background, with_place, with_size
from engine.starter.dataset import Composer
from engine.starter.matching import Box, Cover, look, match
from engine.starter.parts import read_parts
from engine.starter.reading import Reading
from engine.starter.scenes import place
from engine.starter.vocabulary import Vocabulary
from engine.starter.words import BACKGROUNDS, COLOURS, SIZES, STYLES

ALL = frozenset({"style", "size", "place", "background"})


@pytest.fixture(scope="module")
def words() -> Vocabulary:
    return Vocabulary.from_file()


@pytest.mark.parametrize(
    ("prompt", "left_open"),
    [
        ("a fox", ALL),
        ("a flat fox", ALL - {"style"}),
        ("a small fox", ALL - {"size"}),
        ("a fox at the top", ALL - {"place"}),
        ("a fox in the middle", ALL - {"place"}),
        ("a fox at night", ALL - {"background"}),
        ("two foxes", {"style", "background"}),
        ("a small fox and a cat on grass", {"style"}),
        ("a flat large fox on the left, red background", set()),
        ("night", set()),
        ("", set()),
        ("zxqv", ALL),
    ],
)
def test_what_a_prompt_leaves_open(words: Vocabulary, prompt: str, left_open: set[str]) -> None:
    assert words.read(prompt).open == left_open


def choices_of(reading: Reading) -> tuple[str, str, str, tuple[str, ...]]:
    thing = reading.instances[0]
    places = tuple(word for word in reading.words if word in ("left", "right", "top", "bottom", "centre"))
    return thing.style, thing.size, reading.background or "", places


def test_neighbouring_seeds_choose_differently_and_the_same_seed_the_same(words: Vocabulary) -> None:
    reading = words.read("a fox")
    for first in (0, 977, 2**32 - 2, 2**63):
        chosen = [choices_of(choose(reading, first + number)) for number in range(4)]
        assert len({background for _, _, background, _ in chosen}) == 4
        assert len({style for style, _, _, _ in chosen}) >= 2
        assert len(set(chosen)) == 4
        assert chosen[0] == choices_of(choose(reading, first))


def test_every_choice_comes_up_about_as_often_as_it_should(words: Vocabulary) -> None:
    chosen = [choices_of(choose(words.read("a fox"), seed)) for seed in range(1900)]
    for style in STYLES:
        assert 0.3 < np.mean([one[0] == style for one in chosen]) < 0.37
    for background in BACKGROUNDS:
        assert 80 < sum(one[2] == background for one in chosen) < 120
    assert {one[1] for one in chosen} == {"large", "medium"}


def test_what_is_named_stays(words: Vocabulary) -> None:
    reading = words.read("a small flat fox at the top left, blue background")
    assert choose(reading, 5) == reading
    assert choose(words.read("two cats above a dog"), 5).words[1:] == words.read("two cats above a dog").words
    assert choose(words.read("night"), 5) == words.read("night")


def test_a_tile_has_no_horizon_and_nothing_at_its_edges(words: Vocabulary) -> None:
    chosen = [choices_of(choose(words.read("a fox"), seed, is_tile=True)) for seed in range(50)]
    assert {background for _, _, background, _ in chosen} == set(COLOURS)
    assert {places for _, _, _, places in chosen} == {("centre",)}
    apples = choose(words.read("three apples on snow"), 5, is_tile=True)
    assert {thing.size for thing in apples.instances} == {"small"}
    assert apples.background == "snow"


def test_a_chosen_reading_is_one_that_a_prompt_could_have(words: Vocabulary) -> None:
    chosen = with_place(with_size(with_background(words.read("a fox"), "snow"), "medium"), ("top", "left"))
    named = words.read("a medium fox at the top left on snow")
    assert (chosen.words, chosen.instances) == (named.words, named.instances)


@pytest.mark.parametrize(
    ("parts", "sizes", "background"),
    [
        ([("cat", 3), ("dog", 1)], ["medium", "small"], None),
        ([("cat", 1), ("dog", 3)], ["small", "medium"], None),
        ([("cat", 2), ("dog", 2)], ["medium", "medium"], None),
        ([("a small cat", 2), ("dog", 2)], ["small", "medium"], None),
        ([("night", 2), ("castle", 1)], ["medium"], "night"),
        ([("night", 4), ("castle", 1)], ["small"], "night"),
        ([("night", 1), ("castle", 1)], ["large"], "night"),
        ([("red background", 2), ("cat on grass", 1)], ["medium"], "red"),
        ([("red background", 1), ("cat on grass", 2)], ["large"], "grass"),
        ([("a cat above a dog", 2), ("snow", 1)], ["medium", "medium"], "snow"),
        ([("snow", 1)], [], "snow"),
    ],
)
def test_what_weighs_more_is_larger(
    words: Vocabulary, parts: list[tuple[str, float]], sizes: list[str], background: str | None
) -> None:
    reading = read_parts(words, parts)
    assert [thing.size for thing in reading.instances] == sizes
    assert reading.background == background
    assert all(reading.words[thing.word] == "<object>" for thing in reading.instances)
    assert (reading.words[0] == background) == (background is not None)


def test_each_part_is_read_by_itself(words: Vocabulary) -> None:
    assert len(words.read("hot dog").instances) == 1
    hot_dog, dog = words.read("hot dog").instances[0].noun, words.read("dog").instances[0].noun
    apart = read_parts(words, [("hot", 1), ("dog", 1)])
    assert [thing.noun for thing in apart.instances] == [dog] != [hot_dog]
    assert apart.unknown == ("hot",)
    styles = read_parts(words, [("flat fox", 1), ("cartoon owl", 1)])
    assert [thing.style for thing in styles.instances] == ["flat", "cartoon"]
    assert "style" not in styles.open
    assert "above" in read_parts(words, [("a cat above a dog", 1), ("snow", 1)]).words


def test_a_style_by_itself_is_that_of_all_things_which_leave_it_open(words: Vocabulary) -> None:
    lone = read_parts(words, [("fox", 1), ("flat, teal", 0.5)])
    assert ([thing.style for thing in lone.instances], lone.background) == (["flat"], "teal")
    assert "style" not in lone.open
    named = read_parts(words, [("a cartoon fox in snow", 1), ("flat, teal", 0.5)])
    assert ([thing.style for thing in named.instances], named.background) == (["cartoon"], "snow")
    several = read_parts(words, [("cartoon fox", 1), ("owl", 1), ("3d", 0.2), ("flat", 0.5)])
    assert [thing.style for thing in several.instances] == ["cartoon", "flat"]


def test_parts_of_nothing_but_unknown_words_draw_what_one_of_them_would(words: Vocabulary) -> None:
    assert read_parts(words, [("zxqv", 1), ("qvxz", 2)]).instances == words.read("zxqv").instances
    assert [thing.noun for thing in read_parts(words, [("zxqv", 5), ("fox", 1)]).instances] == [
        words.read("fox").instances[0].noun
    ]


def test_the_heaviest_things_get_the_room(words: Vocabulary) -> None:
    reading = read_parts(words, [("two cats", 1), ("owl", 0.1), ("two dogs", 2)])
    assert [thing.noun for thing in reading.instances] == [
        words.read(name).instances[0].noun for name in ("cat", "cat", "dog", "dog")
    ]


def a_render(composer: Composer, reading: Reading) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    slots = place(reading, np.random.default_rng(0), 0.0)
    return composer.compose(reading, reading.background or "", slots, 3).astype(np.float32)


def test_a_picture_tells_what_the_prompt_leaves_open(composer: Composer, vocabulary: Vocabulary) -> None:
    """Over true renders of many sizes, places and backgrounds; some of these are of the thing's own colour."""
    noun = vocabulary.nouns[0].head
    reading, right, count = vocabulary.read(noun), 0, 0
    for (size, words), background in list(product(product(SIZES, ALL_PLACES), BACKGROUNDS))[::5]:
        drawn = with_place(with_size(with_background(reading, background), size), words)
        matched = match(reading, a_render(composer, drawn))
        right += (matched.background, matched.words, matched.instances) == (
            background,
            drawn.words,
            drawn.instances,
        )
        count += 1
    assert right / count > 0.9


def test_what_the_prompt_names_is_not_read_off_the_picture(composer: Composer, vocabulary: Vocabulary) -> None:
    noun = vocabulary.nouns[0].head
    drawn = with_place(with_size(with_background(vocabulary.read(noun), "red"), "small"), ("top", "left"))
    picture = a_render(composer, drawn)
    named = vocabulary.read(f"a large {noun} on the right, blue background")
    assert match(named, picture) == named
    half = match(vocabulary.read(f"a {noun}, blue background"), picture)
    assert (half.background, half.instances[0].size) == ("blue", "small")
    assert set(half.words) >= {"top", "left"}
    assert match(vocabulary.read("night"), picture) == vocabulary.read("night")


def test_within_a_mask_a_thing_is_as_large_as_it_and_where_it_is(composer: Composer, vocabulary: Vocabulary) -> None:
    reading = vocabulary.read(vocabulary.nouns[0].head)
    picture = a_render(composer, with_place(with_background(reading, "green"), ("centre",)))
    mask: Cover = np.zeros((64, 64), np.bool_)
    mask[36:62, 34:60] = True
    matched = match(reading, picture, mask)
    assert (matched.background, matched.instances[0].size) == ("green", "small")
    assert set(matched.words) >= {"bottom", "right"}
    frame: Cover = np.ones((64, 64), np.bool_)
    frame[16:48, 16:48] = False
    assert match(reading, picture, frame) == match(reading, picture) == match(reading, picture, np.zeros_like(frame))


def test_a_bare_background_is_seen_as_such() -> None:
    for name, shades in background_set().items():
        seen, cover = look(shades[5].astype(np.float32))
        assert seen == name
        assert not cover.any()


def test_boxes_differ_by_place_and_size() -> None:
    box = Box(0, 0, 10, 10)
    assert box.difference(box) == 0
    assert box.difference(Box(5, 0, 15, 10)) == 5
    assert box.difference(Box(0, 0, 10, 20)) == 15
