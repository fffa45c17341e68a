"""How a denoiser's forward is run: plainly, or compiled for each kind of rows and each number of them.

Knows nothing of requests and samplers. Two promises: however many rows come, a kind of rows is compiled for the few
counts in `BUCKETS` only; and what runs uncompiled although it should not is counted and said aloud.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from engine.compiled import Backend, CompilationFailed, CompiledDenoise
from engine.generation import BatchKey
from engine.pipelines.interface import Pipeline, Tensors

log = logging.getLogger(__name__)

BUCKETS = (1, 2, 4, 8, 16, 32)  # rows of one forward; a guided picture takes two
MAX_SHAPES = 64  # compiled ones of a model
EAGER_FIRST = 200  # forwards of a shape that nobody warmed up: about what all would wait for while it is compiled


@dataclass(frozen=True, slots=True)
class Inputs:
    """Of one forward: `latents[rows, C, h, w]`, `timesteps[rows]`, and by name what else the denoiser is told."""

    latents: torch.Tensor
    timesteps: torch.Tensor
    conditioning: Tensors

    @property
    def rows(self) -> int:
        return len(self.latents)

    def part(self, start: int, size: int) -> "Inputs":
        """`size` rows from `start`, filled up by repeating the last."""
        more = {name: _part(tensor, start, size) for name, tensor in self.conditioning.items()}
        return Inputs(_part(self.latents, start, size), _part(self.timesteps, start, size), more)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a compiled forward holds for. The key stands for all that a model does differently between batches."""

    key: BatchKey
    rows: int
    tensors: tuple[tuple[str, torch.Size, torch.dtype], ...]

    def __str__(self) -> str:
        return f"model {self.key.model} at {self.key.width}x{self.key.height} for {self.rows} rows"


@dataclass(slots=True)
class Counts:
    """Of one model. `compiled` and `recorded` are shapes that run so; `failed` could not be compiled, `changed` no
    longer fitted what was compiled, `over_limit` came after the limit; `eager_forwards` ran uncompiled all the same.
    """

    compiled: int = 0
    recorded: int = 0
    failed: int = 0
    changed: int = 0
    over_limit: int = 0
    eager_forwards: int = 0
    compile_seconds: float = 0.0

    @property
    def given_up(self) -> int:
        return self.failed + self.changed + self.over_limit


class Forwards:
    """`mode` is "off", "on", or "auto", which compiles on CUDA only. With `fixed_rows` every forward is that large."""

    def __init__(
        self,
        mode: str = "off",
        fixed_rows: int = 0,
        *,
        backend: Backend = "inductor",
        max_shapes: int = MAX_SHAPES,
        eager_first: int = EAGER_FIRST,
    ) -> None:
        self._mode = mode
        self._fixed_rows = fixed_rows
        self._backend = backend
        self._max_shapes = max_shapes
        self._eager_first = eager_first
        self._compiled: dict[Shape, CompiledDenoise | None] = {}  # None: given up
        self._counts: dict[str, Counts] = {}
        self._eager: Counter[Shape] = Counter()
        self._pools: dict[torch.device, Any] = {}
        self._is_warming_up = False

    def compiles(self, pipeline: Pipeline) -> bool:
        return self._mode == "on" or (self._mode == "auto" and pipeline.device.type == "cuda")

    def counts(self, model: str) -> Counts:
        return self._counts.setdefault(model, Counts())

    def sizes(self, pipeline: Pipeline, rows: int) -> tuple[int, ...]:
        """That forwards of up to so many rows come in, ascending; empty if in any."""
        if self._fixed_rows:
            return (self._fixed_rows,)
        if not self.compiles(pipeline):
            return ()
        return tuple(bucket for bucket, below in zip(BUCKETS, (0, *BUCKETS), strict=False) if below < rows)

    def whole_rows(self, pipeline: Pipeline, rows: int) -> int:
        """The most of so many that no forward fills up to more than there is memory for."""
        return rows if not self.compiles(pipeline) else 1 << (rows.bit_length() - 1)

    @contextmanager
    def warming_up(self) -> Iterator[None]:
        """Inside, every shape is compiled as soon as it comes."""
        before, self._is_warming_up = self._is_warming_up, True
        try:
            yield
        finally:
            self._is_warming_up = before

    def run(
        self, pipeline: Pipeline, key: BatchKey, latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors
    ) -> torch.Tensor:
        """`[rows, C, h, w]`, in one forward where it can be: filled up to the next size, cut by the largest."""
        inputs, sizes = Inputs(latents, timesteps, conditioning), self.sizes(pipeline, len(latents))
        if not sizes:
            return pipeline.denoise(latents, timesteps, conditioning)
        parts = []
        for start in range(0, inputs.rows, sizes[-1]):
            size = next(size for size in sizes if size >= min(inputs.rows - start, sizes[-1]))
            parts.append(self._forward(pipeline, key, inputs.part(start, size)))
        return torch.cat(parts)[: inputs.rows]

    def release(self) -> bool:
        """Gives back what recorded graphs hold of the device's memory; they are recorded anew when needed. Whether
        there were any.
        """
        recorded = [compiled for compiled in self._compiled.values() if compiled is not None and compiled.is_recorded]
        for compiled in recorded:
            compiled.release()
        return bool(recorded)

    def _forward(self, pipeline: Pipeline, key: BatchKey, inputs: Inputs) -> torch.Tensor:
        """What is drawn once more in float32 is too rare to be compiled."""
        if not self.compiles(pipeline) or key.in_full_precision:
            return pipeline.denoise(inputs.latents, inputs.timesteps, inputs.conditioning)
        shape = _shape_of(key, inputs)
        compiled = self._find_compiled(pipeline, shape)
        if compiled is not None:
            try:
                return self._run_compiled(compiled, shape, inputs)
            except CompilationFailed as error:
                self._give_up(shape, error)
        self._eager[shape] += 1
        self.counts(key.model).eager_forwards += 1
        return pipeline.denoise(inputs.latents, inputs.timesteps, inputs.conditioning)

    def _find_compiled(self, pipeline: Pipeline, shape: Shape) -> CompiledDenoise | None:
        """None if this forward runs eagerly: for now or for good."""
        if shape in self._compiled:
            return self._compiled[shape]
        if not self._is_warming_up and self._eager[shape] < self._eager_first:
            if not self._eager[shape]:
                log.info("%s runs uncompiled for its first %d steps", shape, self._eager_first)
            return None
        if sum(other.key.model == shape.key.model for other in self._compiled) >= self._max_shapes:
            self._compiled[shape] = None
            self.counts(shape.key.model).over_limit += 1
            log.error("%s stays uncompiled, and slower: %d shapes are compiled already", shape, self._max_shapes)
            return None
        self._compiled[shape] = compiled = CompiledDenoise(pipeline.denoise, self._backend, self._pool(pipeline.device))
        return compiled

    def _run_compiled(self, compiled: CompiledDenoise, shape: Shape, inputs: Inputs) -> torch.Tensor:
        if compiled.has_run:
            return compiled(inputs.latents, inputs.timesteps, inputs.conditioning)
        log.info("compiling %s", shape)
        started = time.perf_counter()
        output = compiled(inputs.latents, inputs.timesteps, inputs.conditioning)
        seconds, counts = time.perf_counter() - started, self.counts(shape.key.model)
        counts.compiled += 1
        counts.recorded += compiled.is_recorded
        counts.compile_seconds += seconds
        log.info("compiled %s in %.1f s", shape, seconds)
        return output

    def _give_up(self, shape: Shape, error: CompilationFailed) -> None:
        compiled, counts = self._compiled[shape], self.counts(shape.key.model)
        self._compiled[shape] = None
        if compiled is not None and compiled.has_run:
            counts.changed += 1
            counts.compiled -= 1
            log.error("%s changed since it was compiled, and runs uncompiled from now on: %s", shape, error)
        else:
            counts.failed += 1
            log.error("%s cannot be compiled, and runs uncompiled: %s", shape, error)

    def _pool(self, device: torch.device) -> Any | None:
        """One for all graphs of a device: they never run at the same time."""
        if device.type != "cuda":
            return None
        if device not in self._pools:
            self._pools[device] = torch.cuda.graph_pool_handle()
        return self._pools[device]


def _shape_of(key: BatchKey, inputs: Inputs) -> Shape:
    tensors = (("latents", inputs.latents), ("timesteps", inputs.timesteps), *sorted(inputs.conditioning.items()))
    return Shape(key, inputs.rows, tuple((name, tensor.shape, tensor.dtype) for name, tensor in tensors))


def _part(tensor: torch.Tensor, start: int, size: int) -> torch.Tensor:
    part = tensor[start : start + size]
    missing = size - len(part)
    return torch.cat([part, part[-1:].expand(missing, *part.shape[1:])]) if missing else part
