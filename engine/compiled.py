"""One denoiser compiled for one shape of input; on CUDA its kernels are also recorded and replayed as one graph.

It never falls back to anything: what cannot be compiled, or no longer fits what was compiled, raises.
"""

import logging
from collections.abc import Callable
from typing import Any

import torch

from engine.pipelines.interface import Tensors

log = logging.getLogger(__name__)

Denoise = Callable[[torch.Tensor, torch.Tensor, Tensors], torch.Tensor]
Backend = str | Callable[..., Any]

WARM_UP_RUNS = 2  # before recording: the first compiles, both let libraries take their workspaces
RECORDING_ERRORS = range(900, 910)  # cudaErrorStreamCapture...: what ran cannot be recorded, the device is well


class CompilationFailed(Exception):
    """torch cannot compile this, or would have to compile it again."""


class CompiledDenoise:
    """Called with inputs of one shape only. `pool` is where graphs of one device keep their memory, in turns; None
    where nothing is recorded.
    """

    def __init__(self, denoise: Denoise, backend: Backend, pool: Any | None) -> None:
        self._run: Denoise = torch.compile(
            denoise, fullgraph=True, dynamic=False, backend=backend, recompile_limit=1, isolate_recompiles=True
        )
        self._pool = pool
        self._recording: Recording | None = None
        self.has_run = False

    def __call__(self, latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors) -> torch.Tensor:
        """Raises `CompilationFailed`; the first call compiles."""
        if self._pool is not None and self._recording is None:
            self._recording = self._record(latents, timesteps, conditioning)
        if self._recording is not None:
            return self._recording.replay(latents, timesteps, conditioning)
        return self._run_compiled(*_laid_out(latents, timesteps, conditioning))

    @property
    def is_recorded(self) -> bool:
        return self._recording is not None

    def release(self) -> None:
        """Lets go of the recording and its memory; the next call records anew."""
        self._recording = None

    def _record(self, latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors) -> "Recording | None":
        try:
            return Recording(self._run_compiled, latents, timesteps, conditioning, self._pool)
        except torch.AcceleratorError as error:
            if getattr(error, "error_code", None) not in RECORDING_ERRORS:
                raise
            log.error("compiled, but not recorded as a graph, and slower for it: %s", error)  # noqa: TRY400
            self._pool = None
            return None

    def _run_compiled(self, latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors) -> torch.Tensor:
        from torch._dynamo.exc import FailOnRecompileLimitHit, TorchDynamoException

        try:
            noise_pred = self._run(latents, timesteps, conditioning)
        except (TorchDynamoException, FailOnRecompileLimitHit) as error:
            inner = getattr(error, "inner_exception", None)
            if isinstance(inner, torch.OutOfMemoryError):
                raise inner from error
            raise CompilationFailed(_gist(error)) from error
        self.has_run = True
        return noise_pred


class Recording:
    """A CUDA graph: the inputs are copied to where it was recorded to read, and the output from where it writes.

    The weights must stay where they are for as long as it lives.
    """

    def __init__(
        self, run: Denoise, latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors, pool: Any
    ) -> None:
        inputs = self._latents, self._timesteps, self._conditioning = _laid_out(latents, timesteps, conditioning)
        aside = torch.cuda.Stream(latents.device)
        aside.wait_stream(torch.cuda.current_stream(latents.device))
        with torch.cuda.stream(aside):
            for _ in range(WARM_UP_RUNS):
                run(*inputs)
        torch.cuda.current_stream(latents.device).wait_stream(aside)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph, pool=pool, capture_error_mode="thread_local"):
            self._output = run(*inputs)

    def replay(self, latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors) -> torch.Tensor:
        self._latents.copy_(latents)
        self._timesteps.copy_(timesteps)
        for name, tensor in self._conditioning.items():
            tensor.copy_(conditioning[name])
        self._graph.replay()
        return self._output.clone()  # the next replay of any graph of the pool may write there


def _laid_out(
    latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors
) -> tuple[torch.Tensor, torch.Tensor, Tensors]:
    """Copies with the strides and in the order that all batches share: both are compiled in."""
    plain = torch.contiguous_format
    more = {name: conditioning[name].clone(memory_format=plain) for name in sorted(conditioning)}
    return latents.clone(memory_format=plain), timesteps.clone(memory_format=plain), more


def _gist(error: Exception) -> str:
    """What a backend says is wrapped in how it was called."""
    cause = getattr(error, "inner_exception", error)
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return f"{type(cause).__name__}: {lines[0][:300] if lines else ''}"
