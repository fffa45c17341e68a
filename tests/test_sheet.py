"""What is known stays to the byte, whatever is drawn beside it; and no edge shows where the two meet."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.canvas import Rect, Size, plan_canvas, plan_windows
from bot.domain.job import PANS, JobKind
from bot.pictures.arrays import Colours, Floats, cut, grow, nearness, spread, to_array, to_pixels
from bot.pictures.sheet import (
    Sheet,
    erase,
    lay_out,
    mask_window,
    put_window,
    show_drawn,
    show_window,
    shrink,
)
from engine.protocol import Pixels
from tests.fakes import noise

NATIVE = Size(64, 64)


def slope(width: int, height: int) -> Pixels:
    """Colours that change across and down, so that its borders are not flat."""
    rows, columns = np.mgrid[:height, :width]
    return to_pixels(np.stack([columns * 200 // width, rows * 200 // height, rows + 0 * columns], -1).astype(np.uint8))


def draw_all(sheet: Sheet, windows: tuple[Rect, ...], drawn: Pixels) -> Sheet:
    for window in windows:
        sheet = put_window(sheet, window, drawn, reach=0.4)
    return sheet


@given(
    st.sampled_from([JobKind.ZOOM_OUT, JobKind.MAKE_SQUARE, *sorted(PANS)]),
    st.sampled_from([(64, 64), (96, 64), (50, 70)]),
    st.integers(0, 9),
)
def test_the_old_picture_keeps_every_pixel(kind: JobKind, sides: tuple[int, int], seed: int) -> None:
    old = noise(*sides, seed)
    canvas = plan_canvas(Size(*sides), kind, 1.5, sides)
    sheet = draw_all(lay_out(old, canvas), plan_windows(canvas, 1.0), noise(64, 64, seed + 1))
    assert sheet.known.all()
    place = canvas.old
    assert to_pixels(sheet.colours[place.top : place.bottom, place.left : place.right]) == old
    assert sheet.pixels.width == canvas.size.width


def test_beyond_the_edge_colours_go_on() -> None:
    old = slope(64, 64)
    canvas = plan_canvas(NATIVE, JobKind.PAN_RIGHT, 1.0, (3, 2))
    guessed = lay_out(old, canvas).colours.astype(int)
    assert np.abs(guessed[:, 70] - guessed[:, 63]).max() < 12


def test_a_horizon_goes_on_sharply_and_what_is_narrow_ends() -> None:
    old = np.full((64, 64, 3), 220, np.uint8)
    old[40:] = (40, 140, 40)
    old[10:13, 60:] = 0  # a twig at the edge
    old[50:, 20:36] = (200, 30, 30)  # a tower that stands on the lower one
    canvas = plan_canvas(NATIVE, JobKind.ZOOM_OUT, 2.0, (1, 1))
    guessed = lay_out(to_pixels(old), canvas).colours
    left, right, below = guessed[:, 10], guessed[:, 118], guessed[120, 32:96]
    for column in (left, right):
        assert (column[:72] == 220).all()
        assert (column[72:] == (40, 140, 40)).all()
    assert (below == (40, 140, 40)).all()
    assert (guessed[42:45, 96] == 0).all()


def test_what_stands_before_a_scenery_ends_however_wide_it_is() -> None:
    old = np.full((64, 64, 3), 90, np.uint8)
    old[50:, 8:56] = 250
    canvas = plan_canvas(NATIVE, JobKind.PAN_DOWN, 1.0, (2, 3))
    guessed = lay_out(to_pixels(old), canvas).colours
    assert (guessed[64, 9:55] == 250).all()
    assert (guessed[80:] == 90).all()


def test_of_a_drawing_that_moved_the_horizon_only_what_fits_is_taken() -> None:
    old = np.full((64, 64, 3), 220, np.uint8)
    old[40:] = 40
    canvas = plan_canvas(NATIVE, JobKind.PAN_RIGHT, 1.0, (3, 2))
    sheet, [window] = lay_out(to_pixels(old), canvas), plan_windows(canvas, 1.0)
    drawn = np.full((64, 64, 3), 220, np.uint8)
    drawn[34:] = 40
    drawn[:20] += np.random.default_rng(0).integers(0, 8, (20, 64, 3), np.uint8)
    kept = put_window(sheet, window, to_pixels(drawn), reach=0.4, keeps_guess=True).colours.astype(int)
    moved = put_window(sheet, window, to_pixels(drawn), reach=0.1).colours.astype(int)
    assert np.abs(kept[30:40, 80:] - 220).max() < 12
    assert moved[36, 90].max() < 60
    assert np.ptp(kept[:16, 80:]) > 4  # its texture, where it fits


def test_the_model_is_shown_the_window_and_told_what_is_missing() -> None:
    canvas = plan_canvas(NATIVE, JobKind.PAN_RIGHT, 1.0, (3, 2))
    sheet = lay_out(slope(64, 64), canvas)
    [window] = plan_windows(canvas, 1.0)
    shown, mask = show_window(sheet, window, Size(256, 256)), mask_window(sheet, window, Size(256, 256))
    assert (shown.width, mask.width) == (256, 256)
    levels = np.frombuffer(mask.levels, np.uint8).reshape(256, 256)
    assert set(levels[:, :120].ravel()) == {0}
    assert set(levels[:, 128:].ravel()) == {255}


def gradient_ratio(colours: Colours, column: int) -> float:
    """The step from one column to the next, over the steps beside it."""
    values = colours.astype(float)
    steps = np.abs(np.diff(values, axis=1)).mean(axis=(0, 2))
    return float(steps[column - 1] / ((steps[column - 2] + steps[column]) / 2))


def test_a_drawing_that_is_off_in_colour_meets_the_old_picture_without_a_seam() -> None:
    old, canvas = slope(64, 64), plan_canvas(NATIVE, JobKind.PAN_RIGHT, 1.0, (3, 2))
    sheet, [window] = lay_out(old, canvas), plan_windows(canvas, 1.0)
    drawn = to_array(show_window(sheet, window, NATIVE)).astype(int)
    rows = np.linspace(10, 60, 64)[:, None, None]
    other = to_pixels((drawn + rows + 3 * np.arange(64)[None, :, None] % 7).clip(0, 255).astype(np.uint8))
    whole = put_window(sheet, window, other, reach=0.4)
    assert gradient_ratio(whole.colours, 64) < 1.2
    pasted = np.where(sheet.known[:, 32:, None], sheet.colours[:, 32:], to_array(other))
    assert gradient_ratio(pasted, 32) > 3


@given(st.integers(0, 60), st.integers(0, 60), st.integers(8, 30))
def test_outside_a_region_nothing_changes(left: int, top: int, side: int) -> None:
    picture, region = noise(64, 64, 3), np.zeros((64, 64), bool)
    region[top : top + side, left : left + side] = True
    window = Rect(left - 5, top - 5, side + 10, side + 10)
    whole = put_window(erase(picture, region), window, noise(64, 64, 4), reach=0.1)
    assert (whole.colours[~region] == to_array(picture)[~region]).all()
    assert (whole.colours[region] != to_array(picture)[region]).any()


def test_an_erased_region_takes_the_colours_around_it() -> None:
    picture = np.full((64, 64, 3), 200, np.uint8)
    picture[20:40, 20:40] = 0
    region = grow(picture[..., 0] == 0, 2)
    assert (erase(to_pixels(picture), region).colours == 200).all()


def test_previews_show_the_whole() -> None:
    canvas = plan_canvas(Size(64, 64), JobKind.ZOOM_OUT, 2.0, (1, 1))
    sheet = lay_out(slope(64, 64), canvas)
    [window] = plan_windows(canvas, 1.0)
    small = shrink(sheet, 32)
    shown = to_array(show_drawn(small, to_pixels(np.full((16, 16, 3), 255, np.uint8)), window, canvas.size))
    assert shown.shape == (32, 32, 3)
    assert (shown[:7] == 255).all()
    assert (shown[9:23, 9:23] == small.colours[9:23, 9:23]).all()


def test_what_lies_beyond_a_picture_is_its_edge() -> None:
    picture = to_array(slope(8, 8))
    beyond = cut(picture, Rect(-2, 0, 4, 8))
    assert (beyond[:, 0] == picture[:, 0]).all()
    assert (beyond[:, 3] == picture[:, 1]).all()


@given(st.integers(0, 3))
def test_a_smooth_surface_meets_what_is_known(seed: int) -> None:
    values: Floats = np.random.default_rng(seed).uniform(-20, 20, (33, 47, 3)).astype(np.float32)
    known = np.zeros((33, 47), bool)
    known[:, :5] = known[28:] = True
    surface = spread(values, known)
    assert (surface[known] == values[known]).all()
    assert np.abs(surface).max() <= np.abs(values).max() + 1e-3
    assert np.isfinite(surface).all()


def test_nearness_is_whole_at_the_edge_and_ends() -> None:
    flags = np.zeros((64, 64), bool)
    flags[24:40, 24:40] = True
    near = nearness(flags, 10)
    assert near[24:40, 24:40].min() > 0.9
    assert near[0, 0] == pytest.approx(0, abs=0.01)
