"""The starter in the engine, with a network of random weights: parity with the plain loop, notes, size."""

from collections.abc import AsyncIterator
from pathlib import Path

import numpy
import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler

from engine.config import EngineConfig, ModelConfig
from engine.local import LocalEngine
from engine.models import load_models
from engine.pictures import to_pixels, to_tensor
from engine.protocol import EngineStartError, Finished, GenerateRequest, InitImage, Pixels, Progress
from engine.starter.model import StarterModel
from engine.upscale import load_upscaler


@pytest.fixture
async def engine(random_starter: Path, tmp_path: Path) -> AsyncIterator[LocalEngine]:
    models = (ModelConfig("starter", "starter", str(random_starter)),)
    engine = LocalEngine(EngineConfig(models=models, device="cpu", threads=1, cache_dir=tmp_path))
    await engine.start()
    yield engine
    await engine.stop()


def a_request(name: str = "r", **changes: object) -> GenerateRequest:
    values = {"prompt": "monkey at night", "seeds": (5, 6), "steps": 4, "width": 256, "height": 256, **changes}
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


async def test_it_tells_its_words(engine: LocalEngine) -> None:
    [info] = engine.list_models()
    assert "monkey" in info.vocabulary
    assert (info.width, info.height) == (256, 256)


def test_missing_weights_name_the_program_that_makes_them(tmp_path: Path) -> None:
    config = EngineConfig(models=(ModelConfig("starter", "starter", str(tmp_path)),), device="cpu", cache_dir=tmp_path)
    with pytest.raises(EngineStartError, match=r"config.json is missing; train with python -m engine.starter.train"):
        load_models(config)
