"""Enlarges pictures tile by tile, so that memory stays bounded, and in slices, so that nobody waits for it.

The weights come from a data package and are kept in the cache as safetensors. What the networks are is `esrgan.py`'s
business; files of the operator's own are `operator_upscaler.py`'s.
"""

import copy
import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy
import numpy.typing
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from engine.esrgan import NETWORKS, SCALE, CompactNet
from engine.limits import InvalidRequest
from engine.ncnn import read_weights
from engine.precision import NotANumber
from engine.protocol import EngineStartError, Finished, Pixels, Progress, Started, UpscaleRequest
from engine.slices import Slices, Work, finish, in_slices
from engine.tasks import Effort

__all__ = ["SCALE", "Upscaler", "check_upscale", "load_upscaler", "upscale"]

log = logging.getLogger(__name__)

MAX_PIXELS = 4352 * 4352  # of the enlarged picture: 4096, and a sixteenth around it for what repeats
SMALLEST_TILE = 32


@dataclass(frozen=True, slots=True)
class Tiling:
    """`tile` is the side that is kept and `overlap` the margin around it, in pixels of the small picture.

    It decides both bounds: no tensor is larger than `window_pixels` times a network's widest layer (64 channels; 10 MiB
    on a CPU), and no slice computes more than one layer of one tile, however large the picture is.
    """

    tile: int
    overlap: int

    @property
    def window_pixels(self) -> int:
        return (self.tile + 2 * self.overlap) ** 2


GPU_TILING = Tiling(tile=384, overlap=48)
COMPACT_TILING = Tiling(tile=160, overlap=20)  # just beyond what that network sees; a layer takes some 50 ms on a CPU
DEEP_CPU_TILING = Tiling(tile=48, overlap=32)  # deeper ones look further, but hardly; a layer takes up to 300 ms

Levels = numpy.typing.NDArray[numpy.uint8]


@dataclass(frozen=True, slots=True)
class Tile:
    """A part of the small picture, in its pixels. It is computed with a margin of its surroundings, then cut off."""

    top: int
    left: int
    bottom: int
    right: int
    overlap: int

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns of the small picture, with the margin."""
        above, before = self.margins
        return slice(self.top - above, self.bottom + self.overlap), slice(self.left - before, self.right + self.overlap)

    def inside(self, enlarged: torch.Tensor, scale: int) -> torch.Tensor:
        """Of the enlarged window, without the margin."""
        above, before = self.margins
        rows = slice(above * scale, (above + self.bottom - self.top) * scale)
        return enlarged[:, :, rows, before * scale : (before + self.right - self.left) * scale]

    def enlarged(self, scale: int) -> tuple[slice, slice]:
        """Rows and columns of the large picture."""
        return slice(self.top * scale, self.bottom * scale), slice(self.left * scale, self.right * scale)

    @property
    def margins(self) -> tuple[int, int]:
        """Above and before it; fewer at the picture's edge."""
        return min(self.top, self.overlap), min(self.left, self.overlap)


@dataclass(frozen=True, slots=True)
class Upscaler:
    """`network` makes `[1, 3, H, W]` in [0, 1] `scale` times as long and wide."""

    network: nn.Module
    scale: int
    device: torch.device
    dtype: torch.dtype
    tiling: Tiling

    def enlarge(self, picture: torch.Tensor) -> torch.Tensor:
        """`[1, 3, H, W]` in [-1, 1] to `[1, 3, 4H, 4W]`, at once."""
        return finish(self.in_tiles((picture + 1) / 2, SCALE)) * 2 - 1

    def in_tiles(self, picture: torch.Tensor, scale: int) -> Slices[torch.Tensor]:
        """`[1, 3, H, W]` in [0, 1] to `[1, 3, scale * H, scale * W]`."""
        _, _, height, width = picture.shape
        enlarged = torch.empty(1, 3, height * scale, width * scale, dtype=self.dtype, device=self.device)
        for tile in self.tiles(height, width):
            part = yield from self.enlarge_part(picture[:, :, *tile.window], scale)
            enlarged[:, :, *tile.enlarged(scale)] = tile.inside(part, scale)
        return enlarged

    def tiles(self, height: int, width: int) -> Sequence[Tile]:
        side, overlap = self.tiling.tile, self.tiling.overlap
        return [
            Tile(top, left, min(top + side, height), min(left + side, width), overlap)
            for top, left in itertools.product(range(0, height, side), range(0, width, side))
        ]

    def enlarge_part(self, part: torch.Tensor, scale: int) -> Slices[torch.Tensor]:
        """`[1, 3, H, W]` in [0, 1], on any device, to `[1, 3, scale * H, scale * W]` in [0, 1].

        A network that makes too much of it is averaged down, one that makes too little goes again.
        """
        x, factor = part.to(self.device, self.dtype), 1
        while factor < scale:
            x = (yield from in_slices(partial(self.network, x), self.network)).clamp(0, 1)
            factor *= self.scale
        return F.avg_pool2d(x, factor // scale) if factor > scale else x

    def eased(self, effort: Effort) -> "Upscaler":
        """Smaller tiles after the memory ran out; float32 after half precision gave no numbers."""
        tile = max(SMALLEST_TILE, self.tiling.tile >> effort.halvings)
        easier = replace(self, tiling=replace(self.tiling, tile=tile))
        if effort.in_full_precision:
            easier = replace(easier, network=copy.deepcopy(self.network).float(), dtype=torch.float32)
        return easier


def load_upscaler(name: str, cache_dir: Path, device: torch.device, dtype: torch.dtype) -> Upscaler:
    """ "auto" takes the small network on a CPU. Raises `EngineStartError` when the data package is not there."""
    if name == "auto":
        name = "compact" if device.type == "cpu" else "anime"
    if name not in NETWORKS:
        raise EngineStartError(f"there is no upscaler {name!r}; choose auto, {', '.join(NETWORKS)}")
    file_name, build = NETWORKS[name]
    network = build()
    cached = cache_dir / "upscalers" / f"{name}.safetensors"
    kept = _read_kept(cached)
    network.load_state_dict(read_weights(file_name, network) if kept is None else kept)
    if kept is None:
        _keep(network, cached)
    return upscaler_from(network, SCALE, device, dtype)


def upscaler_from(network: nn.Module, scale: int, device: torch.device, dtype: torch.dtype) -> Upscaler:
    tiling = GPU_TILING
    if device.type == "cpu":
        tiling = COMPACT_TILING if isinstance(network, CompactNet) else DEEP_CPU_TILING
    network.to(device, dtype).eval().requires_grad_(requires_grad=False)
    return Upscaler(network, scale, device, dtype, tiling)


def _read_kept(cached: Path) -> dict[str, torch.Tensor] | None:
    """None if it is not there, or was cut short."""
    try:
        return load_file(cached)
    except (OSError, SafetensorError):
        return None


def _keep(network: nn.Module, cached: Path) -> None:
    """A cache that cannot be written costs the next start a conversion, nothing else."""
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        unfinished = cached.with_suffix(".partial")
        save_file(network.state_dict(), unfinished)
        unfinished.replace(cached)
    except OSError as error:
        log.warning("upscaler weights were not cached: %s", error)


def check_upscale(request: UpscaleRequest) -> None:
    """Raises `InvalidRequest`."""
    width, height = request.pixels.width, request.pixels.height
    if request.scale not in (2, 4):
        raise InvalidRequest(f"pictures are enlarged 2 or 4 times, not {request.scale} times")
    if width * height == 0:
        raise InvalidRequest(f"a picture of {width}x{height} pixels has no area")
    pixels = width * height * request.scale**2
    if pixels > MAX_PIXELS:
        raise InvalidRequest(
            f"{width}x{height} enlarged {request.scale} times has {pixels / 1e6:.1f} megapixels; "
            f"at most {MAX_PIXELS / 1e6:.1f} are made"
        )


def upscale(request: UpscaleRequest, upscaler: Upscaler, effort: Effort) -> Work:
    """A step is a tile. Both pictures are held as bytes; only a tile is ever held in numbers."""
    upscaler, scale = upscaler.eased(effort), request.scale
    width, height = request.pixels.width, request.pixels.height
    levels = numpy.frombuffer(request.pixels.rgb, numpy.uint8).reshape(height, width, 3)
    tiles = upscaler.tiles(height, width)
    large = numpy.empty((height * scale, width * scale, 3), numpy.uint8)
    yield Started(len(tiles))
    for number, tile in enumerate(tiles, start=1):
        part = torch.from_numpy(levels[tile.window].astype(numpy.float32) / 255)
        enlarged = yield from upscaler.enlarge_part(part.permute(2, 0, 1).unsqueeze(0), scale)
        large[tile.enlarged(scale)] = _to_levels(tile.inside(enlarged, scale))
        yield Progress(number, len(tiles))
    return Finished((Pixels(width * scale, height * scale, large.tobytes()),), engine_seconds=0.0)


def _to_levels(picture: torch.Tensor) -> Levels:
    """`[1, 3, h, w]` in [0, 1] to bytes. Raises `NotANumber`."""
    if not bool(torch.isfinite(picture).all()):
        raise NotANumber("the enlarged picture is not finite; try float32")
    return (picture[0].float() * 255).round().to(torch.uint8).permute(1, 2, 0).cpu().numpy()
