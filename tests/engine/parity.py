"""The same request through the engine's own parts and through the stock diffusers pipeline, to be compared."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy
import torch
from PIL import Image

from engine.config import EngineConfig, ModelConfig
from engine.forwards import Forwards
from engine.generation import Generation
from engine.models import load_models
from engine.pipelines.flux import from_patches
from engine.pipelines.interface import Pipeline
from engine.protocol import GenerateRequest, Mask, Pixels
from engine.runner import Runner
from engine.samplers import OWN_SAMPLER, SAMPLERS
from engine.scheduler import Scheduler
from engine.settings import resolve

LATENT_TOLERANCE = 1e-3  # of latents that range over some ten units
LEVEL_TOLERANCE = 1  # of 255
SIDE = 32


@cache
def pipelines_of(folder: Path, family: str) -> Mapping[str, Pipeline]:
    return load_models(config_of(folder, family))


def config_of(source: Path | str, family: str = "stable-diffusion", **more: Any) -> EngineConfig:
    return EngineConfig(models=(ModelConfig("tiny", family, str(source), **more),), device="cpu")


@cache
def stock_of(folder: Path, family: str, mode: str) -> Any:
    import diffusers

    name = {"stable-diffusion": "StableDiffusion", "sdxl": "StableDiffusionXL", "flux": "Flux"}[family]
    more = {"safety_checker": None, "requires_safety_checker": False} if family == "stable-diffusion" else {}
    pipeline = getattr(diffusers, f"{name}{mode}Pipeline").from_pretrained(folder, **more)
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def a_request(name: str = "r", **changes: Any) -> GenerateRequest:
    request = GenerateRequest(name, "the fox", seeds=(1, 2), width=SIDE, height=SIDE, steps=4, guidance_scale=5.0)
    return replace(request, **changes)


def a_picture(side: int = SIDE) -> Pixels:
    ramp = numpy.linspace(0, 255, side * side * 3).astype(numpy.uint8).reshape(side, side, 3)
    return Pixels(side, side, ramp.transpose(1, 0, 2).tobytes())


def a_mask(side: int = SIDE) -> Mask:
    """The right half and a little more."""
    return Mask(side, side, bytes(255 if column > 0.4 * side else 0 for _ in range(side) for column in range(side)))


def stock(folder: Path, family: str, request: GenerateRequest, *, output_type: str = "latent", **told: Any) -> Any:
    """What diffusers itself makes of the request, one generator a row. `told` is for the stock pipeline alone."""
    import diffusers

    init = request.init_image
    mode = "" if init is None else "Img2Img" if request.mask is None else "Inpaint"
    pipeline = stock_of(folder, family, mode)
    scheduler = pipeline.scheduler
    if request.sampler is not None and request.sampler != OWN_SAMPLER:
        class_name, changes = SAMPLERS[request.sampler]
        pipeline.scheduler = getattr(diffusers, class_name).from_config(scheduler.config, **changes)
    more: dict[str, Any] = {"width": request.width, "height": request.height}
    if init is not None:
        image = Image.frombytes("RGB", (init.pixels.width, init.pixels.height), init.pixels.rgb)
        more = {"image": [image] * len(request.seeds), "strength": init.strength}
    if request.mask is not None:
        mask = Image.frombytes("L", (request.mask.width, request.mask.height), request.mask.levels)
        more |= {"mask_image": [mask] * len(request.seeds)}
    if request.mask is not None or family == "flux":
        more |= {"width": request.width, "height": request.height}
    if request.negative_prompt:
        more["negative_prompt"] = [request.negative_prompt] * len(request.seeds)
    more |= {"prompt": [request.prompt] * len(request.seeds)} | told
    try:
        images = pipeline(
            num_inference_steps=request.steps,
            guidance_scale=request.guidance_scale,
            generator=[torch.Generator("cpu").manual_seed(seed) for seed in request.seeds],
            output_type=output_type,
            **more,
        ).images
    finally:
        pipeline.scheduler = scheduler
    if family == "flux" and output_type == "latent":
        scale = pipeline.vae_scale_factor
        return from_patches(images, request.height // scale, request.width // scale)
    return images


def draw(
    pipelines: Mapping[str, Pipeline],
    requests: Sequence[GenerateRequest],
    *,
    max_rows: int = 16,
    fixed_rows: int = 0,
    forwards: Forwards | None = None,
) -> tuple[dict[str, torch.Tensor], dict[str, list[Pixels]]]:
    """Final latents and pictures of each request. Each joins one step after the one before it."""
    runner = Runner(pipelines, forwards or Forwards(fixed_rows=fixed_rows))
    scheduler, waiting = Scheduler(max_rows), list(requests)
    latents: dict[str, torch.Tensor] = {}
    pictures: dict[str, list[Pixels]] = {}
    while waiting or scheduler.has_work:
        if waiting:
            request = waiting.pop(0)
            scheduler.add(generation_of(request, pipelines))
        for generation in scheduler.admit():
            assert runner.prepare(generation) is None
        if batch := scheduler.schedule():
            assert all(result.failure is None for result in runner.step(batch).results)
        for generation in scheduler.generations:
            if all(row.is_denoised for row in generation.rows):
                latents[generation.id] = torch.cat([row.latents for row in generation.rows if row.latents is not None])
                assert runner.decode(generation.rows) == {}
                pictures[generation.id] = [row.image for row in generation.rows if row.image is not None]
                scheduler.remove(generation)
    return latents, pictures


def generation_of(request: GenerateRequest, pipelines: Mapping[str, Pipeline]) -> Generation:
    """As the owner thread makes it."""
    model = request.model or "tiny"
    settings = resolve(request, pipelines[model].traits)
    return Generation(request, settings, model, pipelines[model].text_length(settings))


def assert_close(latents: torch.Tensor, expected: torch.Tensor) -> None:
    assert latents.shape == expected.shape
    assert (latents - expected).abs().max().item() <= LATENT_TOLERANCE
