"""`python -m benchmarks.operations`: what can be done with a picture, on the model that ships. Contact sheets go to
benchmarks/results/; what it prints is one JSON object of figures. `--only` measures some, `--quick` on fewer pictures.
Where a goal is missed it says which, and ends with status 1.

The reference pictures are composed from the starter's art, which npm fetches into `--folder` on the first run.
"""

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from benchmarks.operations import beyond, describe, films, repaint, restyle, tile, upscale, vary
from benchmarks.operations.goals import missed
from benchmarks.operations.reference import scenes, varied_prompts
from benchmarks.operations.studio import open_studio
from benchmarks.operations.workshop import open_workshop

FIGURES = ("memory", "upscale", "describe", "restyle", "vary", "repaint", "beyond", "tile", "film")


async def measure(chosen: Sequence[str], folder: Path, *, quick: bool) -> dict[str, float]:
    figures: dict[str, float] = {}
    async with open_studio() as studio:
        if "memory" in chosen:  # first, because a peak that was there before hides it
            figures |= await upscale.measure_memory(studio)
        if "upscale" in chosen:
            figures |= await upscale.measure(studio, scenes(list(varied_prompts(6 if quick else 36)), folder))
        if "restyle" in chosen:
            figures |= await restyle.measure(studio, scenes(list(varied_prompts(1 if quick else 2)), folder))
        if "describe" in chosen:
            figures |= await describe.measure(studio, folder, 12 if quick else 60)
        async with open_workshop(studio.engine) as workshop:
            if "repaint" in chosen:
                figures |= await repaint.measure(workshop, folder, 6 if quick else 24)
            if "beyond" in chosen:
                figures |= await beyond.measure(workshop, 3 if quick else 8)
            if "vary" in chosen:
                figures |= await vary.measure(workshop, folder, 3 if quick else 8)
            if "tile" in chosen:
                figures |= await tile.measure(workshop, 3 if quick else 8)
            if "film" in chosen:
                figures |= await films.measure(workshop, 2 if quick else 4)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.operations",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--only", nargs="+", choices=FIGURES, default=FIGURES, metavar="FIGURE", help=", ".join(FIGURES)
    )
    parser.add_argument("--folder", type=Path, default=Path(".starter"), help="where the art is, or will be fetched to")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    figures = asyncio.run(measure(options.only, options.folder, quick=options.quick))
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))
    if names := missed(figures):
        sys.exit(f"not reached: {', '.join(names)}")


if __name__ == "__main__":
    main()
