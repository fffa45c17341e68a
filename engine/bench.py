"""What each model costs on this machine, measured as the engine will run it. No queue and no pictures: steps only."""

import json
import logging
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from engine.calibration import (
    UNMEASURED,
    a_generation,
    compile_ahead,
    measure,
    measure_memory,
    seconds_of_step,
    wait_for,
)
from engine.config import EngineConfig
from engine.forwards import Forwards
from engine.generation import Batch, Generation
from engine.memory import free_bytes
from engine.models import load_models
from engine.pipelines.interface import Pipeline, Tensors
from engine.policy import CostCurve, MemoryLine
from engine.protocol import EngineStartError
from engine.runner import Runner
from engine.startup import thread_count

log = logging.getLogger(__name__)

REPETITIONS = 5
PREVIEW_EVERY = 5  # steps, as members of a studio see them
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one model at its own size. Rows are pictures; `engine_over_bare` is a whole step over its denoiser forward
    alone, `preview_share` what previews every five steps add to a step, both at the knee.
    """

    model: str
    width: int
    height: int
    device: str
    dtype: str
    curve: CostCurve
    engine_over_bare: float
    preview_share: float
    weights_mib: float
    memory: MemoryLine | None
    rows_that_fit: int | None
    is_compiled: bool
    compiled_shapes: int
    recorded_shapes: int
    given_up: int
    compile_seconds: float

    @property
    def rows_a_second(self) -> float:
        return self.curve.knee / self.curve.seconds(self.curve.knee)

    def as_json(self) -> dict[str, Any]:
        seconds = {str(rows): round(seconds, 6) for rows, seconds in self.curve.points}
        values = {name: value for name, value in asdict(self).items() if name not in ("curve", "memory")}
        memory = None if self.memory is None else asdict(self.memory)
        more = {"seconds_by_rows": seconds, "knee": self.curve.knee, "rows_a_second": round(self.rows_a_second, 4)}
        return {**values, **more, "step_bytes": memory}


def bench(config: EngineConfig, show: Callable[[str], None]) -> list[Figures]:
    """Loads the models and measures one after the other. Raises `EngineStartError`."""
    torch.set_num_threads(thread_count(config.threads))
    with torch.inference_mode():
        pipelines = load_models(config)
        forwards, figures = Forwards(config.compile, config.fixed_rows), []
        for model, pipeline in pipelines.items():
            log.info("measuring model %s", model)
            figures.append(_measure(pipeline, forwards, config))
            for line in table(figures[-1]):
                show(line)
    return figures


def as_json(figures: Sequence[Figures]) -> str:
    return json.dumps({"models": [one.as_json() for one in figures]})


def table(figures: Figures) -> list[str]:
    """For people: a heading, a line for each number of rows, and what else there is to know."""
    single = figures.curve.seconds(1)
    lines = [
        f"{figures.model}: {figures.width}x{figures.height} on {figures.device} in {figures.dtype}, "
        f"{figures.weights_mib:.0f} MiB of weights",
        f"  {'rows':>6} {'ms a step':>11} {'rows a second':>14} {'over 1 row':>11}",
    ]
    for rows, seconds in figures.curve.points:
        knee = "   <- full here" if rows == figures.curve.knee else ""
        lines.append(
            f"  {rows:>6} {seconds * 1e3:>11.1f} {rows / seconds:>14.2f} {rows * single / seconds:>10.2f}x{knee}"
        )
    lines.append(f"  a step of the engine takes {figures.engine_over_bare:.3f} times its bare forward")
    lines.append(f"  previews every {PREVIEW_EVERY} steps add {figures.preview_share:.1%} to a step")
    return [*lines, f"  {_memory_line(figures)}", f"  {_compile_line(figures)}"]


def _memory_line(figures: Figures) -> str:
    if figures.memory is None:
        return "what a step takes of the memory cannot be measured here"
    takes = f"a step takes {figures.memory.fixed / MIB:.1f} MiB and {figures.memory.a_row / MIB:.1f} more a row"
    return takes + (
        f"; {figures.rows_that_fit} rows fit" if figures.rows_that_fit is not None else "; nothing limits it"
    )


def _compile_line(figures: Figures) -> str:
    if not figures.is_compiled:
        return "not compiled (compile is off, or auto without CUDA)"
    trouble = f"; {figures.given_up} COULD NOT BE and run uncompiled" if figures.given_up else ""
    return (
        f"compiled for {figures.compiled_shapes} shapes, {figures.recorded_shapes} recorded as graphs, "
        f"in {figures.compile_seconds:.0f} s{trouble}"
    )


def _measure(pipeline: Pipeline, forwards: Forwards, config: EngineConfig) -> Figures:
    info, counts = pipeline.traits.info, forwards.counts(pipeline.traits.info.name)
    free = free_bytes(pipeline.device, config.memory_mib)
    with forwards.warming_up():
        curve = measure(lambda rows: seconds_of_step(pipeline, forwards, rows))
    if curve is UNMEASURED:
        raise EngineStartError(f"model {info.name} cannot take one step at {info.width}x{info.height} here")
    compile_ahead(pipeline, forwards, curve.knee)
    memory = measure_memory(pipeline, curve)
    tick, bare, previews = _seconds_at(pipeline, forwards, curve.knee)
    return Figures(
        model=info.name,
        width=info.width,
        height=info.height,
        device=torch.cuda.get_device_name(pipeline.device) if pipeline.device.type == "cuda" else pipeline.device.type,
        dtype=str(next(pipeline.networks[0].parameters()).dtype).removeprefix("torch."),
        curve=curve,
        engine_over_bare=round(tick / bare, 4),
        preview_share=round(previews / (PREVIEW_EVERY * tick), 4),
        weights_mib=round(sum(p.nbytes for network in pipeline.networks for p in network.parameters()) / MIB, 1),
        memory=memory,
        rows_that_fit=None if memory is None or free is None else memory.rows_in(free),
        is_compiled=forwards.compiles(pipeline),
        compiled_shapes=counts.compiled,
        recorded_shapes=counts.recorded,
        given_up=counts.given_up,
        compile_seconds=round(counts.compile_seconds, 1),
    )


def _seconds_at(pipeline: Pipeline, forwards: Forwards, rows: int) -> tuple[float, float, float]:
    """Medians: of a step, of its forward alone, of previews of all rows. By turns, so that all see the same machine."""
    generation = a_generation(pipeline, rows, steps=REPETITIONS + 3)
    runner = Runner({generation.model: pipeline}, forwards)
    failure = runner.prepare(generation)
    assert failure is None, failure
    batch = Batch(generation.key, generation.rows)
    forward = bare_forward(pipeline, forwards, generation)
    latents = torch.cat([row.latents for row in generation.rows if row.latents is not None])
    times = [
        tuple(
            _seconds(pipeline, run) for run in (lambda: runner.step(batch), forward, lambda: pipeline.previews(latents))
        )
        for _ in range(REPETITIONS + 1)
    ]
    tick, bare, previews = (statistics.median(column) for column in zip(*times[1:], strict=True))
    return tick, bare, previews


def bare_forward(pipeline: Pipeline, forwards: Forwards, generation: Generation) -> Callable[[], object]:
    """The forward of a prepared generation's rows, with nothing around it."""
    pairs = [(row.conditioning, row.told) for row in generation.rows if row.conditioning is not None]
    told: list[Tensors] = [{**conditioning.positive, **more} for conditioning, more in pairs]
    told += [{**conditioning.negative, **more} for conditioning, more in pairs if conditioning.negative is not None]
    gathered = {name: torch.cat([tensors[name] for tensors in told]) for name in told[0]}
    shape = pipeline.latent_shape(generation.rows[0].settings)
    latents = torch.randn(len(told), *shape, device=pipeline.device)
    timesteps = torch.full((len(told),), 500.0, device=pipeline.device)
    return lambda: forwards.run(pipeline, generation.key, latents, timesteps, gathered)


def _seconds(pipeline: Pipeline, run: Callable[[], object]) -> float:
    wait_for(pipeline.device)
    started = time.perf_counter()
    run()
    wait_for(pipeline.device)
    return time.perf_counter() - started
