"""`python -m benchmarks.soak`: what the engine holds of the memory, over many requests and by the rows of a step.

- `rss_slope_bytes`: growth of the process a request. Requests of mixed samplers, lengths, guidance and prompts go
  through the whole engine, sixteen at a time; one in eight is cancelled on the way. The first third warms caches and
  the allocator up and is not counted; the slope is the median of those between all pairs of samples (Theil-Sen), which
  a few pages more or less do not sway.
- `objects_slope`: Python objects a request, by the collector's count, likewise: what a leak would show first.
- `peak_linear`: how far the peak of a step with 1 to 16 rows, by the record of torch's allocator, strays from a
  straight line through all of them, at worst, as a share of it; 2.4 M UNet at 256 pixels. `peak_a_row_bytes` is the
  line's slope.
"""

import argparse
import asyncio
import gc
import json
import os
import random
import statistics
import sys
import warnings
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from benchmarks.plot import Bar, draw_bars
from engine.config import EngineConfig
from engine.local import LocalEngine
from engine.protocol import Cancelled, Finished, GenerateRequest, Progress

RESULTS = Path(__file__).parent / "results"
AT_A_TIME, SAMPLES = 16, 60
SAMPLERS = ("euler", "euler_a", "ddim", "dpmpp_2m", "unipc")


def resident_bytes() -> int:
    """Of this process, now; Linux only."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def soak(count: int) -> dict[str, float]:
    from benchmarks.toy import a_pipeline

    config = EngineConfig(device="cpu", threads=1, max_rows=8)
    engine = LocalEngine(config, load=lambda _: {"toy": a_pipeline((8, 8), 64)})
    await engine.start()
    numbers, dice = iter(range(count)), random.Random(0)
    resident: list[tuple[int, int]] = []
    objects: list[tuple[int, int]] = []
    finished = 0

    async def member() -> None:
        nonlocal finished
        for number in numbers:
            request = GenerateRequest(
                str(number),
                f"prompt {number % 97}",
                (number,),
                width=64,
                height=64,
                steps=dice.randint(1, 6),
                sampler=dice.choice(SAMPLERS),
                guidance_scale=dice.choice((1.0, 5.0)),
                preview_every=3,
            )
            async for event in engine.generate(request):
                if isinstance(event, Progress) and number % 8 == 0:
                    engine.cancel(request.id)
                if isinstance(event, (Finished, Cancelled)):
                    finished += 1
            if finished % max(1, count // SAMPLES) == 0:
                gc.collect()
                resident.append((finished, resident_bytes()))
                objects.append((finished, len(gc.get_objects())))

    await asyncio.gather(*(member() for _ in range(AT_A_TIME)))
    await engine.stop()
    return {
        "rss_slope_bytes": round(slope(resident, count // 3), 1),
        "objects_slope": round(slope(objects, count // 3), 4),
        "requests": count,
        "finished": finished,
        "rss_mib": round(resident_bytes() / 2**20, 1),
    }


def slope(samples: Sequence[tuple[int, int]], after: int) -> float:
    counted = [sample for sample in samples if sample[0] > after]
    return statistics.median((y - x) / (b - a) for (a, x), (b, y) in combinations(counted, 2) if b != a)


def peaks_by_rows() -> dict[str, float]:
    import torch

    from benchmarks.toy import a_pipeline
    from engine.calibration import ROW_COUNTS, bytes_of_step

    pipeline = a_pipeline((40, 72, 80), 256)
    with torch.inference_mode():
        peaks = [peak for rows in ROW_COUNTS if (peak := bytes_of_step(pipeline, rows)) is not None]
    line = statistics.linear_regression(ROW_COUNTS, peaks)
    strays = [
        abs(line.intercept + line.slope * rows - peak) / peak for rows, peak in zip(ROW_COUNTS, peaks, strict=True)
    ]
    return {"peak_linear": round(max(strays), 4), "peak_a_row_bytes": round(line.slope)}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="300 requests: shows that it runs, says nothing of leaks")
    options = parser.parse_args()
    if sys.platform != "linux":
        sys.exit("it reads /proc; run it on Linux")
    warnings.simplefilter("ignore")
    os.environ["KINETO_LOG_LEVEL"] = "6"
    figures = asyncio.run(soak(300 if options.quick else options.requests)) | peaks_by_rows()
    bars = [
        Bar(f"bytes a request, of {figures['requests']}", max(0.0, figures["rss_slope_bytes"]), 100.0, at_least=False),
        Bar("peak by rows, off a line", figures["peak_linear"], 0.05, at_least=False),
    ]
    draw_bars("Memory: growth over requests, peak by rows", bars, RESULTS / "soak.png")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
