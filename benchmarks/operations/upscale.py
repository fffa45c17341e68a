"""Enlarging: what a network gains over plain Lanczos, and whether the large picture is still the small one."""

import resource
import sys

import numpy as np
from PIL import Image

from benchmarks.operations.likeness import psnr, ssim
from benchmarks.operations.reference import TIMES, Scene, as_levels, as_pixels
from benchmarks.operations.sheets import save_sheet
from benchmarks.operations.studio import Studio
from engine.protocol import Finished, UpscaleRequest

LARGE_SIDE = 4096
SHOWN = 6


async def measure(studio: Studio, scenes: list[Scene]) -> dict[str, float]:
    gains, cycles, rows = [], [], []
    for scene in scenes:
        small = scene.small
        enlarged = await enlarge(studio, small, TIMES)
        lanczos = np.asarray(Image.fromarray(small).resize((256, 256), Image.Resampling.LANCZOS))
        gains.append(ssim(enlarged, scene.large) - ssim(lanczos, scene.large))
        cycles.append(psnr(Scene("", enlarged).small, small))
        rows.append((small, lanczos, enlarged, scene.large))
    save_sheet("upscale", ("64 pixels", "Lanczos", "enlarged", "true"), rows[:SHOWN])
    return {"upscale_ssim_gain": float(np.mean(gains)), "upscale_cycle_psnr": float(np.mean(cycles))}


async def measure_memory(studio: Studio) -> dict[str, float]:
    """MiB that the process grows by at most while 1024 x 1024 become 4096 x 4096."""
    side = LARGE_SIDE // TIMES
    noise = np.random.default_rng(0).integers(0, 255, (side, side, 3), np.uint8)
    await enlarge(studio, noise[:200, :200], TIMES)
    before = _peak_mib()
    await enlarge(studio, noise, TIMES)
    return {"upscale_4096_mib": _peak_mib() - before}


async def enlarge(studio: Studio, small: np.ndarray, scale: int) -> np.ndarray:
    result = await studio.ask(UpscaleRequest("upscale", as_pixels(small), scale))
    assert isinstance(result, Finished), result
    return as_levels(result.images[0])


def _peak_mib() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
