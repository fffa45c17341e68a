"""What a picture shows, by the weights and the album in the repository: things, colours, and what is not known."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.slices import Slices, finish
from engine.starter.album import Album, draw_album, fingerprint, open_album, read_album, write_album
from engine.starter.backgrounds import background_set
from engine.starter.drawing import draw
from engine.starter.model import WEIGHTS, StarterModel
from engine.starter.palette import describe_colours, look_at_colours
from engine.starter.phrases import describe
from engine.starter.recogniser import Recogniser, Sighting
from engine.starter.vocabulary import Vocabulary
from engine.starter.words import STYLES

PROMPTS = (
    "a large cartoon helicopter in the bottom right, brown background",
    "a small 3d candle in the right, on sunset",
    "a medium flat taxi in the top, purple background",
    "two dogs in the snow",
    "a cat above a crown, teal background",
)


@pytest.fixture(scope="module")
def model() -> StarterModel:
    return StarterModel.load(WEIGHTS)


@pytest.fixture(scope="module")
def album(model: StarterModel) -> Album:
    return read_album(WEIGHTS / f"album-{fingerprint(WEIGHTS)}.webp", len(model.vocabulary.nouns) * len(STYLES))


@pytest.fixture(scope="module")
def recogniser(album: Album) -> Recogniser:
    return finish(Recogniser.of(album))


def as_seen(levels: np.ndarray) -> Tensor:
    return torch.from_numpy(levels).permute(2, 0, 1).float() / 255


def never() -> Slices[Album]:
    raise AssertionError("the album was to be read")


def test_the_album_shows_what_the_weights_draw(model: StarterModel, album: Album) -> None:
    """Its name says which weights; a few drawings show that it is true."""
    with torch.inference_mode():
        [drawn] = [finish(draw_album(_of_few_nouns(model, 2)))]
    difference = (drawn.large - album.large[: len(drawn.large)]).abs() * drawn.large[:, 3:]
    assert difference.mean() < 0.02


def _of_few_nouns(model: StarterModel, count: int) -> StarterModel:
    few = StarterModel(Vocabulary(model.vocabulary.nouns[:count]), model.config)
    few.load_state_dict(model.state_dict() | {"memory": model.memory[:count]})
    return few.eval()


@pytest.mark.parametrize("prompt", PROMPTS)
def test_what_the_model_drew_is_read_back(prompt: str, model: StarterModel, recogniser: Recogniser) -> None:
    asked = model.vocabulary.read(prompt)
    with torch.inference_mode():
        [picture] = draw(model, [prompt], seed=7)
    sighting = finish(recogniser.look(as_seen(picture)))
    assert sighting.is_sure
    assert sighting.background == asked.background
    assert Counter(thing.noun for thing in sighting.things) == Counter(one.noun for one in asked.instances)
    assert {thing.style for thing in sighting.things} == {one.style for one in asked.instances}
    assert {thing.size for thing in sighting.things} == {one.size for one in asked.instances}


def test_sentences_are_different_and_understood(model: StarterModel, recogniser: Recogniser) -> None:
    [picture] = draw(model, [PROMPTS[0]], seed=7)
    sighting = finish(recogniser.look(as_seen(picture)))
    said = describe(sighting, model.vocabulary, 4, seed=1)
    assert said[0] == "a cartoon helicopter at the bottom right, brown background"
    assert len(set(said)) == 4
    assert all(not model.vocabulary.read(sentence).unknown for sentence in said)
    assert set(describe(sighting, model.vocabulary, 4, seed=2)) != set(said)


@pytest.mark.parametrize("background", ["red", "night", "sea"])
def test_a_background_alone_is_no_thing(background: str, recogniser: Recogniser, model: StarterModel) -> None:
    sighting = finish(recogniser.look(as_seen(background_set()[background][3])))
    assert (sighting.background, sighting.things, sighting.is_sure) == (background, (), True)
    said = describe(sighting, model.vocabulary, 4, seed=1)
    assert len(set(said)) == 4
    assert {model.vocabulary.read(sentence).background for sentence in said} == {background}


@pytest.mark.parametrize("side", [4, 16, 64])
def test_what_is_not_known_is_not_named(side: int, recogniser: Recogniser) -> None:
    spots = torch.rand(1, 3, side, side, generator=torch.Generator().manual_seed(side))
    picture = torch.nn.functional.interpolate(spots, (64, 64), mode="bilinear")[0]
    assert not finish(recogniser.look(picture)).is_sure


def test_colours_are_told_where_they_are() -> None:
    picture = torch.zeros(3, 64, 64)
    picture[2] = 0.8  # blue
    picture[:, 40:] = torch.tensor([0.2, 0.62, 0.28]).view(3, 1, 1)  # green
    picture[:, 4:14, 50:60] = torch.tensor([0.95, 0.1, 0.1]).view(3, 1, 1)
    palette = look_at_colours(picture)
    assert (palette.main, palette.above, palette.below) == (("blue", "green"), "blue", "green")
    assert (palette.accent, palette.accent_place) == ("red", "at the top on the right")
    said = describe_colours(palette, 4, seed=3)
    assert len(set(said)) == 4
    assert any("blue above, green below" in sentence for sentence in said)
    assert any("a touch of red at the top on the right" in sentence for sentence in said)
    assert set(describe_colours(palette, 4, seed=4)) != set(said)


def test_other_weights_are_drawn_once(random_starter: Path, tmp_path: Path) -> None:
    model = StarterModel.load(random_starter)
    count = len(model.vocabulary.nouns) * len(STYLES)
    with torch.inference_mode():
        drawn = finish(open_album(random_starter, tmp_path, count, lambda: draw_album(_of_few_nouns(model, 20))))
        kept = finish(open_album(random_starter, tmp_path, count, never))
    assert kept.large.shape == drawn.large.shape == (count, 4, 48, 48)


def test_a_broken_album_is_drawn_anew(random_starter: Path, tmp_path: Path) -> None:
    path = tmp_path / "albums" / f"album-{fingerprint(random_starter)}.webp"
    path.parent.mkdir()
    path.write_bytes(b"no picture")

    def blank() -> Slices[Album]:
        yield
        return Album(torch.zeros(3, 4, 48, 48))

    assert finish(open_album(random_starter, tmp_path, 3, blank)).large.shape == (3, 4, 48, 48)
    assert len(read_album(path, 3).large) == 3


def test_a_sheet_keeps_every_drawing(tmp_path: Path) -> None:
    grey = torch.arange(40).view(-1, 1, 1, 1) / 40
    album = Album(grey.expand(-1, 4, 48, 48).contiguous())
    write_album(album, tmp_path / "a.webp")
    assert (read_album(tmp_path / "a.webp", 40).large - album.large).abs().max() < 0.03
    with pytest.raises(ValueError, match="does not hold 70 drawings"):
        read_album(tmp_path / "a.webp", 70)


def test_a_sighting_with_much_left_is_doubted() -> None:
    assert Sighting("red", (), 0.001).is_sure
    assert not Sighting("red", (), 0.02).is_sure
