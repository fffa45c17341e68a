"""The two networks of the starter model: a small reader of words and a denoiser of 8x8 pixel patches that looks
things up in the word memories. Pure tensors; knows no words, files or samplers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

COLOUR_SPREAD = 0.25  # variance of a picture's mean colour, in latents' units


@dataclass(frozen=True)
class NetworkConfig:
    """Widths and depths. A conditioning row is two coordinates and `content` numbers of memory."""

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


class Resizer(nn.Module):
    """How an object looks smaller, from the rows of its large picture: every cell of a smaller box is a mix of the four
    large cells under it. The mix depends only on how the two grids meet, so it is learned once for all nouns."""

    under: Tensor
    meeting: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        under, meeting = _grid_meetings()
        self.register_buffer("under", under, persistent=False)
        self.register_buffer("meeting", meeting, persistent=False)
        self.blank = nn.Parameter(torch.zeros(config.content))  # beyond the edge of the large picture
        start = torch.eye(config.content).repeat(4, 1) * 0.3
        self.mixes = nn.Parameter(start.repeat(int(meeting.max()) + 1, 1, 1))

    def forward(self, memories: Tensor, which: Tensor, cells: Tensor) -> Tensor:
        """memories [U, 36, C], which [B, L] of them, cells [B, L] of all boxes' cells -> [B, L, C]."""
        blank = self.blank.expand(len(memories), 1, -1)
        padded = torch.cat((memories, blank), dim=1)
        meeting = self.meeting[cells]
        rows = padded[which, self.under[cells][..., 0]]
        for number, mix in enumerate(self.mixes):
            here = meeting == number
            four = padded[which[here][:, None], self.under[cells[here]]]
            rows = rows.index_put((here,), (four.flatten(1) @ mix).to(rows.dtype))
        return rows


def _grid_meetings() -> tuple[Tensor, Tensor]:
    """For each cell of the small, medium and large box: the four large cells under it [68, 4] (36: none), and how
    the grids meet [68] (-1: it is a large cell itself). Small is half of large, half a cell in; medium two thirds."""
    small = ([(2 * place - 1, 2 * place) for place in range(4)], [0] * 4)
    medium = ([(0, 1), (1, 2), (3, 4), (4, 5)], [0, 1, 0, 1])
    under: list[list[int]] = []
    meeting: list[int] = []
    for first, (spans, phases) in ((0, small), (1, medium)):
        for row, column in itertools.product(range(4), repeat=2):
            under.append([_large_cell(y, x) for y in spans[row] for x in spans[column]])
            meeting.append(first + phases[row] * 2 + phases[column])
    under += [[cell] * 4 for cell in range(36)]
    return torch.tensor(under), torch.tensor(meeting + [-1] * 36)


def _large_cell(row: int, column: int) -> int:
    return row * 6 + column if 0 <= row < 6 and 0 <= column < 6 else 36


class RowPlaces(nn.Module):
    """Where on the canvas each memory row belongs, in patches from the middle. A box starts in the middle and is
    moved as a whole by what its object's word means in context, so placing is learned once for all nouns."""

    middle: Tensor

    def __init__(self, config: NetworkConfig, boxes: Sequence[int]) -> None:
        super().__init__()
        self.register_buffer("middle", torch.cat([box_places(side) for side in boxes]), persistent=False)
        self.sizes = nn.Embedding(len(boxes), config.layout)
        self.move = nn.Sequential(
            nn.LayerNorm(config.layout),
            nn.Linear(config.layout, config.layout * 2),
            nn.GELU(),
            nn.Linear(config.layout * 2, 2),
        )

    def forward(self, cells: Tensor, sizes: Tensor, context: Tensor) -> Tensor:
        """cells and sizes [B, L], context [B, L, layout] (its object's word state) -> [B, L, 2]."""
        return self.middle[cells] + self.move(self.sizes(sizes) + context)


class Lookup(nn.Module):
    """Image tokens fetch memory rows by place: the nearer a row to where a head looks, the more of it comes. A head
    looks at its own token's place plus a shift read from the token, which is how a picture whose prompt leaves the
    place open finds out from the noise where its object is. An empty row competes, for background."""

    canvas: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.heads = config.heads
        self.register_buffer("canvas", box_places(math.isqrt(config.tokens)), persistent=False)
        self.look = nn.Linear(config.width, config.heads * 3)
        self.sharpness = nn.Parameter(torch.linspace(0.5, 3.0, config.heads))
        self.value = nn.Linear(config.content, config.width)
        self.empty = nn.Parameter(torch.randn(config.width) * 0.02)
        self.out = nn.Linear(config.width, config.width)
        nn.init.normal_(self.look.weight, std=0.002)
        nn.init.constant_(self.look.bias, 0.0)

    def forward(self, x: Tensor, rows: Tensor, mask: Tensor) -> Tensor:
        shift, empty = self.look(x).unflatten(-1, (self.heads, 3)).transpose(1, 2).split((2, 1), dim=-1)
        scores = -F.softplus(self.sharpness.float())[:, None, None] * squared_distances(
            self.canvas + shift, rows[..., :2]
        )
        scores = scores.masked_fill(~mask[:, None, None], -1e4)
        weights = torch.cat((scores, empty.float() - 2.0), dim=-1).softmax(dim=-1).to(x.dtype)
        value = torch.cat((self.value(rows[..., 2:]), self.empty.expand(len(x), 1, -1)), dim=1)
        return self.out(_joined(weights @ _heads(value, self.heads)))


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
        self.glance = nn.Sequential(nn.Linear(6, 128), nn.GELU(), nn.Linear(128, config.width))
        self.modulate = nn.Linear(config.width, config.width * 9)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.last = nn.Linear(config.width, config.width * 2)
        self.patch_out = nn.Linear(config.width, config.patch_values)
        nn.init.zeros_(self.patch_out.weight)
        nn.init.zeros_(self.glance[2].weight)

    def forward(self, patches: Tensor, times: Tensor, rows: Tensor, mask: Tensor, pooled: Tensor) -> Tensor:
        """patches [B, 64, 192], times [B] in [0, 1], rows [B, L, 2 + content], pooled [B, layout]."""
        glance = self.glance(_half_colours(patches, times).to(patches.dtype))
        whole = F.silu(self.time(_waves(times).to(patches.dtype)) + self.whole(pooled) + glance)
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


def _half_colours(patches: Tensor, times: Tensor) -> Tensor:
    """[B, 6]: the likely mean colours of the upper and lower half behind the noise. A mean over so many pixels shows
    through nearly pure noise, so all patches can agree on a background the prompt did not name."""
    means = patches.float().unflatten(1, (2, -1)).unflatten(-1, (-1, 3)).mean(dim=(2, 3)).flatten(1)
    share = 1 - times.float()[:, None]
    noise = times.float()[:, None].square() / (patches.shape[1] * patches.shape[2] / 6)
    return means * share / (share.square() + noise / COLOUR_SPREAD)


def _modulated(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return F.layer_norm(x, x.shape[-1:]) * (1 + scale[:, None]) + shift[:, None]


def _gate(gate: Tensor) -> Tensor:
    return 1 + gate[:, None]  # opened from the start: this net has hours to learn, not days


def squared_distances(gaze: Tensor, places: Tensor) -> Tensor:
    """Squared distances [B, H, T, L] of gaze [B, H, T, 2] and places [B, L, 2], as products: sums over two numbers
    are slow. In fp32, because squares of places lose the fractions in halves."""
    gaze, places = gaze.float(), places.float()[:, None]
    products = gaze @ places.transpose(-1, -2)
    return gaze.square().sum(-1)[..., None] + places.square().sum(-1)[..., None, :] - 2 * products


def box_places(side: int) -> Tensor:
    """[side * side, 2]: row and column of each cell of a centred square, in patches from the middle."""
    steps = torch.arange(side) - (side - 1) / 2
    return torch.cartesian_prod(steps, steps)


def _heads(x: Tensor, heads: int) -> Tensor:
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def _joined(x: Tensor) -> Tensor:
    return x.transpose(1, 2).flatten(2)
