"""The price list, as members know it before they press."""

from dataclasses import replace

import pytest

from bot.domain.job import JobKind
from bot.domain.operation import Operation
from bot.domain.prices import PriceList, Unit, list_price, price_of
from bot.domain.prompt import Speed
from bot.domain.prompt.parameters import GenerationParams
from tests.domain.factories import a_job

PRICES = PriceList()


def price(
    kind: JobKind = JobKind.IMAGINE, unit: Unit = Unit.GPU_SECONDS, speed: Speed = Speed.FAST, **asked: object
) -> int:
    params = replace(GenerationParams("a fox", seed=1), **asked)  # type: ignore[arg-type]
    return price_of(a_job(kind=kind, params=params, speed=speed), PRICES, unit)


@pytest.mark.parametrize(
    ("kind", "seconds"),
    [
        (JobKind.IMAGINE, 60),
        (JobKind.REROLL, 60),
        (JobKind.BLEND, 60),
        (JobKind.VARY_REGION, 54),
        (JobKind.VARY_SUBTLE, 54),
        (JobKind.ZOOM_OUT, 60),
        (JobKind.PAN_LEFT, 60),
        (JobKind.UPSCALE, 0),
        (JobKind.UPSCALE_SUBTLE, 120),
        (JobKind.UPSCALE_CREATIVE, 120),
        (JobKind.RESTYLE, 15),
        (JobKind.ANIMATE, 120),
    ],
)
def test_each_kind_has_its_price(kind: JobKind, seconds: int) -> None:
    assert price(kind) == seconds


@pytest.mark.parametrize("kind", [kind for kind in JobKind if kind is not JobKind.UPSCALE])
def test_nothing_that_is_drawn_is_free_but_relaxed(kind: JobKind) -> None:
    assert price(kind) >= 1
    assert price(kind, unit=Unit.CREDITS) == 1
    assert price(kind, speed=Speed.RELAX) == 0


def test_what_is_asked_for_multiplies() -> None:
    assert [price(quality=quality) for quality in (0.25, 0.5, 1, 2, 4)] == [15, 30, 60, 120, 240]
    assert price(draft=True) == 30
    assert price(omni_reference="https://example.org/a.png") == 120
    assert price(hd=True) == 96
    assert price(draft=True, quality=0.25) == 8  # half up: never less than it is
    assert price(speed=Speed.TURBO) == 120
    assert price(JobKind.UPSCALE_SUBTLE, quality=4) == 120


def test_a_fourfold_upscale_costs_thrice() -> None:
    job = a_job(kind=JobKind.UPSCALE_SUBTLE, operation=Operation(scale=4))
    assert price_of(job, PRICES, Unit.GPU_SECONDS) == 360


def test_relaxed_time_is_counted_at_the_list_price() -> None:
    relaxed = a_job(speed=Speed.RELAX)
    assert list_price(relaxed, PRICES, Unit.GPU_SECONDS) == 60
    assert price_of(relaxed, PRICES, Unit.GPU_SECONDS) == 0


def test_a_request_is_a_credit_and_a_hurried_one_two() -> None:
    assert price(unit=Unit.CREDITS, quality=4) == 1
    assert price(unit=Unit.CREDITS, speed=Speed.TURBO) == 2
    assert price(JobKind.UPSCALE, unit=Unit.CREDITS) == 0


def test_a_free_kind_stays_free_and_a_tiny_one_is_not() -> None:
    free = PriceList(restyle=0)
    assert price_of(a_job(kind=JobKind.RESTYLE), free, Unit.CREDITS) == 0
    assert price_of(a_job(params=GenerationParams("a", 1, quality=0.25)), PriceList(grid=1), Unit.GPU_SECONDS) == 1
