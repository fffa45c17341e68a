"""The starter in the engine, with a network of random weights: parity with the plain loop, notes, size."""

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from engine.config import STARTER, EngineConfig, ModelConfig
from engine.generation import Batch, Generation
from engine.local import LocalEngine
from engine.models import load_models
from engine.pictures import to_pixels, to_tensor
from engine.pipelines.starter import Starter
from engine.protocol import (
    EngineStartError,
    Finished,
    GenerateRequest,
    InitImage,
    Mask,
    NoiseBlend,
    Pixels,
    Progress,
    WeightedPart,
)
from engine.runner import Runner
from engine.settings import resolve
from engine.starter.choices import with_style
from engine.starter.model import Conditioning, StarterModel
from engine.starter.reading import Reading
from engine.starter.words import STYLES
from engine.upscale import load_upscaler
from tests.engine.parity import draw as draw_all

PROMPT = "a large flat monkey in the middle at night"  # leaves nothing open


@pytest.fixture
async def engine(random_starter: Path, tmp_path: Path) -> AsyncIterator[LocalEngine]:
    models = (ModelConfig("starter", "starter", str(random_starter)),)
    engine = LocalEngine(EngineConfig(models=models, device="cpu", threads=1, cache_dir=tmp_path))
    await engine.start()
    yield engine
    await engine.stop()


def a_request(name: str = "r", **changes: object) -> GenerateRequest:
    values = {"prompt": PROMPT, "seeds": (5, 6), "steps": 4, "width": 256, "height": 256, **changes}
    return GenerateRequest(name, **values)  # type: ignore[arg-type]


async def draw(engine: LocalEngine, request: GenerateRequest) -> tuple[Finished, list[Progress]]:
    progress = []
    async for event in engine.generate(request):
        if isinstance(event, Progress):
            progress.append(event)
        if isinstance(event, Finished):
            return event, progress
    raise AssertionError("nothing was drawn")


def plainly(folder: Path, tmp_path: Path, request: GenerateRequest, guidance_scale: float) -> list[Pixels]:
    with torch.inference_mode():
        return plain_loop(folder, tmp_path, request, guidance_scale)


def plain_loop(folder: Path, tmp_path: Path, request: GenerateRequest, guidance_scale: float) -> list[Pixels]:
    """As anybody would write it around the model and diffusers' own flow-matching scheduler."""
    assert request.steps is not None
    model = StarterModel.load(folder)
    latents = torch.cat([torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(s)) for s in request.seeds])
    conditioning = model.encode([request.prompt] * len(request.seeds))
    if request.init_image:
        conditioning = as_the_engine_reads_it(folder, tmp_path, request)
    nothing = model.encode([""] * len(request.seeds))
    scheduler = FlowMatchEulerDiscreteScheduler()
    scheduler.set_timesteps(request.steps)
    if init := request.init_image:
        skipped = request.steps - round(request.steps * init.strength)
        sigma, clean = scheduler.sigmas[skipped], to_tensor(init.pixels, 64, 64)
        latents = (1 - sigma) * clean + sigma * latents
    else:
        skipped = 0
    for timestep in scheduler.timesteps[skipped:]:
        times = (timestep / 1000).expand(len(latents))
        velocity = model.denoise(latents, times, conditioning)
        if guidance_scale > 1:
            without = model.denoise(latents, times, nothing)
            velocity = without + guidance_scale * (velocity - without)
        latents = scheduler.step(velocity, timestep, latents).prev_sample
    enlarger = load_upscaler("compact", tmp_path, torch.device("cpu"), torch.float32)
    return [to_pixels(enlarger.enlarge(row.clamp(-1, 1))) for row in latents.split(1)]


def as_the_engine_reads_it(folder: Path, tmp_path: Path, request: GenerateRequest) -> Conditioning:
    """Each row in its own shade."""
    models = (ModelConfig("starter", "starter", str(folder)),)
    starter = load_models(EngineConfig(models=models, device="cpu", cache_dir=tmp_path))["starter"]
    settings = resolve(request, starter.traits)
    rows = [starter.encode(settings.of_row(index)).positive for index in range(len(request.seeds))]
    return Conditioning(**{name: torch.cat([row[name] for row in rows]) for name in rows[0]})


def distance(a: Pixels, b: Pixels) -> int:
    levels = [numpy.frombuffer(pixels.rgb, numpy.uint8).astype(int) for pixels in (a, b)]
    return int(numpy.abs(levels[0] - levels[1]).max())


@pytest.mark.parametrize("guidance_scale", [1.0, 3.0])
async def test_the_pictures_are_those_of_the_plain_loop(
    engine: LocalEngine, random_starter: Path, tmp_path: Path, guidance_scale: float
) -> None:
    request = a_request(guidance_scale=guidance_scale)
    finished, _ = await draw(engine, request)
    expected = plainly(random_starter, tmp_path, request, guidance_scale)
    assert distance(expected[0], expected[1]) > 20
    assert [distance(a, b) <= 1 for a, b in zip(finished.images, expected, strict=True)] == [True, True]


async def test_previews_are_the_clean_picture_as_seen_now(engine: LocalEngine) -> None:
    _, progress = await draw(engine, a_request(preview_every=1))
    previews = [event.previews for event in progress if event.previews]
    assert len(previews) == 3
    assert {(picture.width, picture.height) for pictures in previews for picture in pictures} == {(64, 64)}


async def test_what_it_cannot_do_is_said(engine: LocalEngine) -> None:
    finished, _ = await draw(engine, a_request(prompt="monkey zqxwv", width=456, height=256, negative_prompt="red"))
    assert [(image.width, image.height) for image in finished.images] == [(256, 256)] * 2
    assert finished.notes == (
        "starter draws 256x256 pictures only; the aspect ratio was not kept.",
        "starter has no negative prompt; it was ignored.",
        "starter does not know: zqxwv.",
    )


@pytest.mark.parametrize("strength", [0.0, 0.3, 1.0])
async def test_a_variation_starts_part_of_the_way(
    engine: LocalEngine, random_starter: Path, tmp_path: Path, strength: float
) -> None:
    ramp = bytes(level for _ in range(64) for column in range(64) for level in (column * 4, 128, 255 - column * 4))
    request = a_request(steps=10, init_image=InitImage(Pixels(64, 64, ramp), strength))
    finished, progress = await draw(engine, request)
    assert len(progress) == round(strength * 10)
    expected = plainly(random_starter, tmp_path, request, 1.0)
    assert [distance(a, b) <= 1 for a, b in zip(finished.images, expected, strict=True)] == [True, True]


@pytest.mark.usefixtures("inference")
def test_in_half_precision_it_can_draw_once_more_in_full(random_starter: Path, tmp_path: Path) -> None:
    """What reads the prompt is lifted too: halves and full numbers do not multiply."""
    models = (ModelConfig("starter", "starter", str(random_starter)),)
    pipelines = load_models(EngineConfig(models=models, device="cpu", dtype="bfloat16", cache_dir=tmp_path))
    runner, request = Runner(pipelines), a_request()
    generation = Generation(request, resolve(request, pipelines["starter"].traits), "starter")
    assert runner.can_retry(generation)
    generation.restart_in_full_precision()
    assert runner.prepare(generation) is None
    [result] = runner.step(Batch(generation.key, generation.rows)).results
    assert result.failure is None


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Starter:
    config = EngineConfig(models=(STARTER,), device="cpu", cache_dir=tmp_path_factory.mktemp("cache"))
    pipeline = load_models(config)["starter"]
    assert isinstance(pipeline, Starter)
    return pipeline


def read_by(starter: Starter, request: GenerateRequest) -> list[Reading]:
    """What it makes of the prompt for each picture."""
    settings = resolve(request, starter.traits)
    return [starter.read(settings.of_row(index)) for index in range(len(request.seeds))]


def test_what_the_prompt_leaves_open_differs_from_seed_to_seed(shipped: Starter) -> None:
    readings = read_by(shipped, a_request(prompt="a fox", seeds=(7, 8, 9, 10)))
    assert len({(reading.background, reading.instances[0].style, reading.words) for reading in readings}) == 4
    assert len(set(read_by(shipped, a_request(seeds=(7, 8, 9, 10))))) == 1


@pytest.mark.usefixtures("inference")
def test_a_variation_is_of_its_pictures_kind(shipped: Starter) -> None:
    """Its size, place and background are read off it, whatever the new seeds would choose; unless most of it is
    forgotten, its style too. Then all get another.
    """
    prompts = ("a small flat fox at the top left, blue background", "a medium cartoon castle on the right, on snow")
    requests = [replace(a_request(prompt, prompt=prompt, seeds=(1,), steps=8), model="starter") for prompt in prompts]
    _, pictures = draw_all({"starter": shipped}, requests)
    for prompt in prompts:
        subtle, strong = (InitImage(pictures[prompt][0], strength) for strength in (0.5, 0.8))
        named = shipped.model.vocabulary.read(prompt)
        noun = shipped.model.vocabulary.nouns[named.instances[0].noun].head
        for reading in read_by(shipped, a_request(prompt=f"a {noun}", init_image=subtle, seeds=(5, 6, 7))):
            assert (set(reading.words), reading.instances) == (set(named.words), named.instances)
        readings = read_by(shipped, a_request(prompt=f"a {noun}", init_image=strong, seeds=(5, 6, 7)))
        assert {reading.instances[0].style for reading in readings} == set(STYLES) - {named.instances[0].style}
        for reading in readings:
            assert with_style(reading, named.instances[0].style).instances == named.instances


@pytest.fixture(scope="module")
def castle(shipped: Starter) -> Pixels:
    """In 3d, on grass."""
    request = a_request(prompt="a large 3d castle in the middle, on grass", seeds=(1,), steps=8)
    [picture] = draw_shipped(shipped, request)
    return picture


def draw_shipped(starter: Starter, request: GenerateRequest) -> list[Pixels]:
    with torch.inference_mode():
        return draw_all({"starter": starter}, [replace(request, model="starter")])[1][request.id]


def mean_distance(a: Pixels, b: Pixels) -> float:
    levels = [numpy.frombuffer(pixels.rgb, numpy.uint8).astype(float) for pixels in (a, b)]
    return float(numpy.abs(levels[0] - levels[1]).mean())


def drawn_upon(picture: Pixels, strength: float, **changes: Any) -> GenerateRequest:
    return a_request(**{"prompt": "a castle", "steps": 20, "init_image": InitImage(picture, strength), **changes})


def test_subtle_variations_differ_but_less_than_strong_ones(shipped: Starter, castle: Pixels) -> None:
    seeds = (5, 6, 7, 8)
    subtle = draw_shipped(shipped, drawn_upon(castle, 0.5, seeds=seeds))
    strong = draw_shipped(shipped, drawn_upon(castle, 0.8, seeds=seeds))
    assert all(2 < mean_distance(castle, picture) < 14 for picture in subtle)
    assert all(mean_distance(one, other) > 1 for one, other in combinations(subtle, 2))
    assert max(mean_distance(castle, picture) for picture in subtle) < min(
        mean_distance(castle, picture) for picture in strong
    )
    [alone] = draw_shipped(shipped, drawn_upon(castle, 0.5, seeds=(7,)))
    assert distance(alone, subtle[2]) <= 1


def test_nothing_forgotten_is_nothing_changed(shipped: Starter, castle: Pixels) -> None:
    [as_it_is] = draw_shipped(shipped, drawn_upon(castle, 0.0, seeds=(5,)))
    [enlarged] = shipped.decode(to_tensor(castle, 64, 64))
    assert distance(as_it_is, enlarged) <= 1


def test_a_walk_leads_from_the_picture_through_the_other_styles(shipped: Starter, castle: Pixels) -> None:
    shares = [number / 8 for number in range(9)]
    blends = tuple(NoiseBlend(6, share) for share in shares)
    walk = draw_shipped(shipped, drawn_upon(castle, 0.6, seeds=(5,) * 9, noise_blends=blends))
    far = [mean_distance(castle, picture) for picture in walk]
    steps = [mean_distance(one, other) for one, other in pairwise(walk)]
    assert far[0] < 3
    assert far[4] > 10
    assert far[8] > 10
    assert min(steps) > 1
    assert max(steps) < mean_distance(walk[0], walk[4]) / 2
    [row] = [shipped.mix(resolve(drawn_upon(castle, 0.6, noise_blends=blends[4:5] * 2), shipped.traits).of_row(0))]
    assert [reading.instances[0].style for reading, share in row if share > 0.5] != ["3d"]


@pytest.mark.usefixtures("inference")
def test_what_is_drawn_within_a_mask_fits_it(shipped: Starter) -> None:
    green = InitImage(Pixels(64, 64, bytes((52, 160, 72)) * 64 * 64), 1.0)
    mask = Mask(8, 8, bytes(255 if row >= 4 and column >= 4 else 0 for row in range(8) for column in range(8)))
    [reading, _] = read_by(shipped, a_request(prompt="a fox", init_image=green, mask=mask))
    assert (reading.background, reading.instances[0].size) == ("green", "medium")
    assert set(reading.words) >= {"bottom", "right"}


def test_weighted_parts_are_read_apart(shipped: Starter) -> None:
    parts = (WeightedPart("a cat", 3.0), WeightedPart("a dog", 1.0), WeightedPart("snow", 1.0))
    [reading, _] = read_by(shipped, a_request(parts=parts))
    names = shipped.model.vocabulary.nouns
    assert {names[thing.noun].head: thing.size for thing in reading.instances} == {"cat": "medium", "dog": "small"}
    assert reading.background == "snow"


@pytest.mark.usefixtures("inference")
def test_parts_of_one_weight_take_turns_and_stay_where_they_are_drawn(shipped: Starter) -> None:
    """As when two pictures are blended: each seed puts another first, and its background behind both."""
    parts = (WeightedPart("a large 3d fox, blue background"), WeightedPart("a flat castle on grass"))
    blend = a_request(prompt="", parts=parts, seeds=(1, 2), steps=8)
    readings = read_by(shipped, blend)
    assert {reading.background for reading in readings} == {"blue", "grass"}
    assert readings[0].instances[0].noun == readings[1].instances[1].noun
    for picture, reading in zip(draw_shipped(shipped, blend), readings, strict=True):
        drawn_again = replace(blend, init_image=InitImage(picture, 0.5), seeds=(3, 4))
        assert set(read_by(shipped, drawn_again)) == {reading}


async def test_it_tells_its_words(engine: LocalEngine) -> None:
    [info] = engine.list_models()
    assert "monkey" in info.vocabulary
    assert (info.width, info.height) == (256, 256)


def test_missing_weights_name_the_program_that_makes_them(tmp_path: Path) -> None:
    config = EngineConfig(models=(ModelConfig("starter", "starter", str(tmp_path)),), device="cpu", cache_dir=tmp_path)
    with pytest.raises(EngineStartError, match=r"config.json is missing; train with python -m engine.starter.train"):
        load_models(config)
