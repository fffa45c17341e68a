"""Masks as pages and programs send them: any kind of picture, any size of the same shape, with or without alpha."""

import io

import numpy as np
import pytest
from PIL import Image

from bot.domain.canvas import Rect, Size
from bot.domain.errors import UnusableMask
from bot.pictures.masks import bounds_of, load_mask, read_mask, write_mask


def saved(image: Image.Image, kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def painted(mode: str, background: object, white: object, size: tuple[int, int] = (100, 50)) -> Image.Image:
    image = Image.new(mode, size, background)  # type: ignore[arg-type]
    image.paste(white, (10, 10, 30, 40))  # type: ignore[arg-type]
    return image


@pytest.mark.parametrize(
    "data",
    [
        saved(painted("L", 0, 255)),
        saved(painted("1", 0, 1)),
        saved(painted("RGB", "black", "white"), "JPEG"),
        saved(painted("RGBA", (0, 0, 0, 0), (255, 255, 255, 255))),
        saved(painted("RGBA", (255, 255, 255, 0), (255, 255, 255, 255))),
        saved(painted("RGB", "black", "white").quantize(2)),
        saved(painted("RGB", "black", "white"), "WEBP"),
        saved(painted("RGB", "black", "white").resize((200, 100), Image.Resampling.NEAREST)),
    ],
)
def test_white_is_redrawn(data: bytes) -> None:
    region = read_mask(data, Size(100, 50))
    assert bounds_of(region) == Rect(10, 10, 20, 30)
    assert region.sum() == pytest.approx(600, abs=8)
    assert (load_mask(write_mask(region)) == region).all()


def test_grey_counts_from_the_middle_up() -> None:
    levels = np.zeros((50, 100), np.uint8)
    levels[10:20, 10:20], levels[10:20, 40:50] = 127, 128
    assert bounds_of(read_mask(saved(Image.fromarray(levels)), Size(100, 50))) == Rect(40, 10, 10, 10)


def test_sixteen_bits_of_grey_are_no_white() -> None:
    levels = np.zeros((50, 100), np.uint16)
    levels[10:20, 10:20], levels[10:20, 40:50] = 0x4000, 0xC000
    assert bounds_of(read_mask(saved(Image.fromarray(levels)), Size(100, 50))) == Rect(40, 10, 10, 10)


def test_another_shape_would_land_beside_the_picture() -> None:
    with pytest.raises(UnusableMask, match="without cropping"):
        read_mask(saved(painted("L", 0, 255)), Size(100, 100))
