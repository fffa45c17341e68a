"""One training run's state and its step: network, moving average, optimiser, and the count of samples seen, which
also seeds the data, so that a resumed run goes on exactly where it stopped."""

from __future__ import annotations

import copy
import math
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.starter.dataset import Composer, as_latents
from engine.starter.model import Conditioning, StarterModel
from engine.starter.vocabulary import Reading

WEIGHT_FLOOR = 0.2  # below this time the velocity loss would count only what the noise already shows
SEED_STRIDE = 1_000_003


@dataclass(frozen=True)
class LookedUp:
    """The memory rows of one batch as leaves: content [B, L, C], which rows they are and which count, [B, L]."""

    content: Tensor
    rows: Tensor
    mask: Tensor


@dataclass(frozen=True)
class TrainingConfig:
    """How a run learns. Rates are per optimiser step."""

    batch: int = 16
    learning_rate: float = 1e-3
    memory_rate: float = 0.0
    warmup_steps: int = 300
    average_decay: float = 0.999
    bf16: bool = False


class Trainer:
    """Owns everything a checkpoint must hold."""

    def __init__(self, model: StarterModel, composer: Composer, config: TrainingConfig) -> None:
        self.model = model
        self.composer = composer
        self.config = config
        self.average = copy.deepcopy(model).requires_grad_(requires_grad=False).eval()
        self.optimizer = torch.optim.AdamW(
            model.parameters(), lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=0.01, fused=True
        )
        self.samples = 0
        self.steps = 0
        self.cooldown = 1.0  # the run lowers it towards 0 at its end
        self._looked_up: LookedUp | None = None

    def step(self) -> float:
        """One optimiser step; returns the weighted loss."""
        loss = self._loss()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self._train_memory()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * self._rate_share()
        self.optimizer.step()
        self._follow()
        self.samples += self.config.batch
        self.steps += 1
        return float(loss.detach())

    def _encode(self, readings: list[Reading]) -> Conditioning:
        """With a memory rate, the looked-up rows become leaves: a table this size is too dear for dense gradients."""
        conditioning, rows = self.model.encode_with_rows(readings)
        if self.config.memory_rate == 0:
            return conditioning
        layout, content = conditioning.embeds.split((self.model.config.layout, self.model.config.content), dim=-1)
        leaf = content.detach().requires_grad_()
        self._looked_up = LookedUp(leaf, rows, conditioning.mask)
        return replace(conditioning, embeds=torch.cat((layout, leaf), dim=-1))

    def _train_memory(self) -> None:
        """Each row that was looked up moves a fixed length against its gradient (summed over its uses)."""
        if self._looked_up is None or self._looked_up.content.grad is None:
            return
        used = self._looked_up.mask
        rows, place = torch.unique(self._looked_up.rows[used], return_inverse=True)
        summed = torch.zeros(len(rows), self.model.config.content)
        summed.index_add_(0, place, self._looked_up.content.grad[used].float())
        step = F.normalize(summed, dim=-1) * self.config.memory_rate * self._rate_share()
        with torch.no_grad():
            self.model.memory.flatten(0, 2).index_add_(0, rows, -step)
        self._looked_up = None

    def _rate_share(self) -> float:
        return min(1.0, (self.steps + 1) / self.config.warmup_steps) * self.cooldown

    def _loss(self) -> Tensor:
        batch = [self.composer.sample(seed * SEED_STRIDE) for seed in self._next_seeds()]
        generator = torch.Generator().manual_seed(self.samples)
        clean = as_latents([sample.picture for sample in batch])
        times = _times(len(batch), generator)
        noise = torch.randn(clean.shape, generator=generator)
        spread = times[:, None, None, None]
        noisy = (1 - spread) * clean + spread * noise
        with torch.autocast("cpu", torch.bfloat16, enabled=self.config.bf16):
            conditioning = self._encode([sample.reading for sample in batch])
            guess = self.model.predict_clean(noisy, times, conditioning)
        errors = F.mse_loss(guess.float(), clean, reduction="none").mean((1, 2, 3))
        return (errors / times.clamp(min=WEIGHT_FLOOR).square()).mean()

    def _next_seeds(self) -> range:
        return range(self.samples + 1, self.samples + 1 + self.config.batch)

    def _follow(self) -> None:
        decay = min(self.config.average_decay, (1 + self.steps) / (20 + self.steps))
        with torch.no_grad():
            ours, theirs = list(self.average.parameters()), list(self.model.parameters())
            torch._foreach_lerp_(ours, theirs, 1 - decay)
            if self.config.memory_rate:
                self.average.memory.copy_(self.model.memory)

    def save(self, path: Path) -> None:
        """Written beside its place and moved there: a kill leaves the old checkpoint whole."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "samples": self.samples,
            "steps": self.steps,
            "network": asdict(self.model.config),
            "nouns": [noun.head for noun in self.model.vocabulary.nouns],
        }
        fresh = path.with_suffix(".new")
        torch.save(state, fresh)
        os.replace(fresh, path)  # noqa: PTH105

    def load(self, path: Path) -> None:
        """Raises ValueError when the checkpoint is of another network or another list of nouns."""
        state = torch.load(path, weights_only=True)
        ours = (asdict(self.model.config), [noun.head for noun in self.model.vocabulary.nouns])
        if (state["network"], state["nouns"]) != ours:
            raise ValueError(f"{path} holds another network or other nouns; move it away or use its sizes")
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.samples, self.steps = state["samples"], state["steps"]


def _times(count: int, generator: torch.Generator) -> Tensor:
    """Mostly logit-normal, a little more noise than picture; some uniform, so that both ends are learned."""
    bell = torch.sigmoid(torch.randn(count, generator=generator) * 1.1 + 0.4)
    even = torch.rand(count, generator=generator)
    chosen = torch.where(torch.rand(count, generator=generator) < 0.85, bell, even)
    return chosen.clamp(1e-3, 1.0)


def is_finite(loss: float) -> bool:
    return math.isfinite(loss)
