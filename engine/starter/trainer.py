"""One training run's state and its step: network, moving average, optimiser, and the count of samples seen, which
also seeds the data, so that a resumed run goes on exactly where it stopped."""

from __future__ import annotations

import copy
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.starter.dataset import Composer, as_latents
from engine.starter.memory import MemoryAdam
from engine.starter.model import Conditioning, EncodingPlan, StarterModel, from_patches
from engine.starter.sketch import Sketch

SETTLED = 0.15  # added to t^2 in the velocity loss, which else counts most where the noise hides least
SEED_STRIDE = 1_000_003


@dataclass(frozen=True)
class TrainingConfig:
    """How a run learns. Rates are per optimiser step."""

    batch: int = 16
    learning_rate: float = 1e-3
    memory_rate: float = 0.06
    warmup_steps: int = 300
    average_decay: float = 0.999
    sketches: int = 48  # pictures a step for the sketch, beside the batch
    bf16: bool = False
    first_every: int = 9  # a ninth of the nouns comes first: reading memories is learned sooner from few that recur
    first_samples: int = 20_000


class Trainer:
    """Owns everything a checkpoint must hold."""

    def __init__(self, model: StarterModel, composer: Composer, config: TrainingConfig) -> None:
        self.model = model
        self.composer = composer
        self.config = config
        self.average = copy.deepcopy(model).requires_grad_(requires_grad=False).eval()
        self.sketch = Sketch(model.config)
        self.optimizer = torch.optim.AdamW(
            [*model.parameters(), *self.sketch.parameters()],
            lr=config.learning_rate,
            betas=(0.9, 0.98),
            weight_decay=0.01,
            fused=True,
        )
        self.samples = 0
        self.steps = 0
        self.cooldown = 1.0  # the run lowers it towards 0 at its end
        self.memory_optimizer = MemoryAdam(model.memory.flatten(0, 1), self.average.memory.flatten(0, 1))

    def step(self) -> float:
        """One optimiser step; returns the weighted loss."""
        plan, memories, loss = self._loss()
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.memory_optimizer.step(plan.memories, memories.grad, self.config.memory_rate * self._rate_share())
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * self._rate_share()
        self.optimizer.step()
        self._follow()
        self.samples += self.config.batch
        self.steps += 1
        return float(loss.detach())

    def _rate_share(self) -> float:
        return min(1.0, (self.steps + 1) / self.config.warmup_steps) * self.cooldown

    def _loss(self) -> tuple[EncodingPlan, Tensor, Tensor]:
        """The batch's plan, the memories it used (a leaf, for their gradient), and the loss."""
        every = self.config.first_every if self.samples < self.config.first_samples else 1
        noised = [self.composer.sample(seed, every) for seed in self._seeds(self.config.batch, 0)]
        sketched = [self.composer.sample(seed, every, settled=True) for seed in self._seeds(self.config.sketches, 1)]
        plan = self.model.plan([sample.reading for sample in noised + sketched])
        memories = self.model.memory.flatten(0, 1)[plan.memories].requires_grad_()
        with torch.autocast("cpu", torch.bfloat16, enabled=self.config.bf16):
            conditioning = self.model.condition(plan, memories)
            first, rest = conditioning.split(len(noised))
            loss = self._denoising_loss(first, as_latents([sample.picture for sample in noised]))
            if sketched:
                drawn = from_patches(self.sketch(rest)).float()
                loss = loss + F.mse_loss(drawn, as_latents([sample.picture for sample in sketched]))
        return plan, memories, loss

    def _denoising_loss(self, conditioning: Conditioning, clean: Tensor) -> Tensor:
        generator = torch.Generator().manual_seed(self.samples)
        times = _times(len(clean), generator)
        noise = torch.randn(clean.shape, generator=generator)
        spread = times[:, None, None, None]
        noisy = (1 - spread) * clean + spread * noise
        guess = self.model.predict_clean(noisy, times, conditioning)
        errors = F.mse_loss(guess.float(), clean, reduction="none").mean((1, 2, 3))
        return (errors / (times.square() + SETTLED)).mean()

    def _seeds(self, count: int, stream: int) -> list[int]:
        """Different for every sample of a run and for both streams, the same when the run is resumed."""
        return [(self.samples * 8 + number) * SEED_STRIDE + stream for number in range(count)]

    def _follow(self) -> None:
        decay = min(self.config.average_decay, (1 + self.steps) / (20 + self.steps))
        with torch.no_grad():
            ours, theirs = list(self.average.parameters()), list(self.model.parameters())
            torch._foreach_lerp_(ours, theirs, 1 - decay)

    def save(self, path: Path) -> None:
        """Written beside its place and moved there: a kill leaves the old checkpoint whole."""
        state = {
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "sketch": self.sketch.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "memory_optimizer": self.memory_optimizer.state_dict(),
            "samples": self.samples,
            "steps": self.steps,
            "network": asdict(self.model.config),
            "nouns": [noun.head for noun in self.model.vocabulary.nouns],
        }
        fresh = path.with_suffix(".new")
        torch.save(state, fresh)
        os.replace(fresh, path)  # noqa: PTH105

    def start_from(self, trained: StarterModel) -> None:
        """Goes on from shipped weights, past the curriculum; the optimiser warms up anew."""
        self.model.load_state_dict(trained.state_dict())
        self.average.load_state_dict(trained.state_dict())
        self.samples = self.config.first_samples

    def load(self, path: Path) -> None:
        """Raises ValueError when the checkpoint is of another network or another list of nouns."""
        state = torch.load(path, weights_only=True)
        ours = (asdict(self.model.config), [noun.head for noun in self.model.vocabulary.nouns])
        if (state["network"], state["nouns"]) != ours:
            raise ValueError(f"{path} holds another network or other nouns; move it away or use its sizes")
        self.model.load_state_dict(state["model"])
        self.sketch.load_state_dict(state["sketch"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.memory_optimizer.load_state_dict(state["memory_optimizer"])
        self.samples, self.steps = state["samples"], state["steps"]


def _times(count: int, generator: torch.Generator) -> Tensor:
    """Mostly logit-normal on the noisy side, where the prompt decides the picture; some at and near pure noise, where
    drawing begins."""
    bell = torch.sigmoid(torch.randn(count, generator=generator) * 1.2 + 1.0)
    start = 1 - 0.1 * torch.rand(count, generator=generator).square()
    chosen = torch.where(torch.rand(count, generator=generator) < 0.78, bell, start)
    return chosen.clamp(1e-3, 1.0)
