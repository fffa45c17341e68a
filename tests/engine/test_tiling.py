"""Tiles: the opposite edges of a picture meet, and nobody else's picture changes."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import numpy.typing
import pytest
import torch
from torch import nn

from engine.config import STARTER, EngineConfig
from engine.models import load_models
from engine.pipelines.interface import Pipeline
from engine.protocol import Ability, GenerateRequest, InitImage, Pixels
from engine.settings import resolve
from engine.tiling import periodic_part
from tests.engine.parity import (
    LEVEL_TOLERANCE,
    SIDE,
    a_picture,
    a_request,
    assert_close,
    draw,
    generation_of,
    pipelines_of,
    stock,
    stock_of,
)

pytestmark = [
    pytest.mark.usefixtures("inference"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers' schedulers
]

Levels = numpy.typing.NDArray[numpy.float64]


def levels_of(pixels: Pixels) -> Levels:
    return numpy.frombuffer(pixels.rgb, numpy.uint8).reshape(pixels.height, pixels.width, 3).astype(float)


def seam_ratios(pixels: Pixels) -> tuple[float, float]:
    """Mean difference across the wrap, to that between neighbours inside: left to right, and top to bottom."""
    levels = levels_of(pixels)
    ratios = []
    for picture in (levels.swapaxes(0, 1), levels):
        inside = numpy.abs(numpy.diff(picture, axis=0)).mean()
        ratios.append(float(numpy.abs(picture[0] - picture[-1]).mean() / inside))
    return ratios[0], ratios[1]


@pytest.fixture(params=["stable-diffusion", "sdxl"])
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(family: str, tiny_sd: Path, tiny_sdxl: Path) -> Path:
    return tiny_sd if family == "stable-diffusion" else tiny_sdxl


@contextmanager
def patched_for_tiles(stock_pipeline: Any) -> Iterator[None]:
    """As people patch diffusers for seamless textures."""
    parts = [part for net in (stock_pipeline.unet, stock_pipeline.vae) for part in net.modules()]
    convolutions = [part for part in parts if isinstance(part, nn.Conv2d)]
    for convolution in convolutions:
        convolution.padding_mode = "circular"
    yield
    for convolution in convolutions:
        convolution.padding_mode = "zeros"


def test_tiles_are_those_of_the_stock_pipeline_with_wrapped_convolutions(family: str, folder: Path) -> None:
    """Among strangers that are no tiles, at other steps."""
    tile, plain = a_request("tile", tile=True), a_request("plain", steps=6)
    started = a_request("started", tile=True, init_image=InitImage(a_picture(), 0.6), steps=5)
    latents, pictures = draw(pipelines_of(folder, family), [plain, tile, started])
    assert_close(latents["plain"], stock(folder, family, plain))
    with patched_for_tiles(stock_of(folder, family, "")):
        assert_close(latents["tile"], stock(folder, family, tile))
        expected = stock(folder, family, tile, output_type="np")
    with patched_for_tiles(stock_of(folder, family, "Img2Img")):
        assert_close(latents["started"], stock(folder, family, started))
    for picture, values in zip(pictures["tile"], expected, strict=True):
        assert numpy.abs(levels_of(picture) - (values * 255).round()).max() <= LEVEL_TOLERANCE


def test_no_place_of_a_tile_is_its_edge(family: str, folder: Path) -> None:
    """Rolled noise gives the rolled picture: the networks cannot tell where it begins."""
    pipeline = pipelines_of(folder, family)["tiny"]
    conditioning = pipeline.encode(resolve(a_request(), pipeline.traits)).positive
    noise = torch.randn(1, 4, 16, 16, generator=torch.Generator().manual_seed(0))
    rolled, timestep = torch.roll(noise, (6, 4), (2, 3)), torch.tensor([500.0])
    with pipeline.tiling() as tiling:
        whole, part = (tiling.denoise(latents, timestep, conditioning) for latents in (noise, rolled))
        [picture], [rolled_picture] = tiling.decode(whole), tiling.decode(part)
    assert (torch.roll(whole, (6, 4), (2, 3)) - part).abs().max() < 1e-4
    difference = numpy.roll(levels_of(picture), (12, 8), (0, 1)) - levels_of(rolled_picture)
    assert numpy.abs(difference).max() <= LEVEL_TOLERANCE
    plain = [pipeline.denoise(latents, timestep, conditioning) for latents in (noise, rolled)]
    assert (torch.roll(plain[0], (6, 4), (2, 3)) - plain[1]).abs().max() > 1e-2


def test_what_a_tile_changes_is_put_back_whatever_happens(folder: Path, family: str) -> None:
    pipeline = pipelines_of(folder, family)["tiny"]
    modes = {part.padding_mode for net in pipeline.networks for part in net.modules() if isinstance(part, nn.Conv2d)}
    with pytest.raises(RuntimeError, match="trouble"), pipeline.tiling():
        raise RuntimeError("trouble")
    after = {part.padding_mode for net in pipeline.networks for part in net.modules() if isinstance(part, nn.Conv2d)}
    assert modes == after == {"zeros"}


def test_tiles_share_steps_with_tiles_only(tiny_sd: Path) -> None:
    pipelines = pipelines_of(tiny_sd, "stable-diffusion")
    keys = [generation_of(a_request(tile=tile), pipelines).key for tile in (True, True, False)]
    assert keys[0] == keys[1] != keys[2]


def test_a_flow_over_patches_with_places_draws_no_tiles(tiny_flux_dev: Path) -> None:
    assert Ability.TILE not in pipelines_of(tiny_flux_dev, "flux")["tiny"].traits.info.abilities


def test_the_periodic_part_has_no_jump_at_the_edge_and_all_its_detail() -> None:
    ramp = torch.linspace(-1, 1, SIDE).view(1, 1, SIDE, 1).expand(1, 3, SIDE, 24)
    assert periodic_part(ramp).abs().max() < 0.04
    texture = ramp + torch.randn(1, 3, SIDE, 24, generator=torch.Generator().manual_seed(0))
    smooth = texture - periodic_part(texture)
    middle, sides = smooth[..., 1:-1, 1:-1], (smooth[..., 1:-1, 2:], smooth[..., 1:-1, :-2])
    laplacian = sides[0] + sides[1] + smooth[..., 2:, 1:-1] + smooth[..., :-2, 1:-1] - 4 * middle
    assert laplacian.abs().max() < 1e-4
    assert smooth.abs().max() > 0.5
    assert smooth.mean().abs() < 1e-5


@pytest.fixture(scope="module")
def starter(tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    config = EngineConfig(models=(STARTER,), device="cpu", cache_dir=tmp_path_factory.mktemp("cache"))
    return load_models(config)["starter"]


def test_the_starters_tiles_have_no_seam(starter: Pipeline) -> None:
    """Over plain colours, sceneries that are light above and dark below, and objects that touch the edge."""
    prompts = ("a fox on a teal background", "a castle at sunset", "a boat on the sea", "three apples on snow")
    requests = [
        GenerateRequest(prompt, prompt, seeds=(3, 4), width=256, height=256, steps=8, tile=True) for prompt in prompts
    ]
    plain = [replace(request, id=f"plain {request.id}", tile=False) for request in requests]
    pipelines = {"starter": starter}
    _, pictures = draw(pipelines, [replace(request, model="starter") for request in (*requests, *plain)])
    ratios = {name: max(max(seam_ratios(picture)) for picture in drawn) for name, drawn in pictures.items()}
    assert max(ratios[request.id] for request in requests) <= 1.2
    assert min(ratios[request.id] for request in plain[1:]) > 1.2
