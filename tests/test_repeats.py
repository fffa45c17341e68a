"""Pictures that repeat: their edges meet after anything was done to them, and a preview shows how."""

import io

import numpy as np
import pytest
from PIL import Image

from bot.pictures import encode_png
from bot.pictures.arrays import to_array, to_pixels
from bot.pictures.repeats import close_round, compose_repeated, go_round
from engine.protocol import Pixels
from tests.fakes import coloured, noise


@pytest.mark.parametrize(("width", "height", "margin"), [(40, 24, 6), (24, 40, 1), (9, 9, 0)])
def test_around_and_back_is_the_very_picture(width: int, height: int, margin: int) -> None:
    picture = noise(width, height, 3)
    around = go_round(picture, margin)
    assert (around.width, around.height) == (width + margin, height + margin)
    assert close_round(around, margin) == picture


def test_what_was_darkened_towards_its_edges_meets_again() -> None:
    """As whatever looks at a picture by itself does: here every row and column is as bright as it is far along."""
    rows, columns = np.mgrid[:80, :80]
    drifting = to_pixels(np.repeat((rows + columns)[..., None], 3, axis=2).astype(np.uint8))
    closed = to_array(close_round(drifting, 16)).astype(int)
    assert closed.shape == (64, 64, 3)
    assert np.abs(closed[-1] - closed[0]).max() <= 6  # 63 before
    assert np.abs(closed[:, -1] - closed[:, 0]).max() <= 6
    assert np.abs(np.diff(closed, axis=0)).max() <= 6
    assert (closed[16:, 16:] == to_array(drifting)[16:64, 16:64]).all()


@pytest.mark.parametrize(("picture", "size"), [(coloured(30, 20, 1), (60, 40)), (coloured(1500, 750, 1), (2048, 1024))])
def test_two_by_two(picture: Pixels, size: tuple[int, int]) -> None:
    with Image.open(io.BytesIO(compose_repeated(encode_png(picture)))) as shown:
        assert (shown.format, shown.size) == ("WEBP", size)


def test_each_quarter_is_the_picture() -> None:
    halves = np.zeros((32, 32, 3), np.uint8)
    halves[:, 16:] = 200
    with Image.open(io.BytesIO(compose_repeated(encode_png(to_pixels(halves))))) as shown:
        levels = np.asarray(shown.convert("L")).astype(int)
    assert [round(levels[5, column], -2) for column in (8, 24, 40, 56)] == [0, 200, 0, 200]
    assert np.abs(levels[:32] - levels[32:]).max() < 12
