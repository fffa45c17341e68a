"""Previews by a tiny decoder: what they look like, and what an operator hears of one that does not fit."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderTiny

from engine.config import EngineConfig, ModelConfig
from engine.models import load_models
from engine.previews import LONGEST_SIDE, TinyDecoder, draw_previews
from engine.protocol import EngineStartError
from tests.engine import parity

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers' schedulers


def a_network(latent_channels: int = 4) -> AutoencoderTiny:
    torch.manual_seed(0)
    widths = (8, 8, 8, 8)
    return AutoencoderTiny(
        latent_channels=latent_channels, encoder_block_out_channels=widths, decoder_block_out_channels=widths
    ).eval()


@pytest.fixture(scope="module")
def taesd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("taesd")
    a_network().save_pretrained(folder)
    return folder


def load(model: Path, decoder: Path | str, family: str = "stable-diffusion") -> object:
    config = ModelConfig("tiny", family, str(model), preview_decoder=str(decoder))
    return load_models(EngineConfig(models=(config,), device="cpu"))["tiny"]


def test_a_named_decoder_shows_the_latents_as_it_was_trained_to(tiny_sd: Path, taesd: Path) -> None:
    latents = torch.randn(1, 4, 16, 16)
    pipeline = load(tiny_sd, taesd)
    with torch.inference_mode():
        [preview] = pipeline.previews(latents)  # type: ignore[attr-defined]
        expected = a_network().decode(latents).sample
    levels = torch.frombuffer(bytearray(preview.rgb), dtype=torch.uint8).view(preview.height, preview.width, 3)
    assert (preview.width, preview.height) == (128, 128)
    difference = levels.permute(2, 0, 1) / 127.5 - 1 - expected[0].clamp(-1, 1)
    assert difference.abs().max().item() <= 1 / 127.5


def test_without_one_a_latent_is_a_pixel(tiny_sd: Path) -> None:
    [preview] = load(tiny_sd, "").previews(torch.randn(1, 4, 16, 24))  # type: ignore[attr-defined]
    assert (preview.width, preview.height) == (24, 16)


def test_previews_stay_small_and_keep_their_shape() -> None:
    decoder = TinyDecoder(a_network())
    with torch.inference_mode():
        previews = draw_previews(torch.randn(2, 4, 96, 48), decoder, ())
    assert [(one.width, one.height) for one in previews] == [(LONGEST_SIDE // 2, LONGEST_SIDE)] * 2


def test_what_overflows_in_a_decoder_is_the_previews_trouble_alone() -> None:
    network = a_network()
    with torch.inference_mode():
        network.decoder.layers[-1].bias.fill_(float("nan"))
        [preview] = draw_previews(torch.randn(1, 4, 8, 8), TinyDecoder(network), ())
    assert set(preview.rgb) == {128}


async def test_through_the_whole_engine(tiny_sd: Path, taesd: Path, tmp_path: Path) -> None:
    from engine.local import LocalEngine
    from engine.protocol import Progress

    config = ModelConfig("tiny", "stable-diffusion", str(tiny_sd), preview_decoder=str(taesd))
    engine = LocalEngine(EngineConfig(models=(config,), device="cpu", threads=1, max_rows=4, cache_dir=tmp_path))
    await engine.start()
    try:
        request = parity.a_request(preview_every=2, steps=5)
        events = [event async for event in engine.generate(request)]
    finally:
        await engine.stop()
    shown = [(e.step_index, [(p.width, p.height) for p in e.previews]) for e in events if isinstance(e, Progress)]
    assert shown == [(1, []), (2, [(128, 128)] * 2), (3, []), (4, [(128, 128)] * 2), (5, [])]


def without_weights(folder: Path) -> None:
    (folder / "diffusion_pytorch_model.safetensors").unlink()


def without_configuration(folder: Path) -> None:
    (folder / "config.json").unlink()


def of_another_class(folder: Path) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "_class_name": "AutoencoderKL"}))


def of_another_family(folder: Path) -> None:
    a_network(latent_channels=16).save_pretrained(folder)


def with_half_a_file(folder: Path) -> None:
    weights = folder / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (without_weights, r"is missing its weights \(\*.safetensors\)"),
        (without_configuration, "is missing config.json"),
        (of_another_class, "is a AutoencoderKL; choose an AutoencoderTiny"),
        (of_another_family, "has latents of 4 channels, its preview decoder .* shows 16"),
        (with_half_a_file, "model tiny: its preview decoder .* cannot be loaded"),
    ],
)
def test_a_decoder_that_does_not_fit_is_named(
    tiny_sd: Path, taesd: Path, tmp_path: Path, damage: Callable[[Path], None], sentence: str
) -> None:
    folder = tmp_path / "decoder"
    shutil.copytree(taesd, folder)
    damage(folder)
    with pytest.raises(EngineStartError, match=sentence):
        load(tiny_sd, folder)


@pytest.mark.parametrize("source", ["/nowhere/at/all", "taesd_decoder.pth", "taesd.safetensors"])
def test_a_decoder_is_a_folder_or_an_id(tiny_sd: Path, source: str) -> None:
    with pytest.raises(EngineStartError, match="is no folder of a network"):
        load(tiny_sd, source)
