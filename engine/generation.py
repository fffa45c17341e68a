"""A request under way and its rows. Each row carries its own progress; the scheduler decides, the runner computes.

Tensors are held here but never touched, so that the scheduler and its tests load no torch.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.protocol import GenerateRequest, Pixels
from engine.settings import Settings

if TYPE_CHECKING:
    import torch

    from engine.pipelines.interface import Conditioning, Tensors
    from engine.samplers import Sampler


@dataclass(frozen=True, slots=True)
class BatchKey:
    """Rows with equal keys may share a denoiser forward: what changes weights or tensor shapes, and nothing else."""

    model: str
    width: int
    height: int
    in_full_precision: bool = False
    text_length: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """Of a masked row: where it is redrawn (`mask[1, 1, h, w]`, 1 = redraw), and what stands everywhere else."""

    mask: torch.Tensor
    clean: torch.Tensor
    noise: torch.Tensor


@dataclass(slots=True, eq=False)
class Row:
    """One picture of a generation: its latents, its own random numbers and its own walk through the sampler.

    `planes[1, 4, C, h, w]` are the latents and what the sampler remembers of earlier steps. `told` is what the denoiser
    hears of this row beside its generation's conditioning.
    """

    generation: Generation
    seed: int
    step_index: int = 0
    sampler: Sampler | None = None
    generator: torch.Generator | None = None
    planes: torch.Tensor | None = None
    blend: Blend | None = None
    told: Tensors = field(default_factory=dict)
    preview: Pixels | None = None
    image: Pixels | None = None

    @property
    def latents(self) -> torch.Tensor | None:
        """`[1, C, h, w]`."""
        return None if self.planes is None else self.planes[:, 0]

    @property
    def is_denoised(self) -> bool:
        total_steps = self.generation.total_steps
        return total_steps is not None and self.step_index >= total_steps


@dataclass(slots=True, eq=False)
class Generation:
    """One request under way. `total_steps` is known once its rows are prepared, `conditioning` likewise."""

    request: GenerateRequest
    settings: Settings
    model: str
    text_length: int = 0
    rows: tuple[Row, ...] = field(init=False)
    total_steps: int | None = None
    conditioning: Conditioning | None = None
    reported_steps: int = 0
    in_full_precision: bool = False
    engine_seconds: float = 0.0
    is_paused: bool = False

    def __post_init__(self) -> None:
        self.rows = tuple(Row(self, seed) for seed in self.request.seeds)

    def restart_in_full_precision(self) -> None:
        """From the first step, with fresh rows of the same seeds. What was reported stays reported: readers see no step
        twice.
        """
        self.in_full_precision = True
        self.total_steps = self.conditioning = None
        self.rows = tuple(Row(self, seed) for seed in self.request.seeds)

    @property
    def id(self) -> str:
        return self.request.id

    @property
    def key(self) -> BatchKey:
        settings = self.settings
        return BatchKey(self.model, settings.width, settings.height, self.in_full_precision, self.text_length)

    @property
    def notes(self) -> tuple[str, ...]:
        return self.settings.notes + (self.conditioning.notes if self.conditioning else ())

    @property
    def row_steps_left(self) -> int:
        """Exact once the rows are prepared; before that a walk from a picture counts in full."""
        total_steps = self.settings.steps if self.total_steps is None else self.total_steps
        return sum(max(0, total_steps - row.step_index) for row in self.rows)

    @property
    def steps_done(self) -> int:
        """Steps that every row has behind it."""
        return min(row.step_index for row in self.rows)

    @property
    def is_drawn(self) -> bool:
        return all(row.image is not None for row in self.rows)

    @property
    def rows_undrawn(self) -> int:
        return sum(row.image is None for row in self.rows)


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of one denoising step, all of one key. A throw-away view."""

    key: BatchKey
    rows: tuple[Row, ...]

    @property
    def generations(self) -> tuple[Generation, ...]:
        return tuple(dict.fromkeys(row.generation for row in self.rows))
