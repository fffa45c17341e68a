"""Canvases hold the old picture whole, and their windows cover what is unknown, each beginning in what is known."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.canvas import (
    MAX_CANVAS_PIXELS,
    Canvas,
    Rect,
    Size,
    check_aspect,
    is_same_shape,
    panned_aspect,
    plan_canvas,
    plan_windows,
    real_aspect,
    region_window,
    window_size,
)
from bot.domain.errors import NotAllowed
from bot.domain.job import PANS, JobKind

sides = st.integers(64, 2048)
sizes = st.builds(Size, sides, sides).filter(lambda size: 1 / 6 < size.ratio < 6)
zooms = st.floats(1.0, 2.0)
pans = st.sampled_from(sorted(PANS))


@st.composite
def canvases(draw: st.DrawFn) -> Canvas:
    picture, zoom = draw(sizes), draw(zooms)
    kind = draw(st.sampled_from([JobKind.ZOOM_OUT, JobKind.MAKE_SQUARE, *sorted(PANS)]))
    aspect = draw(st.sampled_from([(1, 1), (3, 2), (2, 3), (4, 1)]))
    return plan_canvas(picture, kind, zoom, aspect)


@given(canvases())
def test_the_old_picture_lies_on_the_canvas(canvas: Canvas) -> None:
    old = canvas.old
    assert old.left >= 0
    assert old.top >= 0
    assert old.right <= canvas.size.width
    assert old.bottom <= canvas.size.height
    assert canvas.size.area <= MAX_CANVAS_PIXELS


@given(sizes, zooms)
def test_zooming_keeps_shape_and_pixels_while_there_is_room(picture: Size, zoom: float) -> None:
    canvas = plan_canvas(picture, JobKind.ZOOM_OUT, zoom, (picture.width, picture.height))
    assert is_same_shape(canvas.size.ratio, picture.ratio)
    if picture.area * zoom**2 < MAX_CANVAS_PIXELS * 0.9:
        assert canvas.old.size == picture
        assert abs(canvas.size.width - picture.width * zoom) <= 1
    above, below = canvas.old.top, canvas.size.height - canvas.old.bottom
    assert abs(above - below) <= 1


def test_another_ratio_makes_room_on_its_own() -> None:
    assert plan_canvas(Size(256, 256), JobKind.ZOOM_OUT, 1.0, (2, 1)) == Canvas(Size(512, 256), Rect(128, 0, 256, 256))
    assert plan_canvas(Size(256, 256), JobKind.ZOOM_OUT, 2.0, (2, 1)).size == Size(1024, 512)


@given(sizes, pans)
def test_a_pan_adds_half_the_shorter_side_where_it_points(picture: Size, kind: JobKind) -> None:
    assume(picture.area < MAX_CANVAS_PIXELS / 2)
    canvas = plan_canvas(picture, kind, 1.0, (1, 1))
    more = min(picture.width, picture.height) / 2
    added = {
        JobKind.PAN_LEFT: canvas.old.left,
        JobKind.PAN_UP: canvas.old.top,
        JobKind.PAN_RIGHT: canvas.size.width - canvas.old.right,
        JobKind.PAN_DOWN: canvas.size.height - canvas.old.bottom,
    }
    assert abs(added.pop(kind) - more) <= 0.5
    assert set(added.values()) == {0}
    assert canvas.old.size == picture


@given(st.lists(pans, min_size=1, max_size=12))
def test_the_named_ratio_follows_a_chain_of_pans(chain: list[JobKind]) -> None:
    """To within rounding; beyond the limit of shapes nobody gets."""
    size, aspect = Size(256, 256), (1, 1)
    for kind in chain:
        aspect = panned_aspect(aspect, kind)
        try:
            check_aspect(aspect, "")
        except NotAllowed:
            return
        size = plan_canvas(size, kind, 1.0, aspect).size
        assert abs(size.ratio / (aspect[0] / aspect[1]) - 1) < 0.05


def test_pans_from_a_square() -> None:
    assert panned_aspect((1, 1), JobKind.PAN_LEFT) == (3, 2)
    assert panned_aspect((3, 2), JobKind.PAN_RIGHT) == (2, 1)
    assert panned_aspect((2, 1), JobKind.PAN_UP) == (4, 3)
    assert panned_aspect((16, 9), JobKind.PAN_DOWN) == (32, 27)


@pytest.mark.parametrize(
    ("aspect", "version", "word"), [((15, 1), "", "wider"), ((1, 15), "", "taller"), ((5, 2), "4", "wider")]
)
def test_beyond_the_versions_ratio_nothing_goes(aspect: tuple[int, int], version: str, word: str) -> None:
    with pytest.raises(NotAllowed, match=word) as refusal:
        check_aspect(aspect, version)
    assert refusal.value.title == "Job action restricted"
    check_aspect((14, 1), "")
    check_aspect((2, 1), "4")


@given(canvases(), st.sampled_from([1.0, 1.5, 2.0]))
def test_windows_cover_the_canvas_and_begin_in_the_known(canvas: Canvas, widest: float) -> None:
    size = canvas.size
    assume(size != canvas.old.size)
    known = [canvas.old]
    windows = plan_windows(canvas, widest)
    for window in windows:
        assert window.left >= 0
        assert window.top >= 0
        assert window.right <= size.width
        assert window.bottom <= size.height
        long, short = max(window.width, window.height), min(window.width, window.height)
        assert long <= short * widest + 1
        assert any(overlap(window, one) > 0 for one in known)
        known.append(window)
    assert len(windows) <= 30
    assert all(
        any(one.left <= x < one.right and one.top <= y < one.bottom for one in known)
        for x in {0, size.width // 3, size.width // 2, size.width - 1, *(w.left for w in windows)}
        for y in {0, size.height // 3, size.height // 2, size.height - 1, *(w.top for w in windows)}
    )


def overlap(one: Rect, other: Rect) -> int:
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0, width) * max(0, height)


def test_a_pan_is_one_square_window_half_of_it_known() -> None:
    canvas = plan_canvas(Size(256, 256), JobKind.PAN_LEFT, 1.0, (3, 2))
    assert plan_windows(canvas, 1.0) == (Rect(0, 0, 256, 256),)
    assert overlap(canvas.old, Rect(0, 0, 256, 256)) == 256 * 128


def test_models_with_one_size_are_given_it() -> None:
    assert window_size(Size(384, 384), Size(256, 256), is_fixed=True) == Size(256, 256)
    assert window_size(Size(1000, 500), Size(1024, 1024), is_fixed=False) == Size(1448, 728)


@given(st.integers(0, 240), st.integers(0, 240), st.integers(4, 200), st.integers(4, 200), st.booleans())
def test_a_regions_window_holds_the_region(left: int, top: int, width: int, height: int, may_leave: bool) -> None:
    picture = Size(256, 256)
    region = Rect(left, top, min(width, 256 - left), min(height, 256 - top))
    window = region_window(picture, region, 4 / 3, widest=1.0, may_leave=may_leave)
    assert window.left <= region.left
    assert window.top <= region.top
    assert window.right >= region.right
    assert window.bottom >= region.bottom
    if may_leave:
        assert abs(window.left + window.width / 2 - region.left - region.width / 2) <= 1
        assert window.width == window.height
    else:
        assert window.left >= 0
        assert window.right <= 256


def test_a_job_whose_model_kept_no_ratio_goes_on_from_the_real_one() -> None:
    assert real_aspect(Size(1344, 896), (3, 2)) == (3, 2)
    assert real_aspect(Size(256, 256), (3, 2)) == (1, 1)
    assert real_aspect(Size(384, 256), (1, 1)) == (3, 2)
