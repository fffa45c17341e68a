"""Measures what a step of each model costs by its number of rows, once for each device, and remembers it on disk."""

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
from engine.generation import Batch, Generation
from engine.pipelines.interface import Pipeline
from engine.policy import CostCurve, ModelCosts
from engine.protocol import GenerateRequest
from engine.runner import Runner
from engine.settings import resolve

log = logging.getLogger(__name__)

ROW_COUNTS = (1, 2, 4, 8, 16)
TIMED_STEPS = 2
GAIN_WORTH_MEASURING = 1.05  # in throughput; below it the knee is behind us
BUDGET_SECONDS = 10.0
UNMEASURED = CostCurve(((1, 1.0),))  # not even one row could be timed


def calibrate(pipelines: Mapping[str, Pipeline], cache_dir: Path) -> Mapping[str, ModelCosts]:
    costs = {}
    for number, (model, pipeline) in enumerate(pipelines.items(), start=1):
        info = pipeline.traits.info
        path = cache_dir / "calibration" / f"{_identity(pipeline)}.json"
        curve = _read(path)
        if curve is None:
            log.info("measuring model %s at %dx%d (%d of %d)", model, info.width, info.height, number, len(pipelines))
            curve = measure(partial(seconds_of_step, pipeline))
            if curve.points != UNMEASURED.points:
                _keep(curve, path)
        costs[model] = ModelCosts(curve, info.width * info.height)
        log.info("model %s is full at %d rows", model, curve.knee)
    return costs


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


def seconds_of_step(pipeline: Pipeline, rows: int) -> float | None:
    """The fastest of a few steps at the model's own size and guidance, after one to warm up. None if it fails."""
    info = pipeline.traits.info
    request = GenerateRequest(
        "calibration", "", seeds=tuple(range(rows)), width=info.width, height=info.height, steps=TIMED_STEPS + 2
    )
    generation = Generation(request, resolve(request, pipeline.traits), info.name)
    runner = Runner({info.name: pipeline})
    if runner.prepare(generation) is not None:
        return None
    times = []
    for _ in range(TIMED_STEPS + 1):
        started = time.perf_counter()
        outcome = runner.step(Batch(generation.key, generation.rows))
        _wait_for(pipeline.device)
        times.append(time.perf_counter() - started)
        if outcome.fitting_rows is not None or outcome.results[0].failure is not None:
            return None
    return min(times[1:])


def _wait_for(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _identity(pipeline: Pipeline) -> str:
    """Of everything that a step's cost depends on."""
    info, device = pipeline.traits.info, pipeline.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{device.type} {platform.machine()}"
    threads = torch.get_num_threads() if device.type == "cpu" else 0
    weights = sum(parameter.nbytes for network in pipeline.networks for parameter in network.parameters())
    parts = (VERSION, torch.__version__, name, threads, info.name, info.family, weights, info.width, info.height)
    return hashlib.sha256(json.dumps([*parts, pipeline.traits.guidance_scale > 1]).encode()).hexdigest()[:32]


def _read(path: Path) -> CostCurve | None:
    """None if it is not there or not ours: then it is measured again."""
    try:
        return CostCurve(tuple((int(rows), float(seconds)) for rows, seconds in json.loads(path.read_text())))
    except (OSError, ValueError, TypeError):
        return None


def _keep(curve: CostCurve, path: Path) -> None:
    """A cache that cannot be written costs the next start a measurement, nothing else."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(curve.points))
        partial.replace(path)
    except OSError as error:
        log.warning("the measured costs were not kept: %s", error)
