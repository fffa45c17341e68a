"""Models that see mask and masked picture (9 channels), beside the stock inpainting pipelines."""

from dataclasses import replace
from pathlib import Path

import pytest

from engine.models import load_models
from engine.protocol import EngineStartError, GenerateRequest, InitImage, Mask
from tests.engine import conftest
from tests.engine.parity import SIDE, a_mask, a_picture, a_request, assert_close, config_of, draw, pipelines_of, stock

pytestmark = [
    pytest.mark.usefixtures("inference"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers' schedulers
]

ALL = Mask(SIDE, SIDE, bytes([255]) * SIDE**2)


def as_inpainting(request: GenerateRequest) -> GenerateRequest:
    """Stock knows these models in one mode only: what has no mask is all masked, what has no picture starts anew."""
    return replace(request, init_image=request.init_image or InitImage(a_picture(), 1.0), mask=request.mask or ALL)


@pytest.fixture(params=["stable-diffusion", "sdxl"])
def source(request: pytest.FixtureRequest, tiny_sd_inpaint: Path, tiny_sdxl_inpaint: Path) -> tuple[Path, str]:
    return (tiny_sd_inpaint if request.param == "stable-diffusion" else tiny_sdxl_inpaint), request.param


@pytest.mark.parametrize("strength", [0.6, 1.0])
@pytest.mark.parametrize("mask", [None, a_mask()], ids=["whole", "masked"])
def test_from_a_picture_as_stock_does(source: tuple[Path, str], strength: float, mask: Mask | None) -> None:
    request = a_request(init_image=InitImage(a_picture(), strength), mask=mask, steps=5)
    latents, _ = draw(pipelines_of(*source), [request])
    assert_close(latents["r"], stock(*source, as_inpainting(request)))


def test_strangers_in_every_mode_share_a_batch(source: tuple[Path, str]) -> None:
    start = InitImage(a_picture(), 0.7)
    requests = [
        a_request("words", sampler="euler_a", steps=5),
        a_request("masked", sampler="dpmpp_2m_sde", init_image=start, mask=a_mask(), steps=6, prompt="a red kite"),
        a_request("picture", sampler="ddim", init_image=start, guidance_scale=1.0, seeds=(9,)),
        a_request(
            "anew", sampler="unipc", init_image=replace(start, strength=1.0), mask=a_mask(), negative_prompt="blue"
        ),
        a_request("heun", sampler="heun", init_image=start, mask=a_mask(), steps=3),
    ]
    latents, _ = draw(pipelines_of(*source), requests)
    for request in requests:
        assert_close(latents[request.id], stock(*source, as_inpainting(request)))


def test_a_mask_that_is_larger_than_the_picture_is_scaled(tiny_sd_inpaint: Path) -> None:
    start = InitImage(a_picture(), 0.9)
    requests = [a_request(str(side), init_image=start, mask=a_mask(side)) for side in (SIDE, 2 * SIDE)]
    latents, _ = draw(pipelines_of(tiny_sd_inpaint, "stable-diffusion"), requests)
    assert_close(latents[str(SIDE)], latents[str(2 * SIDE)])


@pytest.mark.parametrize("family", ["stable-diffusion", "sdxl"])
def test_a_denoiser_of_other_channels_is_refused(tmp_path: Path, family: str) -> None:
    """Eight are those of models that edit by instruction."""
    build = conftest.stable_diffusion if family == "stable-diffusion" else conftest.sdxl
    build(in_channels=8).save_pretrained(tmp_path)
    with pytest.raises(EngineStartError, match=r"made for another purpose \(its denoiser has 8 channels\)"):
        load_models(config_of(tmp_path, family))
