"""Measures what a step of each model costs by its number of rows, in time and in memory, once for each device, and
remembers it on disk. Compiles ahead what steps will need.
"""

import hashlib
import json
import logging
import platform
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import torch

from engine import VERSION
from engine.forwards import Forwards
from engine.generation import Batch, Generation
from engine.memory import peak_bytes
from engine.pipelines.interface import Pipeline
from engine.policy import CostCurve, MemoryLine, ModelCosts, line_through
from engine.protocol import GenerateRequest
from engine.runner import Runner
from engine.settings import resolve

log = logging.getLogger(__name__)

ROW_COUNTS = (1, 2, 4, 8, 16)
TIMED_STEPS = 2
GAIN_WORTH_MEASURING = 1.05  # in throughput; below it the knee is behind us
BUDGET_SECONDS = 10.0
UNMEASURED = CostCurve(((1, 1.0),))  # not even one row could be timed


def calibrate(
    pipelines: Mapping[str, Pipeline], forwards: Forwards, cache_dir: Path, *, needs_memory: bool = False
) -> Mapping[str, ModelCosts]:
    """Steps are timed as `forwards` will run them. Memory is measured on a device that has its own, or if needed."""
    costs = {}
    for number, (model, pipeline) in enumerate(pipelines.items(), start=1):
        info = pipeline.traits.info
        has_memory = needs_memory or pipeline.device.type == "cuda"
        path = cache_dir / "calibration" / f"{_identity(pipeline, forwards)}.json"
        known = _read(path)
        if known is None or (has_memory and known.memory is None):
            log.info("measuring model %s at %dx%d (%d of %d)", model, info.width, info.height, number, len(pipelines))
            known = _measured(pipeline, forwards, has_memory=has_memory)
            if known.curve is not UNMEASURED:
                _keep(known, path)
        costs[model] = known
        log.info("model %s is full at %d rows", model, known.curve.knee)
    return costs


def compile_ahead(pipeline: Pipeline, forwards: Forwards, rows: int) -> None:
    """All sizes of forward that batches of so many pictures need, the largest first: its memory serves the others."""
    if not forwards.compiles(pipeline):
        return
    info = pipeline.traits.info
    runner = Runner({info.name: pipeline}, forwards)
    usual = a_generation(pipeline, 1)
    failure = runner.prepare(usual)
    if failure is not None:
        log.error("model %s stays uncompiled, for it cannot begin at its own size: %s", info.name, failure.reason)
        return
    conditioning = usual.rows[0].conditioning
    is_guided = conditioning is not None and conditioning.negative is not None
    sizes = forwards.sizes(pipeline, 2 * rows if is_guided else rows)
    with forwards.warming_up():
        for number, size in enumerate(reversed(sizes), start=1):
            log.info("preparing model %s for %d rows (%d of %d)", info.name, size, number, len(sizes))
            generation = a_generation(pipeline, size, guidance_scale=1.0)
            if runner.prepare(generation) is None:
                runner.step(Batch(generation.key, generation.rows))


def _measured(pipeline: Pipeline, forwards: Forwards, *, has_memory: bool) -> ModelCosts:
    with forwards.warming_up():
        curve = measure(partial(seconds_of_step, pipeline, forwards))
    info = pipeline.traits.info
    return ModelCosts(curve, info.width * info.height, measure_memory(pipeline, curve) if has_memory else None)


def measure(seconds_of: Callable[[int], float | None]) -> CostCurve:
    """More and more rows, until they bring no more, do not fit (None), or have taken long enough."""
    points: list[tuple[int, float]] = []
    for rows in ROW_COUNTS:
        seconds = seconds_of(rows)
        if seconds is None:
            break
        points.append((rows, seconds))
        spent = sum(seconds for _, seconds in points) * (TIMED_STEPS + 1)
        gained = len(points) < 2 or rows / seconds >= GAIN_WORTH_MEASURING * points[-2][0] / points[-2][1]
        if not gained or spent > BUDGET_SECONDS:
            break
    return CostCurve(tuple(points)) if points else UNMEASURED


def measure_memory(pipeline: Pipeline, curve: CostCurve) -> MemoryLine | None:
    """By the fewest and the most rows that were timed; None if nobody can tell."""
    counts = sorted({1, curve.points[-1][0]})
    peaks = [(rows, peak) for rows in counts if (peak := bytes_of_step(pipeline, rows)) is not None]
    return line_through(peaks) if peaks else None


def bytes_of_step(pipeline: Pipeline, rows: int) -> int | None:
    """The peak of an uncompiled step, which keeps more than a compiled one; None if it fails or nobody can tell."""
    generation = a_generation(pipeline, rows)
    runner = Runner({generation.model: pipeline})
    batch = Batch(generation.key, generation.rows)
    if runner.prepare(generation) is not None or _fails(runner, batch):
        return None
    return peak_bytes(pipeline.device, lambda: runner.step(batch))


def seconds_of_step(pipeline: Pipeline, forwards: Forwards, rows: int) -> float | None:
    """The fastest of a few steps at the model's own size and guidance, after one to warm up. None if it fails."""
    generation = a_generation(pipeline, rows)
    runner = Runner({generation.model: pipeline}, forwards)
    if runner.prepare(generation) is not None:
        return None
    times = []
    for _ in range(TIMED_STEPS + 1):
        started = time.perf_counter()
        if _fails(runner, Batch(generation.key, generation.rows)):
            return None
        wait_for(pipeline.device)
        times.append(time.perf_counter() - started)
    return min(times[1:])


def a_generation(
    pipeline: Pipeline, rows: int, *, steps: int = TIMED_STEPS + 2, guidance_scale: float | None = None
) -> Generation:
    """To measure with, at the model's own size."""
    info = pipeline.traits.info
    request = GenerateRequest(
        "calibration",
        "",
        seeds=tuple(range(rows)),
        width=info.width,
        height=info.height,
        steps=steps,
        guidance_scale=guidance_scale,
    )
    settings = resolve(request, pipeline.traits)
    return Generation(request, settings, info.name, pipeline.text_length(settings))


def _fails(runner: Runner, batch: Batch) -> bool:
    outcome = runner.step(batch)
    return outcome.fitting_rows is not None or outcome.results[0].failure is not None


def wait_for(device: torch.device) -> None:
    """Until what was put into its queue is computed."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def _identity(pipeline: Pipeline, forwards: Forwards) -> str:
    """Of everything that a step's cost depends on."""
    info, device = pipeline.traits.info, pipeline.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{device.type} {platform.machine()}"
    threads = torch.get_num_threads() if device.type == "cpu" else 0
    weights = sum(parameter.nbytes for network in pipeline.networks for parameter in network.parameters())
    parts = (VERSION, torch.__version__, name, threads, info.name, info.family, weights, info.width, info.height)
    way = (pipeline.traits.guidance_scale > 1, forwards.compiles(pipeline), forwards.sizes(pipeline, 1))
    return hashlib.sha256(json.dumps([*parts, *way]).encode()).hexdigest()[:32]


def _read(path: Path) -> ModelCosts | None:
    """None if it is not there or not ours: then it is measured again."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        curve = CostCurve(tuple((int(rows), float(seconds)) for rows, seconds in kept["seconds_by_rows"]))
        memory = kept["bytes"]
        line = None if memory is None else MemoryLine(int(memory["fixed"]), int(memory["a_row"]))
        return ModelCosts(curve, int(kept["area"]), line)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _keep(costs: ModelCosts, path: Path) -> None:
    """A cache that cannot be written costs the next start a measurement, nothing else."""
    memory = None if costs.memory is None else {"fixed": costs.memory.fixed, "a_row": costs.memory.a_row}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(
            json.dumps({"seconds_by_rows": costs.curve.points, "area": costs.area, "bytes": memory}), encoding="utf-8"
        )
        partial.replace(path)
    except OSError as error:
        log.warning("the measured costs were not kept: %s", error)
