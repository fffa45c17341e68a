"""Where an old picture lies on a larger canvas, and which windows of it a model draws. Pixels only by their numbers.

Zooming out, panning and squaring are all the same: a canvas, the old picture somewhere on it, the rest unknown.
"""

import math
from dataclasses import dataclass
from fractions import Fraction

from bot.domain.errors import NotAllowed
from bot.domain.job import JobKind
from bot.domain.prompt.versions import max_ratio
from bot.domain.size import fit_size

MAX_CANVAS_PIXELS = 2048 * 2048
"""Four of them make one grid, which has to be written and sent. The old picture is made smaller where it must be."""

PAN_SHARE = Fraction(1, 2)
"""A pan adds this share of the picture's shorter side."""

SAME_SHAPE = 0.02
"""Ratios that differ by less are one: sides are whole pixels, and models round them."""

Ratio = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Size:
    width: int
    height: int

    @property
    def ratio(self) -> float:
        return self.width / self.height

    @property
    def area(self) -> int:
        return self.width * self.height


@dataclass(frozen=True, slots=True)
class Rect:
    """Pixels. `right` and `bottom` are the first ones beyond it."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)


@dataclass(frozen=True, slots=True)
class Canvas:
    """`old` is where the old picture lies, in its own size unless the canvas would be too large."""

    size: Size
    old: Rect


def real_aspect(picture: Size, named: Ratio) -> Ratio:
    """The ratio that the job names, if the picture has it; else the picture's own, in its lowest terms."""
    if is_same_shape(picture.ratio, named[0] / named[1]):
        return named
    return _lowest(Fraction(picture.width, picture.height))


def is_same_shape(one: float, other: float) -> bool:
    return abs(math.log(one / other)) < SAME_SHAPE


def panned_aspect(aspect: Ratio, kind: JobKind) -> Ratio:
    width, height = Fraction(aspect[0]), Fraction(aspect[1])
    more = min(width, height) * PAN_SHARE
    if kind in (JobKind.PAN_LEFT, JobKind.PAN_RIGHT):
        return _lowest((width + more) / height)
    return _lowest(width / (height + more))


def check_aspect(aspect: Ratio, version: str) -> None:
    """Raises `NotAllowed` beyond what the version's pictures may be in shape."""
    ratio, limit = aspect[0] / aspect[1], max_ratio(version, hd=False)
    if ratio > limit * (1 + SAME_SHAPE):
        raise NotAllowed(
            "The picture would become wider than {limit:g}:1, which is the limit. Pan up or down first, or zoom out.",
            limit=limit,
        )
    if 1 / ratio > limit * (1 + SAME_SHAPE):
        raise NotAllowed(
            "The picture would become taller than 1:{limit:g}, which is the limit. Pan sideways first, or zoom out.",
            limit=limit,
        )


def plan_canvas(picture: Size, kind: JobKind, zoom: float, aspect: Ratio) -> Canvas:
    """`aspect` is the new picture's ratio; only zooming out goes by it. Raises `ValueError` for other kinds of jobs."""
    match kind:
        case JobKind.ZOOM_OUT:
            return _zoomed(picture, zoom, aspect)
        case JobKind.MAKE_SQUARE:
            side = max(picture.width, picture.height)
            return _centred(picture, side, side)
        case JobKind.PAN_LEFT | JobKind.PAN_RIGHT | JobKind.PAN_UP | JobKind.PAN_DOWN:
            return _panned(picture, kind)
        case _:
            raise ValueError(f"{kind} makes no larger canvas")


def _zoomed(picture: Size, zoom: float, aspect: Ratio) -> Canvas:
    """The smallest canvas of the ratio that holds the picture and `zoom` times its sides."""
    width, height, ratio = picture.width * zoom, picture.height * zoom, aspect[0] / aspect[1]
    if not is_same_shape(width / height, ratio):
        width, height = max(width, height * ratio), max(height, width / ratio)
    return _centred(picture, round(width), round(height))


def _centred(picture: Size, width: int, height: int) -> Canvas:
    return _limited(picture, Size(width, height), 0.5, 0.5)


def _panned(picture: Size, kind: JobKind) -> Canvas:
    more = round(min(picture.width, picture.height) * PAN_SHARE)
    is_level = kind in (JobKind.PAN_LEFT, JobKind.PAN_RIGHT)
    size = Size(picture.width + more * is_level, picture.height + more * (not is_level))
    across, down = float(kind is JobKind.PAN_LEFT), float(kind is JobKind.PAN_UP)
    return _limited(picture, size, across, down)


def _limited(picture: Size, size: Size, across: float, down: float) -> Canvas:
    """`across` and `down` say which share of the new room is on the old picture's left and above it."""
    scale = min(1.0, math.sqrt(MAX_CANVAS_PIXELS / size.area))
    width, height = (max(1, int(side * scale)) for side in (size.width, size.height))
    old_width, old_height = (max(1, round(side * scale)) for side in (picture.width, picture.height))
    old_width, old_height = min(old_width, width), min(old_height, height)
    left, top = round((width - old_width) * across), round((height - old_height) * down)
    return Canvas(Size(width, height), Rect(left, top, old_width, old_height))


def plan_windows(canvas: Canvas, widest: float) -> tuple[Rect, ...]:
    """What the model draws, one after the other, until the whole canvas is known. Each is at most `widest` to one in
    shape and begins with known pixels in it: the old picture's, or those of the windows before.
    """
    size, old = canvas.size, canvas.old
    is_level = size.width >= size.height
    along, across = (size.width, size.height) if is_level else (size.height, size.width)
    first, last = (old.left, old.right) if is_level else (old.top, old.bottom)
    spans_across = (old.height if is_level else old.width) == across
    if spans_across:
        starts, length = _towards_the_ends(along, first, last, min(along, across)), min(along, across)
    else:
        length = min(along, max(across, int(across * widest)))
        starts = _side_by_side(along, length, (first + last) / 2)
    if is_level:
        return tuple(Rect(start, 0, length, across) for start in starts)
    return tuple(Rect(0, start, across, length) for start in starts)


def _towards_the_ends(along: int, first: int, last: int, length: int) -> list[int]:
    """Windows that begin half in what is known and go on to each end that is not."""
    starts: list[int] = []
    known = first
    while known > 0:
        starts.append(max(0, min(known - length // 2, along - length)))
        known = starts[-1]
    known = last
    while known < along:
        starts.append(min(along - length, max(0, known - length + length // 2)))
        known = starts[-1] + length
    return starts


def _side_by_side(along: int, length: int, middle: float) -> list[int]:
    """Windows that overlap by half or more, from the one around the old picture outwards."""
    count = 1 + math.ceil((along - length) / max(1, length // 2))
    starts = [round((along - length) * number / max(1, count - 1)) for number in range(count)]
    nearest = min(range(count), key=lambda number: abs(starts[number] + length / 2 - middle))
    return starts[nearest:] + starts[:nearest][::-1]


def window_size(window: Size, native: Size, *, is_fixed: bool) -> Size:
    """The pixels that a model draws a window in: about its native area, or its only size."""
    if is_fixed:
        return native
    return Size(*fit_size((window.width, window.height), native.width, native.height))


def plan_tiles(whole: Size, tile: Size) -> tuple[Rect, ...]:
    """Tiles of one size that cover the whole, row by row, each over a quarter of its neighbours or more."""
    tile = Size(min(tile.width, whole.width), min(tile.height, whole.height))
    tops, lefts = _starts(whole.height, tile.height), _starts(whole.width, tile.width)
    return tuple(Rect(left, top, tile.width, tile.height) for top in tops for left in lefts)


def _starts(whole: int, tile: int) -> list[int]:
    count = 1 + math.ceil((whole - tile) / max(1, tile * 3 // 4))
    return [round((whole - tile) * number / max(1, count - 1)) for number in range(count)]


def region_window(picture: Size, region: Rect, room: float, *, widest: float, may_leave: bool) -> Rect:
    """What the model sees of a picture to redraw a region of it: about `room` times the region, sides `widest` to one.

    With `may_leave` the region stays in the middle, even if the window then reaches beyond the picture.
    """
    width, height = region.width * room, region.height * room
    width, height = max(width, height / widest), max(height, width / widest)
    if not may_leave:
        width, height = min(width, picture.width), min(height, picture.height)
    wide, high = math.ceil(width), math.ceil(height)
    left, top = round(region.left + (region.width - wide) / 2), round(region.top + (region.height - high) / 2)
    if may_leave:
        return Rect(left, top, wide, high)
    return Rect(max(0, min(left, picture.width - wide)), max(0, min(top, picture.height - high)), wide, high)


def _lowest(ratio: Fraction) -> Ratio:
    return ratio.numerator, ratio.denominator
