"""The starter model as the engine sees it: prompts to conditioning, noisy pixels to velocity, a folder of weights.
Knows nothing of schedulers, guidance or requests.

Convention (rectified flow, as diffusers' FlowMatchEulerDiscreteScheduler steps it): with clean pixels x0 in [-1, 1]
and unit noise n, latents = (1 - t) * x0 + t * n, where t is the scheduler's sigma (its timestep / 1000).
`denoise` returns the velocity n - x0, so latents + (next_sigma - sigma) * velocity is one Euler step; start from
pure noise at sigma 1. The clean picture as seen now is latents - t * velocity.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from engine.starter.network import Denoiser, NetworkConfig, Reader, Resizer, RowPlaces
from engine.starter.reading import Reading
from engine.starter.vocabulary import Vocabulary
from engine.starter.words import BOX_PATCHES, PATCH, PICTURE, SIZES, STYLES, WORD_IDS, WORDS

WEIGHTS = Path(__file__).with_name("weights")
GRID = PICTURE // PATCH
SMALLEST_TIME = 1e-3
CELLS = {size: BOX_PATCHES[size] ** 2 for size in SIZES}
FIRST_CELL = {"small": 0, "medium": CELLS["small"], "large": CELLS["small"] + CELLS["medium"]}
FIRST_SPREAD = 0.05


class WeightsMissing(Exception):
    """The folder does not hold a starter model."""


@dataclass(frozen=True)
class Conditioning:
    """embeds [B, L, D] memory rows, mask [B, L] True where a row counts, pooled [B, P]. L, D and P are fixed by the
    model, so rows of different requests can be concatenated along B."""

    embeds: Tensor
    mask: Tensor
    pooled: Tensor

    def split(self, count: int) -> tuple[Conditioning, Conditioning]:
        """The first `count` rows of the batch, and the others."""
        first = Conditioning(self.embeds[:count], self.mask[:count], self.pooled[:count])
        return first, Conditioning(self.embeds[count:], self.mask[count:], self.pooled[count:])


@dataclass(frozen=True)
class EncodingPlan:
    """Prompts as indexes. words [B, W]; placing_words [B, W]: the same with one word for every background, named or
    not, because no background moves an object; memories [U]: which (noun, style) pairs occur; per row [B, L]: which
    of those, which cell of which size, the word of its object, and whether the row counts."""

    words: Tensor
    placing_words: Tensor
    memories: Tensor
    which: Tensor
    cells: Tensor
    sizes: Tensor
    owners: Tensor
    mask: Tensor


class StarterModel(nn.Module):
    """A word-memory diffusion transformer for 64x64 pictures. `memory` [nouns, styles, 36, C] holds, for every noun and
    style, one row of learned numbers per 8x8 patch of its large picture; everything else is shared by all nouns."""

    memory: Tensor

    def __init__(self, vocabulary: Vocabulary, config: NetworkConfig | None = None) -> None:
        super().__init__()
        self.config = config or NetworkConfig()
        self.vocabulary = vocabulary
        self.reader = Reader(self.config, len(WORDS))
        self.row_places = RowPlaces(self.config, [BOX_PATCHES[size] for size in SIZES])
        self.denoiser = Denoiser(self.config)
        self.resizer = Resizer(self.config)
        # A buffer, not a parameter: the optimiser must not touch the whole table in every step (see MemoryAdam).
        memory = torch.randn(len(vocabulary.nouns), len(STYLES), CELLS["large"], self.config.content)
        self.register_buffer("memory", memory * FIRST_SPREAD)

    @classmethod
    def load(
        cls,
        folder: Path = WEIGHTS,
        *,
        device: torch.device | str = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> StarterModel:
        """Raises WeightsMissing when the folder lacks config.json, vocabulary.json or model.safetensors."""
        for name in ("config.json", "vocabulary.json", "model.safetensors"):
            if not (folder / name).exists():
                raise WeightsMissing(f"{folder / name} is missing; train with python -m engine.starter.train")
        config = NetworkConfig(**json.loads((folder / "config.json").read_text(encoding="utf-8")))
        model = cls(Vocabulary.load(folder / "vocabulary.json"), config)
        model.load_state_dict(load_file(folder / "model.safetensors"))
        return model.to(device=device, dtype=dtype).eval()

    def save(self, folder: Path) -> None:
        """Writes the three files; the weights as fp16."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "config.json").write_text(json.dumps(asdict(self.config), indent=1) + "\n", encoding="utf-8")
        self.vocabulary.save(folder / "vocabulary.json")
        halves = {name: value.detach().half().contiguous() for name, value in self.state_dict().items()}
        save_file(halves, folder / "model.safetensors")

    def known_words(self) -> dict[str, tuple[str, ...]]:
        return self.vocabulary.known_words()

    def encode(self, prompts: Sequence[str]) -> Conditioning:
        """The empty prompt is the unconditional one: an empty background. Never fails on words it does not know."""
        return self.encode_readings([self.vocabulary.read(prompt) for prompt in prompts])

    def encode_readings(self, readings: Sequence[Reading]) -> Conditioning:
        plan = self.plan(readings)
        return self.condition(plan, self.memory.flatten(0, 1)[plan.memories])

    def condition(self, plan: EncodingPlan, memories: Tensor) -> Conditioning:
        """`memories` [U, 36, C]: the planned ones, handed in so that training can take gradients of these few."""
        states = self.reader(plan.words)
        context = torch.gather(
            self.reader(plan.placing_words), 1, plan.owners[:, :, None].expand(-1, -1, states.shape[-1])
        )
        places = self.row_places(plan.cells, plan.sizes, context)
        content = self.resizer(memories, plan.which, plan.cells)
        return Conditioning(torch.cat((places, content), dim=-1), plan.mask, states[:, 0])

    def denoise(self, latents: Tensor, timesteps: Tensor, conditioning: Conditioning) -> Tensor:
        """latents [B, 3, 64, 64], timesteps [B] in [0, 1], one per row -> velocity [B, 3, 64, 64]."""
        clean = self.predict_clean(latents, timesteps, conditioning)
        return (latents - clean) / timesteps.clamp(min=SMALLEST_TIME).to(latents.dtype)[:, None, None, None]

    def predict_clean(self, latents: Tensor, timesteps: Tensor, conditioning: Conditioning) -> Tensor:
        patches = to_patches(latents)
        clean = self.denoiser(patches, timesteps, conditioning.embeds, conditioning.mask, conditioning.pooled)
        return from_patches(clean)

    def plan(self, readings: Sequence[Reading]) -> EncodingPlan:
        words = torch.zeros(2, len(readings), self.config.max_words, dtype=torch.long)
        rows = torch.zeros(4, len(readings), self.config.rows, dtype=torch.long)
        mask = torch.zeros(len(readings), self.config.rows, dtype=torch.bool)
        for number, reading in enumerate(readings):
            unnamed = int(reading.background is None)  # then the objects' words stand one place later
            spoken = ("<start>", *reading.words)[: self.config.max_words]
            placing = ("<start>", "<ground>", *reading.words[1 - unnamed :])[: self.config.max_words]
            words[0, number, : len(spoken)] = torch.tensor([WORD_IDS[word] for word in spoken])
            words[1, number, : len(placing)] = torch.tensor([WORD_IDS[word] for word in placing])
            at = 0
            for instance in reading.instances:
                count = CELLS[instance.size]
                if at + count > self.config.rows or instance.word + 1 + unnamed >= self.config.max_words:
                    break
                first = FIRST_CELL[instance.size]
                rows[0, number, at : at + count] = instance.noun * len(STYLES) + STYLES.index(instance.style)
                rows[1, number, at : at + count] = torch.arange(first, first + count)
                rows[2, number, at : at + count] = SIZES.index(instance.size)
                rows[3, number, at : at + count] = instance.word + 1 + unnamed
                mask[number, at : at + count] = True
                at += count
        device = self.memory.device
        memories, which = torch.unique(rows[0].to(device), return_inverse=True)
        cells, sizes, owners = rows[1:].to(device).unbind(0)
        spoken_ids, placing_ids = words.to(device).unbind(0)
        return EncodingPlan(spoken_ids, placing_ids, memories, which, cells, sizes, owners, mask.to(device))


def to_patches(pictures: Tensor) -> Tensor:
    """[B, 3, 64, 64] -> [B, 64, 192], row by row."""
    grid = pictures.unflatten(3, (GRID, PATCH)).unflatten(2, (GRID, PATCH))
    return grid.permute(0, 2, 4, 3, 5, 1).flatten(3, 5).flatten(1, 2)


def from_patches(patches: Tensor) -> Tensor:
    """[B, 64, 192] -> [B, 3, 64, 64]."""
    grid = patches.unflatten(2, (PATCH, PATCH, 3)).unflatten(1, (GRID, GRID))
    return grid.permute(0, 5, 1, 3, 2, 4).flatten(4, 5).flatten(2, 3)
