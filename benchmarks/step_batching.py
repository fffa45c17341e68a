"""`python -m benchmarks.step_batching`: what sharing steps brings on a CPU, one thread, process time, medians.

- `parity_max_abs`: largest difference of latents to the stock pipelines, over samplers, modes and families
  (`benchmarks.parity` tells them apart).
- `closed_loop_speedup`: eight requests at once, against one after the other through the stock loop; 2.35 M UNet, 64 px.
- `poisson_mean_speedup`, `poisson_p95_speedup`: latency ratios at twice the serial capacity, mixed step counts.
- `bit_equal`: 1 if, padded to fixed rows, a request has the same bits alone and among strangers.
- `tick_ratio`: a step of the engine over the bare forward of the same eight rows; 11 M UNet.
- `preview_cost_linear`, `preview_cost_tiny`: what previews every five steps add to the time of a step, as a share, by
  latent-to-colour factors and by a tiny decoder in proportion; the same rows and UNet.
- `starter_speedup`: eight requests at once through the whole engine, against the stock loop; the starter's network
  and its upscaler (random weights where the trained ones are missing: they do not change speed).
"""

import argparse
import asyncio
import json
import random
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from benchmarks import parity
from benchmarks.plot import Bar, draw_bars
from benchmarks.toy import ToyPipeline, a_pipeline, draw_serially, with_tiny_decoder
from engine.config import EngineConfig, ModelConfig
from engine.forwards import Forwards
from engine.generation import Batch, Generation
from engine.local import LocalEngine
from engine.protocol import Finished, GenerateRequest
from engine.runner import Runner
from engine.scheduler import Scheduler
from engine.settings import resolve

RESULTS = Path(__file__).parent / "results"
SMALL_UNET, LARGE_UNET = (40, 72, 80), (96, 128, 192)
ROWS = 8
PREVIEW_EVERY = 5
STEP_COUNTS = (4, 8, 12, 20, 30)


def a_request(name: str, seed: int, steps: int, sampler: str = "euler", guidance_scale: float = 5.0) -> GenerateRequest:
    return GenerateRequest(
        name,
        f"prompt {seed}",
        (seed,),
        width=64,
        height=64,
        steps=steps,
        sampler=sampler,
        guidance_scale=guidance_scale,
    )


def seconds(function: Callable[[], object]) -> float:
    started = time.process_time()
    function()
    return time.process_time() - started


class StepLevel:
    """Scheduler and runner, as the owner thread drives them; the clock counts the process's own time."""

    def __init__(self, pipeline: ToyPipeline, fixed_rows: int = 0) -> None:
        self._pipeline = pipeline
        self._scheduler = Scheduler(ROWS)
        self._runner = Runner({"toy": pipeline}, Forwards(fixed_rows=fixed_rows))
        self.latents: dict[str, torch.Tensor] = {}

    @property
    def has_work(self) -> bool:
        return self._scheduler.has_work

    def add(self, request: GenerateRequest) -> None:
        self._scheduler.add(Generation(request, resolve(request, self._pipeline.traits), "toy"))

    def tick(self) -> list[str]:
        """The requests that it finished."""
        for generation in self._scheduler.admit():
            assert self._runner.prepare(generation) is None
        batch = self._scheduler.schedule()
        assert batch is not None
        self._runner.step(batch)
        finished = []
        for row in [row for row in batch.rows if row.is_denoised]:
            assert row.latents is not None
            self.latents[row.generation.id] = row.latents.clone()
            self._runner.decode((row,))
            self._scheduler.remove(row.generation)
            finished.append(row.generation.id)
        return finished

    def drain(self) -> None:
        while self.has_work:
            self.tick()


def closed_loop(pipeline: ToyPipeline, steps: int) -> float:
    requests = [a_request(str(seed), seed, steps) for seed in range(ROWS)]
    serial = seconds(lambda: [draw_serially(pipeline, r, resolve(r, pipeline.traits)) for r in requests])
    engine = StepLevel(pipeline)
    for request in requests:
        engine.add(request)
    return serial / seconds(engine.drain)


def poisson(pipeline: ToyPipeline, count: int, seed: int) -> tuple[float, float]:
    """Ratios of mean and 95th percentile; both sides see the same arrivals."""
    dice = random.Random(seed)
    requests = [a_request(str(n), n, dice.choice(STEP_COUNTS)) for n in range(count)]
    services = [
        seconds(partial(draw_serially, pipeline, request, resolve(request, pipeline.traits))) for request in requests
    ]
    at, arrivals = 0.0, []
    for _ in requests:
        at += dice.expovariate(2 / statistics.mean(services))
        arrivals.append(at)
    free_at, serial = 0.0, []
    for arrival, service in zip(arrivals, services, strict=True):
        free_at = max(free_at, arrival) + service
        serial.append(free_at - arrival)
    shared = _latencies(StepLevel(pipeline), requests, arrivals)
    return statistics.mean(serial) / statistics.mean(shared), p95(serial) / p95(shared)


def _latencies(engine: StepLevel, requests: Sequence[GenerateRequest], arrivals: Sequence[float]) -> list[float]:
    clock, latencies, coming = 0.0, {}, list(zip(requests, arrivals, strict=True))[::-1]
    while coming or engine.has_work:
        if not engine.has_work:
            clock = max(clock, coming[-1][1])
        started = time.process_time()
        while coming and coming[-1][1] <= clock:
            engine.add(coming.pop()[0])
        finished = engine.tick()
        clock += time.process_time() - started
        latencies.update(dict.fromkeys(finished, clock))
    return [latencies[request.id] - at for request, at in zip(requests, arrivals, strict=True)]


def tick_ratio(pipeline: ToyPipeline, ticks: int) -> float:
    """Taken by turns, so that both see the same machine."""
    request = replace(a_request("tick", 0, 50, guidance_scale=1.0), seeds=tuple(range(ROWS)))
    generation = Generation(request, resolve(request, pipeline.traits), "toy")
    runner = Runner({"toy": pipeline})
    assert runner.prepare(generation) is None
    batch = Batch(generation.key, generation.rows)
    latents, timesteps = torch.randn(ROWS, 4, 8, 8), torch.full((ROWS,), 500.0)
    embeds = {"embeds": torch.randn(ROWS, 16, 64)}
    pairs = [
        (seconds(lambda: runner.step(batch)), seconds(lambda: pipeline.denoise(latents, timesteps, embeds)))
        for _ in range(ticks)
    ]
    return statistics.median(tick for tick, _ in pairs) / statistics.median(bare for _, bare in pairs)


def preview_cost(pipeline: ToyPipeline, blocks: int) -> float:
    """Blocks of five steps by turns, with a preview of every row and without any."""
    runner = Runner({"toy": pipeline})

    def a_batch(preview_every: int) -> Batch:
        request = replace(a_request("previews", 0, 500, guidance_scale=1.0), seeds=tuple(range(ROWS)))
        generation = Generation(replace(request, preview_every=preview_every), resolve(request, pipeline.traits), "toy")
        assert runner.prepare(generation) is None
        return Batch(generation.key, generation.rows)

    with_previews, without = a_batch(PREVIEW_EVERY), a_batch(0)

    def block(batch: Batch) -> None:
        for _ in range(PREVIEW_EVERY):
            runner.step(batch)

    pairs = [(seconds(partial(block, with_previews)), seconds(partial(block, without))) for _ in range(blocks)]
    return statistics.median(shown / plain for shown, plain in pairs) - 1


def bit_equal(pipeline: ToyPipeline) -> int:
    request = a_request("same", 7, 9, "dpmpp_2m_sde")
    alone, among = StepLevel(pipeline, fixed_rows=16), StepLevel(pipeline, fixed_rows=16)
    alone.add(request)
    for number, sampler in enumerate(("unipc", "euler_a", "ddim")):
        among.add(a_request(str(number), number, 5 + number, sampler, guidance_scale=1.0 + number))
    among.tick()
    among.add(request)
    for engine in (alone, among):
        engine.drain()
    return int(torch.equal(alone.latents["same"], among.latents["same"]))


def starter(steps: int) -> float:
    """Both sides draw the same eight pictures, upscaled; the engine is started before the clock."""
    with tempfile.TemporaryDirectory() as name:
        folder = _starter_folder(Path(name))
        return asyncio.run(_starter(folder, Path(name), steps))


def _starter_folder(spare: Path) -> Path:
    from engine.starter.model import WEIGHTS, StarterModel, WeightsMissing
    from engine.starter.vocabulary import Vocabulary

    try:
        StarterModel.load(WEIGHTS, device=torch.device("cpu"), dtype=torch.float32)
    except WeightsMissing:
        StarterModel(Vocabulary.from_file(limit=20)).save(spare / "starter")
        return spare / "starter"
    return WEIGHTS


async def _starter(folder: Path, cache_dir: Path, steps: int) -> float:
    models = (ModelConfig("starter", "starter", str(folder)),)
    engine = LocalEngine(EngineConfig(models=models, device="cpu", threads=1, max_rows=ROWS, cache_dir=cache_dir))
    await engine.start()
    requests = [
        GenerateRequest(str(seed), "a red apple", (seed,), width=256, height=256, steps=steps) for seed in range(ROWS)
    ]
    started = time.process_time()
    await asyncio.gather(*(_finish(engine, request) for request in requests))
    together = time.process_time() - started
    await engine.stop()
    return _starter_serially(folder, cache_dir, requests) / together


async def _finish(engine: LocalEngine, request: GenerateRequest) -> None:
    events = [event async for event in engine.generate(request)]
    assert isinstance(events[-1], Finished), events[-1]


def _starter_serially(folder: Path, cache_dir: Path, requests: Sequence[GenerateRequest]) -> float:
    from diffusers import FlowMatchEulerDiscreteScheduler

    from engine.pictures import to_pixels
    from engine.starter.model import StarterModel
    from engine.upscale import load_upscaler

    device = torch.device("cpu")
    model = StarterModel.load(folder, device=device, dtype=torch.float32)
    upscaler = load_upscaler("auto", cache_dir, device, torch.float32)
    started = time.process_time()
    for request in requests:
        noise_scheduler = FlowMatchEulerDiscreteScheduler()
        noise_scheduler.set_timesteps(request.steps)
        latents = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(request.seeds[0]))
        conditioning = model.encode([request.prompt])
        for timestep in noise_scheduler.timesteps:
            velocity = model.denoise(latents, (timestep / 1000).expand(1), conditioning)
            latents = noise_scheduler.step(velocity, timestep, latents, return_dict=False)[0]
        to_pixels(upscaler.enlarge(latents.clamp(-1, 1)))
    return time.process_time() - started


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[18]


def measure(repetitions: int, *, is_quick: bool) -> dict[str, float]:
    small, large = a_pipeline(SMALL_UNET, 64), a_pipeline(LARGE_UNET, 64)
    steps, count = (5, 12) if is_quick else (20, 40)
    closed_loop(small, 2)  # warm-up
    ratios = [poisson(small, count, seed) for seed in range(repetitions)]
    return {
        "parity_max_abs": max(parity.measure(is_quick=is_quick).values()),
        "closed_loop_speedup": statistics.median(closed_loop(small, steps) for _ in range(repetitions)),
        "poisson_mean_speedup": statistics.median(mean for mean, _ in ratios),
        "poisson_p95_speedup": statistics.median(tail for _, tail in ratios),
        "bit_equal": bit_equal(small),
        "tick_ratio": statistics.median(tick_ratio(large, 4 if is_quick else 15) for _ in range(repetitions)),
        "preview_cost_linear": preview_cost(large, 3 if is_quick else 15),
        "preview_cost_tiny": preview_cost(with_tiny_decoder(large), 3 if is_quick else 15),
        "starter_speedup": statistics.median(starter(4 if is_quick else 20) for _ in range(repetitions)),
        "small_unet_parameters": sum(p.numel() for p in small.unet.parameters()),
        "large_unet_parameters": sum(p.numel() for p in large.unet.parameters()),
        "repetitions": repetitions,
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.step_batching", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one repetition of a small form")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    with torch.inference_mode():
        figures = measure(1 if options.quick else 5, is_quick=options.quick)
    targets = {"closed_loop": 2.0, "poisson_mean": 1.8, "poisson_p95": 2.0}
    bars = [Bar(f"{name} speed-up", figures[f"{name}_speedup"], target) for name, target in targets.items()]
    bars.append(Bar("starter speed-up", figures["starter_speedup"]))
    bars.append(Bar("tick / bare forward", figures["tick_ratio"], 1.05, at_least=False))
    draw_bars("Steps shared by all requests, CPU, one thread", bars, RESULTS / "step_batching.png")
    print(json.dumps({name: round(value, 6) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
