"""A helper of training that never ships: it draws straight from the conditioning, without noise or attention. It is
poor at edges and knows nothing of doubt, but cheap, so the word memories meet several times as many pictures."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.starter.model import Conditioning
from engine.starter.network import NetworkConfig, box_places, squared_distances

SHARPNESS = 4.0
OUTSIDE = -3.0  # a token this far (squared, sharpened) from every row shows background


class Sketch(nn.Module):
    """Conditioning -> patches [B, 64, 192], by the nearest memory row and the prompt as a whole."""

    canvas: Tensor

    def __init__(self, config: NetworkConfig, hidden: int = 256) -> None:
        super().__init__()
        self.register_buffer("canvas", box_places(math.isqrt(config.tokens)), persistent=False)
        self.outside = nn.Parameter(torch.zeros(config.content))
        self.places = nn.Parameter(torch.randn(config.tokens, config.layout) * 0.1)
        self.whole = nn.Linear(config.layout, config.layout)
        self.mix = nn.Linear(config.content + config.layout, hidden * 2)
        self.content = nn.Linear(config.content, config.patch_values)
        self.out = nn.Linear(hidden, config.patch_values)

    def forward(self, conditioning: Conditioning) -> Tensor:
        rows, mask = conditioning.embeds, conditioning.mask
        apart = squared_distances(self.canvas[None, None], rows[..., :2])[:, 0]
        scores = (-SHARPNESS * apart).masked_fill(~mask[:, None], -1e4)
        weights = F.pad(scores, (0, 1), value=OUTSIDE).softmax(dim=-1)
        outside = self.outside.expand(len(rows), 1, -1)
        seen = weights @ torch.cat((rows[..., 2:], outside), dim=1)
        about = F.silu(self.whole(conditioning.pooled)[:, None] + self.places)
        gate, value = self.mix(torch.cat((seen, about), dim=-1)).chunk(2, dim=-1)
        return self.content(seen) + self.out(F.silu(gate) * value)
