"""Which words matter: to the starter, and to the other families' text encoders."""

from pathlib import Path
from typing import Any

import pytest
import torch

from engine.config import EngineConfig, ModelConfig
from engine.limits import InvalidRequest
from engine.local import LocalEngine
from engine.models import load_models
from engine.protocol import Failed, FailureCode, Queued, Started, Weighed, WeighWordsRequest
from engine.slices import Result, Work
from engine.weigh import MAX_WORDS, check_weigh, weigh_words

pytestmark = [
    pytest.mark.usefixtures("inference"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers' schedulers
]


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with torch.inference_mode():
        return load_models(EngineConfig(device="cpu", cache_dir=tmp_path_factory.mktemp("cache")))["starter"]


def weigh(prompt: str, pipeline: Any) -> dict[str, float]:
    weighed = finish(weigh_words(WeighWordsRequest("w", prompt), pipeline))
    assert isinstance(weighed, Weighed)
    return {one.word: one.weight for one in weighed.words}


def finish(work: Work) -> Result:
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Result = end.value
            return result


def test_the_noun_matters_most_and_unknown_words_not_at_all(starter: Any) -> None:
    weights = weigh("fox blorbish wug", starter)
    assert weights == {"fox": 1.0, "blorbish": 0.0, "wug": 0.0}


def test_words_that_steer_the_picture_weigh_more_than_filling(starter: Any) -> None:
    weights = weigh("a fox in snow", starter)
    assert weights["fox"] > weights["a"]
    assert weights["fox"] > weights["in"]


def test_what_is_drawn_outweighs_what_another_word_overrides(starter: Any) -> None:
    """There is one background, and the last that is named wins."""
    weights = weigh("a very beautiful fox in deep snow at night", starter)
    assert {word for word, weight in weights.items() if weight > 0.5} == {"fox", "night"}
    assert weights["snow"] < 0.1


@pytest.mark.parametrize("model", ["tiny_sd", "tiny_sdxl", "tiny_flux_schnell"])
def test_every_family_reads(model: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    family = {"tiny_sd": "stable-diffusion", "tiny_sdxl": "sdxl", "tiny_flux_schnell": "flux"}[model]
    config = ModelConfig("tiny", family, source=str(request.getfixturevalue(model)))
    pipeline = load_models(EngineConfig((config,), device="cpu", cache_dir=tmp_path))["tiny"]
    weights = weigh("red fox snow", pipeline)
    assert max(weights.values()) == 1.0
    assert all(0 < weight <= 1 for weight in weights.values())
    assert len(set(weights.values())) == len(weights), "random networks weigh no two words alike"


@pytest.mark.parametrize("prompt", ["", "word " * (MAX_WORDS + 1)])
def test_too_few_and_too_many_words_are_refused(starter: Any, prompt: str) -> None:
    with pytest.raises(InvalidRequest, match="words cannot be weighed"):
        check_weigh(WeighWordsRequest("w", prompt), {"starter": starter})


def test_the_size_of_pictures_does_not_matter(tiny_sd: Path, tmp_path: Path) -> None:
    config = ModelConfig("tiny", "stable-diffusion", source=str(tiny_sd))
    pipeline = load_models(EngineConfig((config,), device="cpu", cache_dir=tmp_path, max_pixels=64 * 64))["tiny"]
    assert max(weigh("red fox", pipeline).values()) == 1.0


def test_half_a_character_is_refused(starter: Any) -> None:
    with pytest.raises(InvalidRequest, match="half a character"):
        check_weigh(WeighWordsRequest("w", "a fox \ud83d"), {"starter": starter})


async def test_through_the_engine(tmp_path: Path) -> None:
    engine = LocalEngine(EngineConfig(device="cpu", cache_dir=tmp_path))
    await engine.start()
    try:
        known = [event async for event in engine.generate(WeighWordsRequest("1", "a red fox"))]
        unknown = [event async for event in engine.generate(WeighWordsRequest("2", "a fox", model="nobody"))]
    finally:
        await engine.stop()
    *before, weighed = known
    assert all(isinstance(event, Queued | Started) for event in before)
    assert isinstance(weighed, Weighed)
    assert [one.word for one in weighed.words] == ["a", "red", "fox"]
    assert weighed.engine_seconds > 0
    assert isinstance(unknown[-1], Failed)
    assert unknown[-1].code is FailureCode.INVALID_REQUEST
