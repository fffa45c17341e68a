"""The two networks of the starter model: a small reader of words and a denoiser of 8x8 pixel patches that looks
things up in the word memories. Pure tensors; knows no words, files or samplers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F


@dataclass(frozen=True)
class NetworkConfig:
    """Widths and depths. `content` + `layout` is the width of one conditioning row."""

    width: int = 256
    heads: int = 8
    layers: int = 4
    hidden: int = 512
    content: int = 128
    layout: int = 128
    reader_layers: int = 2
    rows: int = 64  # most memory rows a prompt can bring: four boxes of 4x4, or one of 6x6
    max_words: int = 16
    tokens: int = 64
    patch_values: int = 192


class Reader(nn.Module):
    """Words in context: [B, W] ids -> [B, W, layout] states."""

    def __init__(self, config: NetworkConfig, words: int) -> None:
        super().__init__()
        self.words = nn.Embedding(words, config.layout)
        self.places = nn.Parameter(torch.randn(config.max_words, config.layout) * 0.1)
        layer = nn.TransformerEncoderLayer(
            config.layout, 4, config.layout * 3, dropout=0.0, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, config.reader_layers, enable_nested_tensor=False)

    def forward(self, ids: Tensor) -> Tensor:
        states = self.words(ids) * 0.2 + self.places
        return self.layers(states, src_key_padding_mask=ids == 0)


class RowLayout(nn.Module):
    """Where on the canvas each memory row of an object belongs, as a code the denoiser's queries can match.
    The code never sees what is in the row, so placing is learned once for all nouns."""

    def __init__(self, config: NetworkConfig, cells: int) -> None:
        super().__init__()
        self.cells = nn.Embedding(cells, config.layout)
        self.mix = nn.Sequential(
            nn.LayerNorm(config.layout),
            nn.Linear(config.layout, config.layout * 2),
            nn.GELU(),
            nn.Linear(config.layout * 2, config.layout),
        )

    def forward(self, cells: Tensor, context: Tensor) -> Tensor:
        """cells [B, L] (which cell of which box size), context [B, L, layout] (its object's word state)."""
        return self.mix(self.cells(cells) + context)


class Lookup(nn.Module):
    """Image tokens attend to memory rows: keys from the layout half, values from the content half. A learned
    empty row is always there, for tokens that show background."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.layout = config.layout
        self.query = nn.Linear(config.width, config.width)
        self.key = nn.Linear(config.layout, config.width)
        self.value = nn.Linear(config.content, config.width)
        self.out = nn.Linear(config.width, config.width)
        self.empty = nn.Parameter(torch.randn(2, config.width) * 0.02)

    def forward(self, x: Tensor, rows: Tensor, mask: Tensor) -> Tensor:
        layout, content = rows.split((self.layout, rows.shape[-1] - self.layout), dim=-1)
        empty = self.empty[:, None, None].expand(2, len(x), 1, -1)
        query = _heads(self.query(x), self.heads)
        key = _heads(torch.cat((self.key(layout), empty[0]), 1), self.heads)
        value = _heads(torch.cat((self.value(content), empty[1]), 1), self.heads)
        seen = F.pad(mask, (0, 1), value=True)[:, None, None]
        return self.out(_joined(F.scaled_dot_product_attention(query, key, value, attn_mask=seen)))


class Block(nn.Module):
    """Look up, mix among image tokens, think; each modulated by time and the prompt as a whole."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.lookup = Lookup(config)
        self.mix_in = nn.Linear(config.width, config.width * 3)
        self.mix_out = nn.Linear(config.width, config.width)
        self.think_in = nn.Linear(config.width, config.hidden * 2)
        self.think_out = nn.Linear(config.hidden, config.width)
        self.offsets = nn.Parameter(torch.randn(9, config.width) * 0.02)

    def forward(self, x: Tensor, rows: Tensor, mask: Tensor, modulation: Tensor) -> Tensor:
        tuned = modulation + self.offsets
        shift, scale, gate = (part.unbind(1) for part in tuned.view(len(x), 3, 3, -1).unbind(2))
        x = x + _gate(gate[0]) * self.lookup(_modulated(x, shift[0], scale[0]), rows, mask)
        x = x + _gate(gate[1]) * self._mix(_modulated(x, shift[1], scale[1]))
        return x + _gate(gate[2]) * self._think(_modulated(x, shift[2], scale[2]))

    def _mix(self, x: Tensor) -> Tensor:
        query, key, value = (_heads(part, self.heads) for part in self.mix_in(x).chunk(3, dim=-1))
        return self.mix_out(_joined(F.scaled_dot_product_attention(query, key, value)))

    def _think(self, x: Tensor) -> Tensor:
        gate, value = self.think_in(x).chunk(2, dim=-1)
        return self.think_out(F.silu(gate) * value)


class Denoiser(nn.Module):
    """Noisy patches -> the clean patches they most likely came from."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.patch_in = nn.Linear(config.patch_values, config.width)
        self.places = nn.Parameter(torch.randn(config.tokens, config.width) * 0.3)
        self.time = nn.Sequential(nn.Linear(64, config.width), nn.SiLU(), nn.Linear(config.width, config.width))
        self.whole = nn.Linear(config.layout, config.width)
        self.modulate = nn.Linear(config.width, config.width * 9)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.last = nn.Linear(config.width, config.width * 2)
        self.patch_out = nn.Linear(config.width, config.patch_values)
        nn.init.zeros_(self.patch_out.weight)

    def forward(self, patches: Tensor, times: Tensor, rows: Tensor, mask: Tensor, pooled: Tensor) -> Tensor:
        """patches [B, 64, 192], times [B] in [0, 1], rows [B, L, layout + content], pooled [B, layout]."""
        whole = F.silu(self.time(_waves(times).to(patches.dtype)) + self.whole(pooled))
        modulation = self.modulate(whole).view(len(patches), 9, -1)
        x = self.patch_in(patches) + self.places
        for block in self.blocks:
            x = block(x, rows, mask, modulation)
        shift, scale = self.last(whole).chunk(2, dim=-1)
        return self.patch_out(_modulated(x, shift, scale))


def _waves(times: Tensor) -> Tensor:
    rates = torch.exp(torch.linspace(0.0, math.log(200.0), 32, device=times.device))
    angles = times.float()[:, None] * rates
    return torch.cat((angles.sin(), angles.cos()), dim=-1)


def _modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:]) * (1 + scale[:, None]) + shift[:, None]


def _gate(gate: Tensor) -> Tensor:
    return 1 + gate[:, None]  # opened from the start: this net has hours to learn, not days


def _heads(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _joined(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)
