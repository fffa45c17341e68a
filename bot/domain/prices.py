"""What a job costs, known before anybody presses: a price list in GPU-seconds, or one credit a request. Pure."""

from dataclasses import dataclass
from enum import StrEnum

from bot.domain.job import OUTPAINTS, UPSCALES, VARIATIONS, Job, JobKind
from bot.domain.prompt import GenerationParams, Speed


class Unit(StrEnum):
    """What a studio counts in."""

    GPU_SECONDS = "gpu_seconds"
    CREDITS = "credits"


@dataclass(frozen=True, slots=True)
class PriceList:
    """GPU-seconds of each kind of job at quality 1 and fast speed, and the factors on them.

    A grid of four counts as one; a film is one of the four that `--bs` asks for. `upscale` doubles the sides.
    """

    grid: int = 60
    variation: int = 54
    outpaint: int = 60
    upscale: int = 120
    upscale_4x: int = 360
    restyle: int = 15
    film: int = 120
    draft_factor: float = 0.5
    hd_factor: float = 1.6
    omni_factor: float = 2.0
    turbo_factor: float = 2.0


PRICES = PriceList()


def list_price(job: Job, prices: PriceList, unit: Unit) -> int:
    """What the job is worth, whoever pays: relaxed time is counted by it, too. Whole units, at least 1; 0 for a split,
    which draws nothing."""
    seconds = _base(job, prices)
    if not seconds:
        return 0
    factor = prices.turbo_factor if job.speed is Speed.TURBO else 1.0
    if unit is Unit.CREDITS:
        return max(1, round(factor))
    return max(1, int(seconds * factor + 0.5))


def price_of(job: Job, prices: PriceList, unit: Unit) -> int:
    """What the job takes from the member's time or credits. Relaxed jobs take nothing."""
    return 0 if job.speed is Speed.RELAX else list_price(job, prices, unit)


def _base(job: Job, prices: PriceList) -> float:
    """GPU-seconds at fast speed."""
    kind = job.kind
    if kind is JobKind.UPSCALE:
        return 0.0
    if kind in UPSCALES:
        return prices.upscale_4x if job.operation.scale == 4 else prices.upscale
    if kind is JobKind.RESTYLE:
        return prices.restyle
    if kind is JobKind.ANIMATE:
        return prices.film * job.picture_count
    if kind in OUTPAINTS:
        return prices.outpaint * _factor(job.params, prices)
    if kind in VARIATIONS:
        return prices.variation * _factor(job.params, prices)
    return prices.grid * _factor(job.params, prices)


def _factor(params: GenerationParams, prices: PriceList) -> float:
    """Of what is drawn step by step: more steps, more pixels and references take more of the machine."""
    factor = params.quality
    factor *= prices.draft_factor if params.draft else 1
    factor *= prices.hd_factor if params.hd else 1
    factor *= prices.omni_factor if params.omni_reference else 1
    return factor
