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
    tile: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Blend:
    """Of a masked row: where it is redrawn (`mask[1, 1, h, w]`, 1 = redraw), and what stands everywhere else."""

    mask: torch.Tensor
    clean: torch.Tensor
    noise: torch.Tensor


@dataclass(slots=True, eq=False)
class Row:
    """One picture of a generation: its latents, its own random numbers and its own walk through the sampler.

    `settings` are the request's as this row is told them; `total_steps` and `conditioning` come with its preparation.
    `planes[1, 4, C, h, w]` are the latents and what the sampler remembers of earlier steps. `told` is what the denoiser
    hears of this row beside its conditioning.
    """

    generation: Generation
    seed: int
    settings: Settings
    step_index: int = 0
    total_steps: int | None = None
    conditioning: Conditioning | None = None
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
    def steps_left(self) -> int:
        """Exact once it is prepared; before that a walk from a picture counts in full."""
        total = self.settings.steps_taken(self.settings.steps) if self.total_steps is None else self.total_steps
        return max(0, total - self.step_index)

    @property
    def is_denoised(self) -> bool:
        return self.total_steps is not None and self.step_index >= self.total_steps


@dataclass(slots=True, eq=False)
class Generation:
    """One request under way."""

    request: GenerateRequest
    settings: Settings
    model: str
    text_length: int = 0
    rows: tuple[Row, ...] = field(init=False)
    reported_steps: int = 0
    in_full_precision: bool = False
    engine_seconds: float = 0.0
    is_paused: bool = False

    def __post_init__(self) -> None:
        self.rows = self._fresh_rows()

    def _fresh_rows(self) -> tuple[Row, ...]:
        return tuple(Row(self, seed, self.settings.of_row(index)) for index, seed in enumerate(self.request.seeds))

    def restart_in_full_precision(self) -> None:
        """From the first step, with fresh rows of the same seeds. What was reported stays reported: readers see no step
        twice.
        """
        self.in_full_precision = True
        self.rows = self._fresh_rows()

    @property
    def id(self) -> str:
        return self.request.id

    @property
    def key(self) -> BatchKey:
        settings = self.settings
        return BatchKey(
            self.model, settings.width, settings.height, self.in_full_precision, self.text_length, settings.tile
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Each once, though most rows read the same prompt."""
        of_rows = (note for row in self.rows if row.conditioning for note in row.conditioning.notes)
        return self.settings.notes + tuple(dict.fromkeys(of_rows))

    @property
    def total_steps(self) -> int | None:
        """Of the longest walk; None until all rows are prepared."""
        totals = [row.total_steps for row in self.rows if row.total_steps is not None]
        return max(totals) if len(totals) == len(self.rows) else None

    @property
    def row_steps_left(self) -> int:
        return sum(row.steps_left for row in self.rows)

    @property
    def steps_done(self) -> int:
        """Of `total_steps`: what the row with the most before it has behind it."""
        return (self.total_steps or 0) - max(row.steps_left for row in self.rows)

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
