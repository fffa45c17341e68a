"""The figures of the picture operations tell good work from none: what repeats, greys or keeps a picture fails."""

import numpy as np
import pytest

from benchmarks.operations.beyond import Tally, with_repeated_edges
from benchmarks.operations.goals import missed
from benchmarks.operations.reference import Levels
from benchmarks.operations.vary import figures_of as figures_of_varying
from bot.domain.canvas import Rect

PLACE = Rect(32, 32, 64, 64)
WHOLE: Levels = np.random.default_rng(0).integers(60, 200, (128, 128, 3), np.uint8)
BEFORE = WHOLE[32:96, 32:96]


def figures_of(after: Levels, place: Rect = PLACE, before: Levels = BEFORE) -> dict[str, float]:
    tally = Tally()
    tally.add(before, after, place)
    return tally.figures


def around(colours: Levels) -> Levels:
    after = colours.copy()
    after[32:96, 32:96] = BEFORE
    return after


def test_surroundings_that_go_on_are_good() -> None:
    figures = figures_of(WHOLE)
    assert missed(figures) == []
    assert figures["seam_ratio_grey"] > 1.2


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (around(np.full_like(WHOLE, 128)), "seam_ratio"),
        (around(np.zeros_like(WHOLE)), "seam_ratio"),
        (with_repeated_edges(BEFORE, WHOLE, PLACE), "outpaint_new"),
        (np.roll(WHOLE, 1, axis=0), "outpaint_changed"),
    ],
    ids=["grey", "black", "repeated edges", "moved by a pixel"],
)
def test_having_done_nothing_fails(after: Levels, why: str) -> None:
    assert why in missed(figures_of(after))


@pytest.mark.parametrize(
    "place",
    [Rect(64, 0, 64, 128), Rect(0, 0, 64, 128), Rect(0, 64, 128, 64), Rect(0, 0, 128, 64)],
    ids=["pan left", "pan right", "pan up", "pan down"],
)
def test_a_seam_is_seen_on_any_side(place: Rect) -> None:
    """A line of other colours along one side; and who never looked at a side has not measured it."""
    before = WHOLE[place.top : place.bottom, place.left : place.right]
    assert missed(figures_of(WHOLE, place, before)) == ["seam_sides"]
    off = np.full_like(WHOLE, 255)
    off[place.top : place.bottom, place.left : place.right] = before
    assert "seam_ratio" in missed(figures_of(off, place, before))


def shades(*levels: int) -> list[Levels]:
    return [(BEFORE.astype(int) + level).astype(np.uint8) for level in levels]


@pytest.mark.parametrize(
    ("subtle", "why"),
    [
        (shades(3, -3, 5, 7), []),
        (shades(0, 0, 0, 0), ["vary_subtle", "vary_subtle_apart"]),
        (shades(5, 5, 5, 5), ["vary_subtle_apart"]),
        (shades(19, 20, 21, 22), ["vary_subtle"]),
        ([np.roll(BEFORE, 1 + number, axis=0) for number in range(4)], ["vary_subtle", "vary_subtle_ssim"]),
        ([np.full_like(BEFORE, 128 + number) for number in range(4)], ["vary_subtle", "vary_subtle_ssim"]),
    ],
    ids=["good", "nothing", "four times the same", "too much", "moved", "grey"],
)
def test_subtle_is_some_but_not_much(subtle: list[Levels], why: list[str]) -> None:
    figures = figures_of_varying([(BEFORE, subtle)], [(BEFORE, shades(20, 30, 40, -30))])
    assert sorted(missed(figures)) == why


def test_of_a_figure_that_is_no_number_nothing_is_reached() -> None:
    assert missed({"seam_ratio": float("nan"), "upscale_4096_mib": 300.0}) == ["seam_ratio", "upscale_4096_mib"]
