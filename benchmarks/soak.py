"""`python -m benchmarks.soak`: memory over many requests. `rss_slope_bytes` is the growth of the process a request.

Requests of mixed samplers, lengths, guidance and prompts go through the whole engine, sixteen at a time; one in eight
is cancelled on the way. The first third warms caches up and is not counted; the slope is a least-squares line.
"""

import argparse
import asyncio
import json
import os
import random
import statistics
import sys
import warnings
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
    done: list[tuple[int, int]] = []
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
                done.append((finished, resident_bytes()))

    await asyncio.gather(*(member() for _ in range(AT_A_TIME)))
    await engine.stop()
    counted = [sample for sample in done if sample[0] > count // 3]
    slope = statistics.linear_regression(*zip(*counted, strict=True)).slope
    return {
        "rss_slope_bytes": round(slope, 1),
        "requests": count,
        "finished": finished,
        "rss_mib": round(resident_bytes() / 2**20, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="300 requests: shows that it runs, says nothing of leaks")
    options = parser.parse_args()
    if sys.platform != "linux":
        sys.exit("it reads /proc; run it on Linux")
    warnings.simplefilter("ignore")
    figures = asyncio.run(soak(300 if options.quick else options.requests))
    bar = Bar("bytes a request", max(0.0, figures["rss_slope_bytes"]), 100.0, at_least=False)
    draw_bars(f"Growth over {figures['requests']} requests", [bar], RESULTS / "soak.png")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
