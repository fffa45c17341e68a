"""Overlapping tiles become one picture in which nobody finds their edges."""

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.canvas import Size, plan_tiles
from bot.pictures.arrays import to_array, to_pixels
from bot.pictures.tiles import cut_tiles, lay_tiles, show_tiles
from engine.protocol import Pixels
from tests.fakes import noise

sizes = st.builds(Size, st.integers(16, 300), st.integers(16, 300))


@given(sizes, st.integers(16, 100))
def test_tiles_cover_the_whole_and_overlap(whole: Size, side: int) -> None:
    tiles = plan_tiles(whole, Size(side, side))
    covered = np.zeros((whole.height, whole.width), int)
    for tile in tiles:
        assert tile.left >= 0
        assert tile.top >= 0
        covered[tile.top : tile.bottom, tile.left : tile.right] += 1
    assert covered.min() == 1
    lefts = sorted({tile.left for tile in tiles})
    assert all(tile.size == tiles[0].size for tile in tiles)
    assert all(right - left <= tiles[0].width * 3 / 4 + 1 for left, right in itertools.pairwise(lefts))


@given(sizes, st.integers(0, 3))
def test_tiles_that_were_not_changed_are_the_picture(whole: Size, seed: int) -> None:
    picture = noise(whole.width, whole.height, seed)
    tiles = plan_tiles(whole, Size(64, 64))
    assert lay_tiles(picture, tiles, cut_tiles(picture, tiles)) == picture


def test_tiles_of_different_colours_fade_into_each_other() -> None:
    """Shades are 12 apart side by side and 36 one above the other; tiles only pasted would step by so much."""
    whole = Size(160, 160)
    tiles = plan_tiles(whole, Size(64, 64))
    shades = [grey(64, 60 + 12 * number) for number in range(len(tiles))]
    laid = to_array(lay_tiles(grey(160, 0), tiles, shades)).astype(int)
    assert np.abs(np.diff(laid, axis=0)).max() <= 7
    assert np.abs(np.diff(laid, axis=1)).max() <= 7


def grey(side: int, level: int) -> Pixels:
    return to_pixels(np.full((side, side, 3), level, np.uint8))


def test_previews_show_tiles_where_they_belong() -> None:
    tiles = plan_tiles(Size(1024, 512), Size(512, 512))
    shown = to_array(show_tiles(grey_wide(), tiles[-1:], [grey(16, 255)]))
    assert shown.shape == (256, 512, 3)
    assert (shown[:, 256:] == 255).all()
    assert (shown[:, :256] == 9).all()


def grey_wide() -> Pixels:
    return to_pixels(np.full((512, 1024, 3), 9, np.uint8))
