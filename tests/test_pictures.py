"""Pictures keep their pixels where they must, and become small enough where they may."""

import io
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from bot.domain.errors import UnreadablePicture
from bot.pictures import (
    MAX_DECODED_PIXELS,
    compose_contact_sheet,
    compose_grid,
    compose_preview,
    decode_rgb,
    encode_png,
    fit_bytes,
    measure,
)
from engine.protocol import Pixels
from tests.odd_pictures import READABLE, REFUSED, Odd

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 128, 0), (0, 0, 255), (255, 255, 255)


def flat(color: tuple[int, int, int], width: int = 8, height: int = 6) -> Pixels:
    return Pixels(width, height, bytes(color) * (width * height))


def noise(width: int, height: int) -> Pixels:
    return Pixels(width, height, random.Random(5).randbytes(width * height * 3))


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


@given(st.integers(1, 20), st.integers(1, 20), st.randoms(use_true_random=False))
def test_png_keeps_every_pixel(width: int, height: int, chance: random.Random) -> None:
    pixels = Pixels(width, height, chance.randbytes(width * height * 3))
    assert decode_rgb(encode_png(pixels)) == pixels


def test_transparent_parts_become_white() -> None:
    layer = Image.new("RGBA", (2, 1), (255, 0, 0, 0))
    layer.putpixel((1, 0), (255, 0, 0, 255))
    assert decode_rgb(saved(layer, "PNG")).rgb == bytes(WHITE + RED)
    palette = layer.quantize(4)
    assert decode_rgb(saved(palette, "PNG", transparency=palette.getpixel((0, 0)))).rgb == bytes(WHITE + RED)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "YCbCr"])
def test_every_kind_of_pixel_becomes_rgb(mode: str) -> None:
    kind = "JPEG" if mode in ("CMYK", "YCbCr") else "PNG"
    pixels = decode_rgb(saved(Image.new(mode, (5, 4)), kind))
    assert (pixels.width, pixels.height) == (5, 4)


def test_sixteen_bit_grey_keeps_its_brightness() -> None:
    assert decode_rgb(saved(Image.new("I;16", (1, 1), 0x8000), "PNG")).rgb == b"\x80\x80\x80"


def test_a_turned_photo_is_set_upright() -> None:
    photo = Image.new("RGB", (40, 20), BLUE)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by a quarter
    pixels = decode_rgb(saved(photo, "JPEG", exif=exif))
    assert (pixels.width, pixels.height) == (20, 40)


def test_too_many_pixels_are_refused_before_they_are_unpacked() -> None:
    side = int(MAX_DECODED_PIXELS**0.5) + 1
    bomb = saved(Image.new("1", (side, side)), "PNG")
    assert len(bomb) < 100_000
    with pytest.raises(UnreadablePicture, match="too many"):
        decode_rgb(bomb)
    with pytest.raises(UnreadablePicture, match="too many"):
        measure(saved(Image.new("1", (16_000, 16_000)), "PNG"))


@pytest.mark.parametrize("odd", READABLE.values(), ids=READABLE)
def test_pictures_as_people_have_them(odd: Odd) -> None:
    pixels = decode_rgb(odd.data)
    assert (pixels.width, pixels.height) == odd.shown
    assert all(abs(one - other) < 8 for one, other in zip(pixels.rgb[:3], odd.corner, strict=True))


@pytest.mark.parametrize(("data", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_broken_or_made_to_hurt_is_refused(data: bytes, says: str) -> None:
    with pytest.raises(UnreadablePicture) as caught:
        decode_rgb(data)
    assert says in caught.value.sentence


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"<svg/>", b"\x89PNG\r\n\x1a\n" + bytes(40), b"BM" + bytes(60)])
def test_what_is_no_picture_is_refused_with_a_sentence(data: bytes) -> None:
    with pytest.raises(UnreadablePicture) as caught:
        decode_rgb(data)
    assert "PNG, JPEG, WebP or GIF" in caught.value.sentence


SAMPLES = [saved(Image.effect_noise((24, 16), 90).convert("RGB"), kind) for kind in ("PNG", "JPEG", "WEBP", "GIF")]


@given(st.sampled_from(SAMPLES), st.data())
def test_damaged_bytes_are_read_or_refused(sample: bytes, data: st.DataObject) -> None:
    damaged = bytearray(sample[: data.draw(st.integers(0, len(sample)))])
    for place in data.draw(st.lists(st.integers(0, max(0, len(damaged) - 1)), max_size=5)):
        if damaged:
            damaged[place] = data.draw(st.integers(0, 255))
    try:
        decode_rgb(bytes(damaged))
    except UnreadablePicture:
        return


def test_a_grid_reads_like_a_page() -> None:
    colors = [RED, GREEN, BLUE, WHITE]
    grid = opened(compose_grid([encode_png(flat(color)) for color in colors]))
    assert (grid.format, grid.size) == ("PNG", (16, 12))
    corners = [(0, 0), (15, 0), (0, 11), (15, 11)]
    assert [grid.getpixel(corner) for corner in corners] == colors
    assert {grid.getpixel((x, y)) for x in range(16) for y in range(12)} == set(colors)


def test_a_single_picture_stays_the_same_bytes() -> None:
    master = encode_png(flat(RED))
    assert compose_grid([master]) is master


def test_a_grid_of_unlike_sizes_is_refused() -> None:
    with pytest.raises(ValueError, match="one size"):
        compose_grid([encode_png(flat(RED)), encode_png(flat(RED, 9, 6))])


@pytest.mark.parametrize(
    ("count", "size", "expected"),
    [(4, 256, (256, 192)), (4, 9_999, (512, 384)), (1, 128, (128, 96)), (2, 128, (128, 48)), (3, 64, (64, 48))],
)
def test_previews_are_small(count: int, size: int, expected: tuple[int, int]) -> None:
    preview = compose_preview([noise(64, 48)] * count, size)
    assert opened(preview).size == expected
    assert opened(preview).format == "WEBP"
    assert len(preview) < 150_000


def test_a_contact_sheet_numbers_its_tiles() -> None:
    sheet = opened(compose_contact_sheet([encode_png(flat(RED, 300, 100)) for _ in range(5)]))
    assert (sheet.format, sheet.size) == ("WEBP", (784, 520))
    red, green, blue = sheet.convert("RGB").getpixel((250, 250))  # type: ignore[misc]
    assert red > 200 > 60 > max(green, blue)
    tiles = [
        sheet.crop((x, y, x + 52, y + 52)).tobytes() for x, y in ((0, 0), (264, 0), (528, 0), (0, 264), (264, 264))
    ]
    assert len(set(tiles)) == 5
    assert opened(compose_contact_sheet([])).width > 0


@pytest.mark.parametrize("make", [lambda: noise(300, 200), lambda: noise(1, 1), lambda: flat(RED, 1_000, 1)])
def test_a_picture_is_made_to_fit(make: Callable[[], Pixels]) -> None:
    png = encode_png(make())
    assert fit_bytes(png, len(png)) == (png, "png")
    for limit in (len(png) - 1, 20_000, 3_000, 200):
        data, extension = fit_bytes(png, limit)
        assert len(data) <= limit
        assert opened(data).format == extension.upper()


def test_a_picture_that_fits_as_webp_keeps_its_size() -> None:
    png = encode_png(noise(300, 200))
    data, extension = fit_bytes(png, len(png) * 2 // 3)
    assert (extension, opened(data).size) == ("webp", (300, 200))


def test_fitting_ends_even_when_nothing_fits() -> None:
    data, _ = fit_bytes(encode_png(noise(64, 64)), 1)
    assert opened(data).size == (1, 1)


def test_a_picture_wider_than_webp_allows_still_fits() -> None:
    png = encode_png(noise(17_000, 4))
    data, _ = fit_bytes(png, len(png) - 1)
    assert opened(data).width <= 16_383
