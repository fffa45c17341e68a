"""Models distilled to a few steps, with the settings that they were published with, beside their stock pipelines."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.models import load_models
from engine.protocol import GenerateRequest, InitImage
from engine.samplers import OWN_SAMPLER
from engine.settings import resolve
from tests.engine.parity import a_mask, a_picture, a_request, assert_close, config_of, draw, pipelines_of, stock

pytestmark = [
    pytest.mark.usefixtures("inference"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers' schedulers
]


def in_every_mode(request: GenerateRequest) -> list[GenerateRequest]:
    start = InitImage(a_picture(), 0.5)
    return [
        replace(request, id="words"),
        replace(request, id="picture", init_image=start),
        replace(request, id="mask", init_image=start, mask=a_mask()),
    ]


@pytest.mark.parametrize("steps", [2, 4])
def test_turbo_without_guidance(tiny_sdxl_turbo: Path, steps: int) -> None:
    requests = in_every_mode(a_request(guidance_scale=0.0, steps=steps))
    latents, _ = draw(pipelines_of(tiny_sdxl_turbo, "sdxl"), requests)
    for request in requests:
        assert_close(latents[request.id], stock(tiny_sdxl_turbo, "sdxl", request))


def test_turbo_in_a_single_step(tiny_sdxl_turbo: Path) -> None:
    request = a_request(guidance_scale=0.0, steps=1)
    latents, _ = draw(pipelines_of(tiny_sdxl_turbo, "sdxl"), [request])
    assert_close(latents["r"], stock(tiny_sdxl_turbo, "sdxl", request))


def test_lightning_on_the_base_models_schedule(tiny_sdxl: Path) -> None:
    """Such files come without a noise scheduler; the base model's spaces its timesteps otherwise."""
    requests = in_every_mode(a_request(guidance_scale=0.0, sampler="euler_trailing"))
    latents, _ = draw(pipelines_of(tiny_sdxl, "sdxl"), requests)
    for request in requests:
        assert_close(latents[request.id], stock(tiny_sdxl, "sdxl", request))
    usual, _ = draw(pipelines_of(tiny_sdxl, "sdxl"), [replace(requests[0], sampler="euler")])
    assert (usual["words"] - latents["words"]).abs().max() > 0.1


def test_latent_consistency_takes_the_guidance_as_an_embedding(tiny_sdxl_lcm: Path) -> None:
    requests = in_every_mode(a_request(guidance_scale=8.0))
    latents, _ = draw(pipelines_of(tiny_sdxl_lcm, "sdxl"), [*requests, a_request("less", guidance_scale=1.5)])
    for request in (*requests, a_request("less", guidance_scale=1.5)):
        assert_close(latents[request.id], stock(tiny_sdxl_lcm, "sdxl", request))
    assert (latents["less"] - latents["words"]).abs().max() > 0.1
    assert not pipelines_of(tiny_sdxl_lcm, "sdxl")["tiny"].traits.info.supports_negative_prompt


@pytest.mark.parametrize("guidance_scale", [0.0, 1.0])
def test_what_the_operator_sets_is_what_is_drawn_with(tiny_sdxl: Path, guidance_scale: float) -> None:
    config = config_of(tiny_sdxl, "sdxl", steps=4, guidance_scale=guidance_scale, sampler="euler_trailing")
    pipelines = load_models(config)
    plain = a_request(steps=None, guidance_scale=None)
    settings = resolve(plain, pipelines["tiny"].traits)
    assert (settings.steps, settings.guidance_scale, settings.sampler) == (4, guidance_scale, "euler_trailing")
    assert pipelines["tiny"].traits.samplers[1] == OWN_SAMPLER
    assert pipelines["tiny"].encode(settings).negative is None
    latents, _ = draw(pipelines, [plain])
    spelled_out = replace(plain, steps=4, guidance_scale=0.0, sampler="euler_trailing")
    assert_close(latents["r"], stock(tiny_sdxl, "sdxl", spelled_out))


@pytest.mark.parametrize("is_masked", [False, True])
def test_a_little_strength_is_a_step_where_there_are_few(tiny_sdxl_turbo: Path, *, is_masked: bool) -> None:
    """Rounded down to none, a variation would be the picture itself; stock refuses or breaks down."""
    pipelines = pipelines_of(tiny_sdxl_turbo, "sdxl")
    kept = a_request(guidance_scale=0.0, steps=1, init_image=InitImage(a_picture(), 0.0), seeds=(1,))
    kept = replace(kept, mask=a_mask() if is_masked else None)
    varied = replace(kept, id="varied", init_image=InitImage(a_picture(), 0.5))
    latents, _ = draw(pipelines, [kept, varied])
    assert (latents["r"] - latents["varied"]).abs().max() > 0.1
