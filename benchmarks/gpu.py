"""`python -m benchmarks.gpu [--model sd15 | sdxl-turbo | sdxl | flux]`: the engine on a GPU, at full size.

Denoisers of random weights, compiled as the engine compiles them (`--compile off` for a first look). For each model:

- H1 `seconds_by_rows` of a forward, compiled and eager, where it is full (`knee`), and `mfu`: its FLOP/s at the best
  number of rows over the same run's matmul peak.
- H2 `speedup`: saturated pictures a second, decoding left out, over the same compiled denoiser drawing one at a time;
  `speedup_over_eager` over the eager one.
- H3 `poisson`: p50 and p95 of latency over first come, first served with the compiled denoiser, at 0.7 and 1.3 times
  what that serves; mixed step counts; every step of ours is run and timed.
- H4 `engine_over_best_forward`: the engine's rows a second over the best of H1.
- H5 `psnr_alone_vs_batched` of final latents in dB, and `bit_equal` in forwards of a fixed size.
- H6 `ticks_to_first_step` of a top-priority request into a full machine, and the seconds that takes.

Beside them: previews, memory, compilations. `gates` says which bounds were kept. Rows are pictures: a guided one takes
two rows of a forward. Results are written after each part, so that a run cut short has told what it knew; parts that no
longer fit into `--minutes` are left out and named. Without a GPU it says so and runs toy models, to show that it works.
"""

import argparse
import json
import math
import os
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from benchmarks.full_size import FULL_SIZE, SMALL_FORM, BarePipeline, Case, a_pipeline
from benchmarks.plot import Bar, draw_bars
from benchmarks.policy import Arrival, latencies_of_fifo, p95, poisson
from engine.bench import PREVIEW_EVERY, bare_forward
from engine.calibration import ROW_COUNTS, a_generation, bytes_of_step, measure, wait_for
from engine.config import COMPILE_MODES
from engine.forwards import Forwards
from engine.generation import Batch, Generation
from engine.policy import CostCurve, line_through
from engine.protocol import GenerateRequest
from engine.runner import Runner
from engine.scheduler import Scheduler
from engine.settings import resolve

RESULTS = Path(__file__).parent / "results"
BLOCK_SECONDS = 0.3  # timed at a stretch, without waiting for the device in between, as the engine runs
POISSON_SECONDS = {True: 60.0, False: 1.0}  # of drawing, for each load; on a GPU or not


@dataclass
class Bench:
    """One model under measurement, and what is known of it so far."""

    case: Case
    pipeline: BarePipeline
    forwards: Forwards
    peak: float
    repetitions: int
    path: Path
    deadline: float
    figures: dict[str, Any] = field(default_factory=dict)
    curve: CostCurve | None = None
    eager_curve: CostCurve | None = None

    @property
    def compiled(self) -> CostCurve:
        assert self.curve is not None, "H1 comes first"
        return self.curve

    def run(self, parts: Sequence[Callable[["Bench"], dict[str, Any]]]) -> dict[str, Any]:
        for part in parts:
            if time.monotonic() > self.deadline:
                self.figures.setdefault("left_out", []).append(part.__name__)
                continue
            started = time.monotonic()
            self.figures |= part(self)
            self.figures.setdefault("part_seconds", {})[part.__name__] = round(time.monotonic() - started, 1)
            self._write()
            print(f"{self.case.name}: {part.__name__} done in {time.monotonic() - started:.0f} s", flush=True)
        self.figures["gates"] = gates(self.case, self.figures)
        self._write()
        return self.figures

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps({"case": self.case.name, **self.figures}, indent=1) + "\n")

    def seconds(self, run: Callable[[], object]) -> float:
        """Of one call: the median over blocks of many, after one block to warm up."""
        once = self._block(run, 1)
        calls = max(1, min(200, math.ceil(BLOCK_SECONDS / once)))
        return statistics.median([self._block(run, calls) for _ in range(self.repetitions + 1)][1:])

    def _block(self, run: Callable[[], object], calls: int) -> float:
        wait_for(self.pipeline.device)
        started = time.perf_counter()
        for _ in range(calls):
            run()
        wait_for(self.pipeline.device)
        return (time.perf_counter() - started) / calls

    def generation(self, rows: int, steps: int = 500) -> tuple[Runner, Generation]:
        return prepared(self.pipeline, self.forwards, rows, steps)

    def forward_seconds(self, rows: int, forwards: Forwards) -> float | None:
        """None if it does not fit; toys are not followed far."""
        if rows > 4 and self.pipeline.device.type != "cuda":
            return None
        _, generation = prepared(self.pipeline, forwards, rows, 4)
        try:
            with forwards.warming_up():
                return self.seconds(bare_forward(self.pipeline, forwards, generation))
        except torch.OutOfMemoryError:
            return None


def prepared(pipeline: BarePipeline, forwards: Forwards, rows: int, steps: int) -> tuple[Runner, Generation]:
    generation = a_generation(pipeline, rows, steps=steps)
    runner = Runner({"bare": pipeline}, forwards)
    failure = runner.prepare(generation)
    assert failure is None, failure
    return runner, generation


def eager_forwards(bench: Bench) -> dict[str, Any]:
    plain = Forwards("off")
    _, one = prepared(bench.pipeline, plain, 1, 4)
    forward = bare_forward(bench.pipeline, plain, one)
    bench.eager_curve = measure(lambda rows: bench.forward_seconds(rows, plain))
    return {"flops_a_row": flops_of(forward), "eager_seconds_by_rows": points(bench.eager_curve)}


def compiled_forwards(bench: Bench) -> dict[str, Any]:
    bench.curve = measure(lambda rows: bench.forward_seconds(rows, bench.forwards))
    best = max(rows / seconds for rows, seconds in bench.curve.points)
    counts = bench.forwards.counts("bare")
    return {
        "seconds_by_rows": points(bench.curve),
        "knee": bench.curve.knee,
        "mfu": round(bench.figures["flops_a_row"] * best / bench.peak, 4),
        "compiled": {name: getattr(counts, name) for name in ("compiled", "recorded", "given_up")},
        "compile_seconds": round(counts.compile_seconds, 1),
    }


def saturated(bench: Bench) -> dict[str, Any]:
    curve = bench.compiled
    runner, generation = bench.generation(curve.knee)
    batch = Batch(generation.key, generation.rows)

    def tick() -> None:
        for row in generation.rows:
            row.step_index = 3  # for ever in the middle of a walk
        runner.step(batch)

    rows_a_second = curve.knee / bench.seconds(tick)
    best = max(rows / seconds for rows, seconds in curve.points)
    figures = {
        "rows_a_second": round(rows_a_second, 4),
        "speedup": round(rows_a_second * curve.seconds(1), 4),
        "engine_over_best_forward": round(rows_a_second / best, 4),
    }
    if bench.eager_curve is not None:
        figures["speedup_over_eager"] = round(rows_a_second * bench.eager_curve.seconds(1), 4)
    return figures


def priority(bench: Bench) -> dict[str, Any]:
    """A crowd twice as large as the machine takes at once; then a request of top priority."""
    drawing = Drawing(bench)
    for number in range(2 * bench.compiled.knee):
        drawing.submit(f"relaxed {number}", 30, priority=5)
    drawing.tick()
    urgent = drawing.submit("urgent", 4, priority=0)
    started, ticks = time.perf_counter(), 0
    while urgent.rows[0].step_index == 0:
        drawing.tick()
        ticks += 1
    wait_for(bench.pipeline.device)
    return {"ticks_to_first_step": ticks, "seconds_to_first_step": round(time.perf_counter() - started, 4)}


def same_picture(bench: Bench) -> dict[str, Any]:
    """Eight steps of seed 0, alone and as one of three: as rows come, and in forwards of a fixed size."""
    is_compiled = bench.forwards.compiles(bench.pipeline) and bench.pipeline.device.type == "cuda"
    fixed = Forwards("on" if is_compiled else "off", 8)
    alone, among = (last_latents(bench, bench.forwards, rows) for rows in (1, 3))
    noise = (alone - among).square().mean().item()
    spread = (alone.max() - alone.min()).item()
    psnr = 10 * math.log10(spread**2 / noise) if noise else math.inf
    first, second = (last_latents(bench, fixed, rows) for rows in (1, 3))
    return {"psnr_alone_vs_batched": round(min(psnr, 999.0), 1), "bit_equal": int(torch.equal(first, second))}


def last_latents(bench: Bench, forwards: Forwards, rows: int) -> torch.Tensor:
    runner, generation = prepared(bench.pipeline, forwards, rows, 8)
    with forwards.warming_up():
        for _ in range(8):
            runner.step(Batch(generation.key, generation.rows))
    latents = generation.rows[0].latents
    assert latents is not None
    return latents.float().cpu()


class Drawing:
    """Scheduler and runner, as the owner thread drives them."""

    def __init__(self, bench: Bench) -> None:
        curve = bench.compiled
        self._bench = bench
        self._runner = Runner({"bare": bench.pipeline}, bench.forwards)
        self._scheduler = Scheduler(max(ROW_COUNTS), lambda _: curve)

    @property
    def has_work(self) -> bool:
        return self._scheduler.has_work

    def submit(self, name: str, steps: int, priority: int = 0) -> Generation:
        side = self._bench.case.side
        request = GenerateRequest(name, "", (0,), width=side, height=side, steps=steps, priority=priority)
        generation = Generation(request, resolve(request, self._bench.pipeline.traits), "bare")
        self._scheduler.add(generation)
        return generation

    def tick(self) -> list[Generation]:
        """Those that it finished."""
        for generation in self._scheduler.admit():
            failure = self._runner.prepare(generation)
            assert failure is None, failure
        batch = self._scheduler.schedule()
        assert batch is not None
        self._runner.step(batch)
        finished = [generation for generation in batch.generations if generation.rows[0].is_denoised]
        for generation in finished:
            self._scheduler.remove(generation)
        return finished


def poisson_latencies(bench: Bench) -> dict[str, Any]:
    curve, steps = bench.compiled, bench.case.step_counts
    a_request = statistics.mean(steps) * curve.seconds(curve.knee) / curve.knee
    budget = POISSON_SECONDS[bench.pipeline.device.type == "cuda"]
    count = max(20, min(300, int(budget / a_request)))
    ratios = {}
    for load in (0.7, 1.3):
        arrivals = poisson(count, load, curve, 0, steps)
        ours, fifo = latencies(bench, arrivals), latencies_of_fifo(arrivals, curve)
        ratios[str(load)] = {
            "p50_over_fifo": round(statistics.median(ours) / statistics.median(fifo), 4),
            "p95_over_fifo": round(p95(ours) / p95(fifo), 4),
            "p95_seconds": round(p95(ours), 3),
        }
    return {"poisson": ratios, "poisson_requests": count}


def latencies(bench: Bench, arrivals: Sequence[Arrival]) -> list[float]:
    """Time passes as our steps take it; while nothing is to be drawn it leaps to the next arrival."""
    drawing, now, coming = Drawing(bench), 0.0, list(enumerate(arrivals))[::-1]
    arrived: dict[Generation, float] = {}
    waited: list[float] = []
    while coming or drawing.has_work:
        if not drawing.has_work:
            now = max(now, coming[-1][1].at)
        started = time.perf_counter()
        while coming and coming[-1][1].at <= now:
            number, arrival = coming.pop()
            arrived[drawing.submit(str(number), arrival.steps)] = arrival.at
        finished = drawing.tick()
        wait_for(bench.pipeline.device)
        now += time.perf_counter() - started
        waited += [now - arrived.pop(generation) for generation in finished]
    return waited


def previews_and_memory(bench: Bench) -> dict[str, Any]:
    curve = bench.compiled
    _, generation = bench.generation(curve.knee, steps=4)
    latents = torch.cat([row.latents for row in generation.rows if row.latents is not None])
    shown = bench.seconds(lambda: bench.pipeline.previews(latents))
    peaks = [(rows, peak) for rows, _ in curve.points if (peak := bytes_of_step(bench.pipeline, rows)) is not None]
    figures: dict[str, Any] = {"preview_cost_tiny": round(shown / (PREVIEW_EVERY * curve.seconds(curve.knee)), 4)}
    if len(peaks) > 1:
        line = statistics.linear_regression(*zip(*peaks, strict=True))
        strays = [abs(line.intercept + line.slope * rows - peak) / peak for rows, peak in peaks]
        figures["peak_linear"] = round(max(strays), 4)
    if peaks:
        memory = line_through(peaks)
        figures["step_mib"] = {"fixed": round(memory.fixed / 2**20, 1), "a_row": round(memory.a_row / 2**20, 1)}
    return figures


PARTS = (
    eager_forwards,
    compiled_forwards,
    saturated,
    priority,
    poisson_latencies,
    previews_and_memory,
    same_picture,
)


def gates(case: Case, figures: dict[str, Any]) -> dict[str, str]:
    """By key: passed, failed, or not measured, with value and bound."""
    at_1_3 = figures.get("poisson", {}).get("1.3", {})
    bounds = [
        ("speedup", figures.get("speedup"), case.speedup, True),
        ("engine_over_best_forward", figures.get("engine_over_best_forward"), case.engine_over_best, True),
        ("p95_over_fifo", at_1_3.get("p95_over_fifo"), case.p95_over_fifo, False),
        ("bit_equal", figures.get("bit_equal"), 1, True),
        ("ticks_to_first_step", figures.get("ticks_to_first_step"), 2, False),
        ("uncompiled", figures.get("compiled", {}).get("given_up"), 0, False),
    ]
    return {name: gate(value, bound, at_least=at_least) for name, value, bound, at_least in bounds if bound is not None}


def gate(value: float | None, bound: float, *, at_least: bool) -> str:
    if value is None:
        return f"not measured (bound {bound:g})"
    is_kept = value >= bound if at_least else value <= bound
    return f"{'passed' if is_kept else 'failed'}: {value:g} {'>=' if at_least else '<='} {bound:g}"


def points(curve: CostCurve) -> dict[str, float]:
    return {str(rows): round(seconds, 6) for rows, seconds in curve.points}


def matmul_peak(device: torch.device) -> float:
    """FLOP/s of the best square product of this run."""
    is_gpu = device.type == "cuda"
    dtype, sides = (torch.bfloat16, (4096, 8192, 16384)) if is_gpu else (torch.float32, (512,))
    best = 0.0
    for side in sides:
        left, right = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
        for _ in range(3):
            wait_for(device)
            started = time.perf_counter()
            for _ in range(10):
                left @ right
            wait_for(device)
            best = max(best, 10 * 2 * side**3 / (time.perf_counter() - started))
    return best


def flops_of(run: Callable[[], object]) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops()


def backend_of(pipeline: BarePipeline) -> str:
    """A CPU's own takes minutes a model; the small form shows all but the speed with torch's tracer alone."""
    return "inductor" if pipeline.device.type == "cuda" else "eager"


def measure_case(
    name: str, case: Case, device: torch.device, peak: float, options: argparse.Namespace
) -> dict[str, Any]:
    torch.compiler.reset()
    pipeline = a_pipeline(case, device)
    mode = {"auto": "on", "on": "on", "off": "off"}[options.compile]
    bench = Bench(
        case,
        pipeline,
        Forwards(mode, backend=backend_of(pipeline)),
        peak,
        1 if options.quick else 5,
        options.out / f"gpu-{name}.json",
        time.monotonic() + options.minutes * 60,
    )
    bench.figures["parameters"] = sum(parameter.numel() for parameter in pipeline.denoiser.parameters())
    return bench.run(PARTS)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.gpu", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", choices=list(FULL_SIZE), help="one model only (default: all, one after the other)")
    parser.add_argument("--minutes", type=float, default=9.0, help="for each model (default: %(default)s)")
    parser.add_argument("--compile", choices=COMPILE_MODES, default="auto", help="off: eager only (default: on)")
    parser.add_argument("--quick", action="store_true", help="one repetition")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder for results (default: %(default)s)")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # or the profiler speaks to the terminal
    has_gpu = torch.cuda.is_available()
    device = torch.device("cuda" if has_gpu else "cpu")
    cases = FULL_SIZE
    if not has_gpu:
        print("There is no GPU here: this is the small form on toy models. It shows that the benchmark runs, no more.")
        torch.set_num_threads(1)
        cases, options.quick = SMALL_FORM, True
    chosen = {options.model: cases[options.model]} if has_gpu and options.model else cases
    figures: dict[str, Any] = {"device": torch.cuda.get_device_name() if has_gpu else "cpu (small form)"}
    with torch.inference_mode():
        peak = matmul_peak(device)
        figures["matmul_peak_tflops"] = round(peak / 1e12, 3)
        for name, case in chosen.items():
            figures[case.name] = measure_case(name, case, device, peak, options)
            print(case.name, json.dumps(figures[case.name]["gates"], indent=1), flush=True)
    bars = [Bar(case.name, figures[case.name].get("speedup", 0.0), case.speedup) for case in chosen.values()]
    draw_bars(f"Pictures a second over one at a time, compiled: {figures['device']}", bars, options.out / "gpu.png")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
