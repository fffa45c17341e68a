"""Masks: which part of a picture is drawn anew. White is redrawn; what is transparent counts as black."""

import io

import numpy as np
from PIL import Image

from bot.domain.canvas import Rect, Size, is_same_shape
from bot.domain.errors import UnusableMask
from bot.pictures.arrays import Flags
from bot.pictures.files import in_bytes, open_image, save

LEAST_SIDE = 8
"""Pixels. What is smaller was not painted on purpose."""


def read_mask(data: bytes, picture: Size) -> Flags:
    """In the picture's size. Raises `UnreadablePicture`, or `UnusableMask` when nothing could come of it."""
    image = open_image(data)
    if not is_same_shape(image.width / image.height, picture.ratio):
        raise UnusableMask(
            "The mask is {mask}, but the picture {picture}. Paint it on the picture itself, without cropping.",
            mask=f"{image.width}x{image.height}",
            picture=f"{picture.width}x{picture.height}",
        )
    layer = in_bytes(image).convert("RGBA")
    levels = Image.alpha_composite(Image.new("RGBA", layer.size, "black"), layer).convert("L")
    region: Flags = np.asarray(levels.resize((picture.width, picture.height), Image.Resampling.BILINEAR)) >= 128
    _check(region)
    return region


def _check(region: Flags) -> None:
    if region.all():
        raise UnusableMask("Everything is marked, so nothing of the picture would stay. Use Vary, or a new prompt.")
    if not region.any():
        raise UnusableMask("Nothing is marked. Paint white what is to be drawn anew, and leave the rest black.")
    bounds = bounds_of(region)
    if max(bounds.width, bounds.height) < LEAST_SIDE:
        raise UnusableMask("The marked part is too small to draw in. Paint a larger one.")


def write_mask(region: Flags) -> bytes:
    """PNG of black and white."""
    return save(Image.fromarray(region), "PNG")


def load_mask(data: bytes) -> Flags:
    """Back from `write_mask`."""
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        return np.asarray(image.convert("L")) > 0


def bounds_of(region: Flags) -> Rect:
    """The smallest rectangle that holds all of it. Something must be marked."""
    rows, columns = np.flatnonzero(region.any(axis=1)), np.flatnonzero(region.any(axis=0))
    top, left = int(rows[0]), int(columns[0])
    return Rect(left, top, int(columns[-1]) - left + 1, int(rows[-1]) - top + 1)
