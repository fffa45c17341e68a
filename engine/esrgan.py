"""The two networks of Real-ESRGAN that make a picture four times as long and wide.

SRVGGNetCompact and RRDBNet as published with Real-ESRGAN (BSD 3-Clause, see LICENSE-RealESRGAN). They know nothing of
files or tiles. Pictures are `[1, 3, H, W]` in [0, 1].
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F

SCALE = 4


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
"""By name: the file in the data package, and the network it fits."""
