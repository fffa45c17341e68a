"""FLUX.1 beside its stock pipelines: dev, schnell, and models without distilled guidance; alone and among strangers."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.config import EngineConfig, ModelConfig
from engine.models import load_models
from engine.pipelines.flux import from_patches, to_patches
from engine.pipelines.interface import Pipeline
from engine.protocol import EngineStartError, GenerateRequest, InitImage
from engine.settings import resolve
from tests.engine.parity import (
    LEVEL_TOLERANCE,
    a_mask,
    a_picture,
    a_request,
    assert_close,
    draw,
    generation_of,
    pipelines_of,
    stock,
)

pytestmark = [
    pytest.mark.usefixtures("inference"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers' schedulers
]

LONG = "the fox " * 40  # 280 letters and spaces


def a_dev_request(name: str = "r", **changes: Any) -> GenerateRequest:
    return a_request(name, guidance_scale=3.5, **changes)


@pytest.mark.parametrize("mode", ["text", "picture", "mask"])
@pytest.mark.parametrize("strength", [0.3, 0.6, 1.0])
def test_dev_draws_the_stock_pictures(tiny_flux_dev: Path, mode: str, strength: float) -> None:
    """Where a share of the steps is broken (0.3 of 5), FLUX rounds up."""
    request = a_dev_request(steps=5)
    if mode != "text":
        request = replace(
            request, init_image=InitImage(a_picture(), strength), mask=a_mask() if mode == "mask" else None
        )
    latents, _ = draw(pipelines_of(tiny_flux_dev, "flux"), [request])
    assert_close(latents["r"], stock(tiny_flux_dev, "flux", request))


@pytest.mark.parametrize(("prompt", "length"), [("the fox", 256), (LONG, 512)])
def test_schnell_reads_long_prompts_at_the_longer_length(tiny_flux_schnell: Path, prompt: str, length: int) -> None:
    request = a_request(prompt=prompt, guidance_scale=0.0, steps=2)
    pipelines = pipelines_of(tiny_flux_schnell, "flux")
    latents, _ = draw(pipelines, [request])
    assert generation_of(request, pipelines).key.text_length == length
    assert_close(latents["r"], stock(tiny_flux_schnell, "flux", request, max_sequence_length=length))


def test_another_shape_has_other_places_and_another_shift(tiny_flux_dev: Path) -> None:
    request = a_dev_request(width=48, height=24)
    latents, pictures = draw(pipelines_of(tiny_flux_dev, "flux"), [request])
    assert_close(latents["r"], stock(tiny_flux_dev, "flux", request))
    assert (pictures["r"][0].width, pictures["r"][0].height) == (48, 24)


def test_a_model_without_guidance_of_its_own_is_guided_by_a_negative_prompt(tiny_flux_schnell: Path) -> None:
    pipelines = guided(tiny_flux_schnell)
    requests = [
        a_request("a", negative_prompt="blue", guidance_scale=4.0),
        a_request("b", guidance_scale=2.0),
        a_request("c", guidance_scale=1.0, negative_prompt="blue"),
    ]
    latents, _ = draw(pipelines, requests)
    assert pipelines["tiny"].traits.info.supports_negative_prompt
    for request in requests:
        told: dict[str, Any] = {
            "negative_prompt": [request.negative_prompt] * 2,
            "true_cfg_scale": request.guidance_scale,
        }
        assert_close(latents[request.id], stock(tiny_flux_schnell, "flux", request, max_sequence_length=256, **told))


def guided(folder: Path) -> Mapping[str, Pipeline]:
    models = (ModelConfig("tiny", "flux", str(folder), guidance_scale=4.0),)
    return load_models(EngineConfig(models=models, device="cpu"))


def test_a_batch_of_strangers_changes_nobodys_picture(
    tiny_flux_dev: Path, tiny_flux_schnell: Path, tiny_sd: Path, tiny_sdxl: Path
) -> None:
    """Other prompts, lengths, guidance and modes, each joining at another step; other families take turns."""
    folders = {
        "tiny": (tiny_flux_dev, "flux"),
        "quick": (tiny_flux_schnell, "flux"),
        "sd": (tiny_sd, "stable-diffusion"),
        "sdxl": (tiny_sdxl, "sdxl"),
    }
    pipelines = {name: pipelines_of(*source)["tiny"] for name, source in folders.items()}
    start = InitImage(a_picture(), 0.7)
    requests = [
        a_dev_request("a", steps=6),
        a_request("b", model="sd", sampler="dpmpp_2m"),
        a_dev_request("c", prompt="a red kite", seeds=(7,)),
        a_request("d", model="quick", guidance_scale=0.0, steps=2),
        a_request("e", prompt="", guidance_scale=1.5, init_image=start, steps=5),
        a_request("f", model="sdxl", sampler="euler_a", init_image=start, mask=a_mask()),
        a_request("g", guidance_scale=9.0, init_image=start, mask=a_mask(), steps=7, seeds=(2**40,)),
        a_request("h", model="quick", guidance_scale=0.0, steps=3, prompt=LONG),
        a_dev_request("i", width=48, steps=3),
    ]
    latents, pictures = draw(pipelines, requests)
    for request in requests:
        told: dict[str, Any] = {}
        if request.model == "quick":
            told = {"max_sequence_length": 512 if request.prompt == LONG else 256}
        folder, family = folders[request.model or "tiny"]
        assert_close(latents[request.id], stock(folder, family, request, **told))
        expected = stock(folder, family, request, output_type="np", **told)
        for picture, values in zip(pictures[request.id], expected, strict=True):
            levels = numpy.frombuffer(picture.rgb, numpy.uint8).reshape(request.height, request.width, 3).astype(int)
            assert abs(levels - (values * 255).round()).max() <= LEVEL_TOLERANCE


def test_padded_to_a_fixed_size_the_bits_are_the_same_whatever_the_neighbours(tiny_flux_dev: Path) -> None:
    pipelines = pipelines_of(tiny_flux_dev, "flux")
    request = a_dev_request(steps=5)
    alone, _ = draw(pipelines, [request], fixed_rows=4)
    among, _ = draw(pipelines, [a_dev_request("a", seeds=(5, 6, 7), prompt="a red kite"), request], fixed_rows=4)
    assert torch.equal(alone["r"], among["r"])


def test_patches_are_those_of_the_stock_pipeline() -> None:
    from diffusers import FluxPipeline

    latents = torch.randn(2, 16, 6, 10)
    packed = FluxPipeline._pack_latents(latents, 2, 16, 6, 10)
    assert torch.equal(to_patches(latents), packed)
    assert torch.equal(from_patches(packed, 6, 10), latents)


def test_what_a_model_is_by_itself(tiny_flux_dev: Path, tiny_flux_schnell: Path) -> None:
    dev, schnell = (pipelines_of(folder, "flux")["tiny"].traits for folder in (tiny_flux_dev, tiny_flux_schnell))
    assert (dev.info.steps, dev.guidance_scale, dev.info.guidance_scale) == (28, 3.5, 3.5)
    assert (schnell.info.steps, schnell.guidance_scale, schnell.info.guidance_scale) == (4, 1.0, None)
    assert not dev.info.supports_negative_prompt
    assert dev.size_multiple == 4  # 16 with the eightfold VAE of the real models


def test_what_was_not_followed_is_said(tiny_flux_dev: Path, tiny_flux_schnell: Path) -> None:
    dev, schnell = (pipelines_of(folder, "flux")["tiny"] for folder in (tiny_flux_dev, tiny_flux_schnell))
    long = resolve(a_dev_request(prompt="the fox " * 80, negative_prompt="blue"), dev.traits)
    assert dev.encode(long).notes == ("The prompt has 641 tokens; this model reads the first 512.",)
    assert long.notes == ("tiny has no negative prompt; it was ignored.",)
    asked = resolve(a_request(), schnell.traits)
    assert schnell.encode(asked).notes == ("tiny is not guided; the guidance scale was ignored.",)


def test_a_preview_is_one_pixel_a_latent(tiny_flux_dev: Path) -> None:
    pipeline = pipelines_of(tiny_flux_dev, "flux")["tiny"]
    [grey] = pipeline.previews(torch.zeros(1, 16, 4, 6))
    assert (grey.width, grey.height) == (6, 4)
    assert grey.rgb[:3] == bytes([123, 118, 117])


def without_transformer(folder: Path) -> None:
    shutil.rmtree(folder / "transformer")


def with_pickled_text_encoder(folder: Path) -> None:
    weights = folder / "text_encoder_2" / "model.safetensors"
    torch.save(load_file(weights), weights.with_name("pytorch_model.bin"))
    weights.unlink()


def without_number(folder: Path) -> None:
    weights = folder / "transformer" / "diffusion_pytorch_model.safetensors"
    save_file({name: torch.full_like(value, torch.nan) for name, value in load_file(weights).items()}, weights)


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (without_transformer, "is missing its part 'transformer'"),
        (with_pickled_text_encoder, "text_encoder_2 holds pickled weights only"),
        (without_number, "tiny is loaded but cannot draw: the latents are not finite"),
    ],
)
def test_a_broken_folder_names_what_is_broken(
    tiny_flux_dev: Path, tmp_path: Path, damage: Callable[[Path], None], sentence: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_flux_dev, folder)
    damage(folder)
    with pytest.raises(EngineStartError, match=sentence):
        pipelines_of(folder, "flux")


def test_a_folder_of_another_family_lacks_a_part(tiny_sdxl: Path) -> None:
    with pytest.raises(EngineStartError, match="is missing its part 'transformer'"):
        pipelines_of(tiny_sdxl, "flux")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_loads_and_draws(tiny_flux_dev: Path, dtype: str) -> None:
    """Loading ends in a warm-up picture; in float16 what would overflow stays in float32."""
    models = (ModelConfig("tiny", "flux", str(tiny_flux_dev)),)
    components = load_models(EngineConfig(models=models, device="cpu", dtype=dtype))["tiny"].components  # type: ignore[attr-defined]
    others = torch.float32 if dtype == "float16" else torch.bfloat16
    assert components.transformer.dtype is getattr(torch, dtype)
    assert {components.vae.dtype, components.text_encoder.dtype, components.text_encoder_2.dtype} == {others}
