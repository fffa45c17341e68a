"""Films keep every frame, go round without a jump, and become small enough where they must."""

import io

import pytest
from PIL import Image, ImageSequence

from bot.pictures import decode_rgb, extension_of, fit_bytes, measure
from bot.pictures.films import add_between, is_film, shrink_film, there_and_back, write_film
from engine.protocol import Pixels
from tests.fakes import coloured, noise


def frames_of(film: bytes) -> list[Pixels]:
    with Image.open(io.BytesIO(film)) as image:
        return [Pixels(image.width, image.height, f.convert("RGB").tobytes()) for f in ImageSequence.Iterator(image)]


def test_every_frame_is_kept() -> None:
    frames = [noise(40, 24, seed) for seed in range(5)]
    film = write_film(frames, 80)
    assert frames_of(film) == frames
    assert (is_film(film), extension_of(film), measure(film)) == (True, "webp", (40, 24))
    assert decode_rgb(film) == frames[0]


def test_mixtures_lead_from_one_frame_to_the_next() -> None:
    dark, bright = Pixels(1, 1, bytes((0, 30, 90))), Pixels(1, 1, bytes((90, 30, 0)))
    assert [frame.rgb[0] for frame in add_between([dark, bright, dark], 2)] == [0, 30, 60, 90, 60, 30, 0]
    assert add_between([dark], 2) == [dark]


def test_a_loop_ends_where_it_began() -> None:
    frames = [coloured(2, 2, seed) for seed in range(4)]
    assert there_and_back(frames) == [*frames, frames[2], frames[1]]


@pytest.mark.parametrize("limit", [60_000, 9_000, 2_000])
def test_a_film_is_made_to_fit(limit: int) -> None:
    film = write_film([noise(120, 90, seed) for seed in range(6)], 80)
    small = shrink_film(film, limit)
    assert len(small) <= limit < len(film)
    width, height = measure(small)
    assert abs(width / height - 4 / 3) < 0.05
    assert fit_bytes(film, limit) == (small, "webp")
    assert fit_bytes(film, len(film)) == (film, "webp")
