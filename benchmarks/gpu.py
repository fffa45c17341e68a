"""`python -m benchmarks.gpu`: the engine on an accelerator, with full-size models of random weights.

Per model and size: H1 seconds of a forward by rows, and its FLOP/s over the same run's matmul peak; H2 saturated
images a second over the same denoiser one request at a time; H3 latencies against first come, first served at 0.7
and 1.3 times capacity, the scheduler simulated on the curve of H1; H4 the engine's rows a second over the best of H1;
H5 bit equality in fixed buckets; H6 steps from submitting a top-priority request to its first.
Weights' values do not change speed. Without a GPU it says so and runs one small model, to show that it works.
"""

import argparse
import json
import statistics
import time
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from benchmarks.plot import Bar, draw_bars
from benchmarks.policy import latencies_of_fifo, latencies_of_scheduler, p95, poisson
from benchmarks.toy import SCHEDULE, a_unet
from engine.calibration import ROW_COUNTS
from engine.forwards import Forwards
from engine.generation import Batch, Generation
from engine.pipelines.interface import Conditioning, DrawClean, Tensors
from engine.policy import CostCurve
from engine.protocol import GenerateRequest, ModelInfo, Pixels
from engine.runner import Runner
from engine.samplers import Sampler, sampler_from
from engine.scheduler import Scheduler
from engine.settings import ModelTraits, Settings, resolve

RESULTS = Path(__file__).parent / "results"
STEP_COUNTS = (4, 8, 20, 30, 50)
Build = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Case:
    """`target` is the speed-up that H2 must reach; `conditioning` the shapes of what the denoiser is told."""

    name: str
    side: int
    guidance_scale: float
    target: float | None
    build: Build
    conditioning: dict[str, tuple[int, ...]]


def sd15() -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(sample_size=64, cross_attention_dim=768)


def sdxl() -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=128,
        block_out_channels=(320, 640, 1280),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 10),
        attention_head_dim=(5, 10, 20),
        cross_attention_dim=2048,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2816,
        use_linear_projection=True,
    )


SDXL_TOLD = {"prompt_embeds": (77, 2048), "text_embeds": (1280,), "time_ids": (6,)}
CASES = (
    Case("SD1.5 512", 512, 7.0, 2.0, sd15, {"prompt_embeds": (77, 768)}),
    Case("SDXL-Turbo 512", 512, 1.0, 4.0, sdxl, SDXL_TOLD),
    Case("SDXL 1024", 1024, 7.0, 1.1, sdxl, SDXL_TOLD),
)
SMALL_FORM = (Case("toy 64", 64, 5.0, None, lambda: a_unet((40, 72, 80), 64), {"prompt_embeds": (16, 64)}),)


@dataclass(frozen=True, slots=True)
class BarePipeline:
    """A denoiser and nothing else: its pictures are one grey pixel."""

    traits: ModelTraits
    device: torch.device
    case: Case
    denoiser: Any
    noise_scheduler: Any

    @property
    def networks(self) -> tuple[Any, ...]:
        return (self.denoiser,)

    def told(self, rows: int) -> dict[str, torch.Tensor]:
        dtype = next(self.denoiser.parameters()).dtype
        shapes = self.case.conditioning.items()
        return {name: torch.ones(rows, *shape, device=self.device, dtype=dtype) for name, shape in shapes}

    def text_length(self, _settings: Settings) -> int:
        return 0

    def encode(self, settings: Settings) -> Conditioning:
        return Conditioning(self.told(1), self.told(1) if settings.guidance_scale > 1 else None)

    def start_sampler(self, settings: Settings) -> Sampler:
        return sampler_from(self.noise_scheduler, settings.sampler, settings.steps, None)

    def latent_shape(self, settings: Settings, /) -> tuple[int, int, int]:
        return 4, settings.height // 8, settings.width // 8

    def encode_image(self, pixels: Pixels, settings: Settings) -> DrawClean:
        raise NotImplementedError("it starts from noise only")

    def encode_masked(self, _settings: Settings) -> None:
        return None

    def denoise(self, latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors) -> torch.Tensor:
        more = {name: value for name, value in conditioning.items() if name != "prompt_embeds"}
        return self.denoiser(
            latents.to(conditioning["prompt_embeds"].dtype),
            timesteps,
            conditioning["prompt_embeds"],
            added_cond_kwargs=more or None,
            return_dict=False,
        )[0]

    def previews(self, clean_latents: torch.Tensor) -> tuple[Pixels, ...]:
        return self.decode(clean_latents)

    def full_precision(self) -> None:
        return None

    def tiling(self) -> AbstractContextManager["BarePipeline"]:
        raise NotImplementedError("it draws no tiles")

    def decode(self, latents: torch.Tensor) -> tuple[Pixels, ...]:
        return (Pixels(1, 1, b"\x80\x80\x80"),) * len(latents)


def a_pipeline(case: Case, device: torch.device, *, is_compiled: bool) -> BarePipeline:
    from diffusers import DDIMScheduler

    info = ModelInfo("bare", "bare", case.side, case.side, 30, supports_negative_prompt=True)
    traits = ModelTraits(info, ("euler", "dpmpp_2m"), guidance_scale=case.guidance_scale)
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    denoiser = case.build().to(device, dtype).eval()
    if is_compiled:
        denoiser.compile(dynamic=False)
    return BarePipeline(traits, device, case, denoiser, DDIMScheduler(**SCHEDULE, clip_sample=False))


def seconds(function: Callable[[], object], repetitions: int) -> float:
    """The median, after one to warm up."""
    times = []
    for _ in range(repetitions + 1):
        started = time.perf_counter()
        function()
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:])


def forward_of(pipeline: BarePipeline, rows: int) -> Callable[[], object]:
    """Pictures, not forward rows: a guided picture takes two."""
    halves = rows * (2 if pipeline.case.guidance_scale > 1 else 1)
    side = pipeline.case.side // 8
    latents = torch.randn(halves, 4, side, side, device=pipeline.device)
    timesteps = torch.full((halves,), 500.0, device=pipeline.device)
    told = pipeline.told(halves)
    return lambda: pipeline.denoise(latents, timesteps, told)


def tick_of(pipeline: BarePipeline, rows: int, fixed_rows: int = 0) -> tuple[Callable[[], object], Generation]:
    request = GenerateRequest(
        "r", "", tuple(range(rows)), width=pipeline.case.side, height=pipeline.case.side, steps=200
    )
    generation = Generation(request, resolve(request, pipeline.traits), "bare")
    runner = Runner({"bare": pipeline}, Forwards(fixed_rows=fixed_rows))
    failure = runner.prepare(generation)
    assert failure is None, failure
    batch = Batch(generation.key, generation.rows)
    return lambda: runner.step(batch), generation


def matmul_peak(device: torch.device, side: int, repetitions: int) -> float:
    """FLOP/s of the best square product of this run."""
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    left, right = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    return 2 * side**3 / seconds(lambda: left @ right, repetitions)


def flops_of(function: Callable[[], object]) -> int:
    from torch.utils.flop_counter import FlopCounterMode

    with FlopCounterMode(display=False) as counter:
        function()
    return counter.get_total_flops()


def bit_equal(pipeline: BarePipeline) -> int:
    """Three steps of seed 0, alone and as one of three."""
    first = []
    for rows in (1, 3):
        tick, generation = tick_of(pipeline, rows, fixed_rows=8)
        for _ in range(3):
            tick()
        first.append(generation.rows[0].latents)
    return int(first[0] is not None and first[1] is not None and torch.equal(first[0], first[1]))


def steps_to_first(pipeline: BarePipeline, knee: int) -> int:
    """How many batches a top-priority request waits for, into a full machine."""
    scheduler, runner = Scheduler(knee), Runner({"bare": pipeline})

    def submit(name: str, rows: int, priority: int) -> Generation:
        side = pipeline.case.side
        request = GenerateRequest(name, "", tuple(range(rows)), width=side, height=side, steps=30, priority=priority)
        generation = Generation(request, resolve(request, pipeline.traits), "bare")
        scheduler.add(generation)
        return generation

    def tick() -> None:
        for generation in scheduler.admit():
            runner.prepare(generation)
        batch = scheduler.schedule()
        assert batch is not None
        runner.step(batch)

    submit("relaxed", knee * 2, 5)
    tick()
    urgent = submit("urgent", 1, 0)
    ticks = 0
    while urgent.steps_done == 0:
        tick()
        ticks += 1
    return ticks


def measure(case: Case, device: torch.device, peak: float, repetitions: int, *, is_compiled: bool) -> dict[str, Any]:
    pipeline = a_pipeline(case, device, is_compiled=is_compiled)
    eager = replace(pipeline, denoiser=getattr(pipeline.denoiser, "_orig_mod", pipeline.denoiser))
    flops = flops_of(forward_of(a_pipeline(case, device, is_compiled=False), 1)) if not is_compiled else 0
    points = []
    for rows in ROW_COUNTS:
        try:
            points.append((rows, seconds(forward_of(eager, rows), repetitions)))
        except torch.OutOfMemoryError:
            break
    curve = CostCurve(tuple(points))
    best = max(rows / spent for rows, spent in points)
    tick, _ = tick_of(pipeline, curve.knee)
    rows_a_second = curve.knee / seconds(tick, repetitions)
    latencies = {}
    for load in (0.7, 1.3):
        arrivals = poisson(200, load, curve, 0, STEP_COUNTS)
        ours = list(latencies_of_scheduler(arrivals, curve, max_rows=16).values())
        latencies[str(load)] = round(p95(ours) / p95(latencies_of_fifo(arrivals, curve)), 4)
    return {
        "seconds_by_rows": {str(rows): round(spent, 6) for rows, spent in points},
        "knee": curve.knee,
        "speedup_over_one_at_a_time": round(rows_a_second * curve.seconds(1), 4),
        "engine_over_best_forward": round(rows_a_second / best, 4),
        "mfu_at_best": round(flops * best / peak, 4) if flops else None,
        "p95_over_fifo": latencies,
        "bit_equal": bit_equal(pipeline),
        "steps_to_first": steps_to_first(pipeline, curve.knee),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one repetition")
    parser.add_argument("--compile", action="store_true", help="the denoiser compiled, on both sides")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    has_gpu = torch.cuda.is_available()
    device = torch.device("cuda" if has_gpu else "cpu")
    if not has_gpu:
        print("There is no GPU here: this is the small form, which shows that the benchmark runs and nothing more.")
        torch.set_num_threads(1)
    cases, repetitions = (CASES if has_gpu else SMALL_FORM), 1 if options.quick else 5
    figures: dict[str, Any] = {"device": torch.cuda.get_device_name() if has_gpu else "cpu (small form)"}
    with torch.inference_mode():
        peak = matmul_peak(device, 8192 if has_gpu else 512, repetitions)
        figures["matmul_peak_tflops"] = round(peak / 1e12, 3)
        for case in cases:
            figures[case.name] = measure(case, device, peak, repetitions, is_compiled=options.compile)
            print(case.name, json.dumps(figures[case.name]))
    bars = [Bar(case.name, figures[case.name]["speedup_over_one_at_a_time"], case.target) for case in cases]
    draw_bars(f"Images a second over one at a time: {figures['device']}", bars, RESULTS / "gpu.png")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
