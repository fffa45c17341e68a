"""`python -m benchmarks.policy`: what the scheduler makes of frozen cost curves, against first come, first served.

The engine's own scheduler runs on a simulated clock; a step costs what one H200 was published to take. First come,
first served is a machine that draws one request after the other at one row a step.

- `mean_over_fifo`: mean latency at the 1024-pixel curve, where batching brings nothing, at load 0.7.
- `p95_over_fifo_512`: 95th percentile at the 512-pixel curve, mixed step counts, 1.3 times serial capacity.
- `starved`: requests of worse priority that wait longer than a bound while better ones alone overload the machine.
"""

import argparse
import json
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.plot import Bar, draw_bars
from engine.generation import Generation
from engine.policy import CostCurve
from engine.protocol import GenerateRequest, Pixels
from engine.scheduler import RESCUE_EVERY, STARVING_TURNS, Scheduler
from engine.settings import Settings

# Published, Qwen-Image on one H200, compiled: seconds of a step by rows (sglang, pull request 22183).
AT_512 = CostCurve(((1, 0.167), (8, 0.425)))
AT_1024 = CostCurve(((1, 0.243), (2, 0.474)))
STEP_COUNTS = (4, 8, 20, 30, 50)
DOT = Pixels(1, 1, b"\0\0\0")
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Arrival:
    at: float
    steps: int
    priority: int = 0


def poisson(count: int, load: float, curve: CostCurve, seed: int, step_counts: Sequence[int]) -> list[Arrival]:
    """Arrivals at `load` times what one request after the other could serve."""
    dice = random.Random(seed)
    rate = load / (statistics.mean(step_counts) * curve.seconds(1))
    at, arrivals = 0.0, []
    for _ in range(count):
        at += dice.expovariate(rate)
        arrivals.append(Arrival(at, dice.choice(step_counts)))
    return arrivals


def latencies_of_fifo(arrivals: Sequence[Arrival], curve: CostCurve) -> list[float]:
    free_at, latencies = 0.0, []
    for arrival in arrivals:
        free_at = max(free_at, arrival.at) + arrival.steps * curve.seconds(1)
        latencies.append(free_at - arrival.at)
    return latencies


def latencies_of_scheduler(arrivals: Sequence[Arrival], curve: CostCurve, max_rows: int = 8) -> dict[Arrival, float]:
    """Whoever does not finish before the last arrival's backlog is served is drained like the rest."""
    scheduler, now, coming = Scheduler(max_rows, lambda _: curve), 0.0, list(reversed(arrivals))
    origin: dict[Generation, Arrival] = {}
    latencies: dict[Arrival, float] = {}
    while coming or scheduler.has_work:
        if not scheduler.has_work:
            now = max(now, coming[-1].at)
        while coming and coming[-1].at <= now:
            arrival = coming.pop()
            generation = _generation(str(len(origin)), arrival)
            origin[generation] = arrival
            scheduler.add(generation)
        for generation in scheduler.admit():
            for row in generation.rows:
                row.total_steps = row.settings.steps
        batch = scheduler.schedule()
        if batch is None:
            continue
        now += curve.seconds(len(batch.rows))
        for row in batch.rows:
            row.step_index += 1
            if row.is_denoised:
                row.image = DOT
                scheduler.remove(row.generation)
                latencies[origin[row.generation]] = now - origin[row.generation].at
    return latencies


def _generation(name: str, arrival: Arrival) -> Generation:
    request = GenerateRequest(name, "", seeds=(0,), priority=arrival.priority, steps=arrival.steps)
    return Generation(request, Settings("", "", 1024, 1024, arrival.steps, 1.0, "euler"), "m")


def starved(count: int, curve: CostCurve) -> tuple[int, float]:
    """Better requests overload the machine for ever; how many of the worse ones wait beyond the promised bound.

    The bound is a machine of their own at a quarter of the speed, which begins with each after `STARVING_TURNS`.
    """
    better = poisson(count, 1.3, curve, seed=5, step_counts=(8,))
    spacing = better[-1].at / 12
    worse = [Arrival(spacing * index + 0.01, 20, priority=9) for index in range(10)]
    latencies = latencies_of_scheduler(sorted([*better, *worse], key=lambda arrival: arrival.at), curve)
    step, free_at, ratios = curve.seconds(curve.knee), 0.0, []
    for arrival in worse:
        begins = max(free_at, arrival.at + STARVING_TURNS * step)
        free_at = begins + RESCUE_EVERY * (arrival.steps + 1) * step
        ratios.append(latencies[arrival] / (free_at - arrival.at))
    return sum(ratio > 1 for ratio in ratios), max(ratios)


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[18]


def measure(count: int, repetitions: int) -> dict[str, float]:
    at_1024, at_512, tails = [], [], []
    for seed in range(repetitions):
        arrivals = poisson(count, 0.7, AT_1024, seed, STEP_COUNTS)
        fifo, ours = latencies_of_fifo(arrivals, AT_1024), list(latencies_of_scheduler(arrivals, AT_1024).values())
        at_1024.append(statistics.mean(ours) / statistics.mean(fifo))
        tails.append(p95(ours) / p95(fifo))
        arrivals = poisson(count, 1.3, AT_512, seed, STEP_COUNTS)
        fifo, ours = latencies_of_fifo(arrivals, AT_512), list(latencies_of_scheduler(arrivals, AT_512).values())
        at_512.append(p95(ours) / p95(fifo))
    late, worst = starved(count, AT_1024)
    return {
        "mean_over_fifo": round(statistics.median(at_1024), 4),
        "p95_over_fifo": round(statistics.median(tails), 4),
        "p95_over_fifo_512": round(statistics.median(at_512), 4),
        "starved": late,
        "worst_wait_over_bound": round(worst, 4),
        "requests": count,
        "repetitions": repetitions,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.policy", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer requests, one repetition")
    options = parser.parse_args()
    figures = measure(count=100 if options.quick else 500, repetitions=1 if options.quick else 5)
    bars = [
        Bar("mean / FIFO, 1024 px, load 0.7", figures["mean_over_fifo"], 1.05, at_least=False),
        Bar("p95 / FIFO, 1024 px, load 0.7", figures["p95_over_fifo"]),
        Bar("p95 / FIFO, 512 px, load 1.3", figures["p95_over_fifo_512"], 0.5, at_least=False),
        Bar("worst wait / bound", figures["worst_wait_over_bound"], 1.0, at_least=False),
    ]
    draw_bars("Scheduler on frozen cost curves (smaller is better)", bars, RESULTS / "policy.png")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
