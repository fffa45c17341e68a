"""Several pictures as one: a job's grid, a preview of it, a page of a gallery."""

import math
from collections.abc import Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps

from bot.domain.errors import UnreadablePicture
from bot.pictures.files import flatten, open_image, save, save_png, scaled, to_image
from engine.protocol import Pixels

PREVIEW_QUALITY = 70
SHEET_TILE, SHEET_GAP, SHEET_COLUMNS = 256, 8, 3
EMPTY = (43, 45, 49)


def compose_grid(masters: Sequence[bytes]) -> bytes:
    """PNG of the pictures side by side, two to a row, without a border. A single picture stays the very same bytes."""
    if len(masters) == 1:
        return masters[0]
    return save_png(_tile([flatten(open_image(master)) for master in masters]))


def compose_preview(pixels: Sequence[Pixels], size: int) -> bytes:
    """Small WebP of the same grid, its longer side `size` pixels (at most 512)."""
    grid = _tile([to_image(picture) for picture in pixels])
    scale = min(size, 512) / max(grid.size)
    resized = grid.resize(scaled(grid, scale), Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    return save(resized, "WEBP", quality=PREVIEW_QUALITY, method=0)


def compose_contact_sheet(masters: Sequence[bytes]) -> bytes:
    """WebP of square thumbnails, three to a row, each with its number, counted from 1, in its corner. What cannot be
    read leaves an empty one."""
    step = SHEET_TILE + SHEET_GAP
    columns = min(SHEET_COLUMNS, max(1, len(masters)))
    rows = max(1, math.ceil(len(masters) / columns))
    sheet = Image.new("RGB", (columns * step - SHEET_GAP, rows * step - SHEET_GAP), EMPTY)
    for place, master in enumerate(masters):
        thumbnail = _thumbnail(master)
        _number(thumbnail, place + 1)
        sheet.paste(thumbnail, (place % columns * step, place // columns * step))
    return save(sheet, "WEBP", quality=85, method=4)


def _thumbnail(master: bytes) -> Image.Image:
    try:
        return ImageOps.fit(flatten(open_image(master)), (SHEET_TILE, SHEET_TILE))
    except UnreadablePicture:
        return Image.new("RGB", (SHEET_TILE, SHEET_TILE), EMPTY)


def _tile(images: Sequence[Image.Image]) -> Image.Image:
    columns = min(2, len(images))
    width, height = images[0].size
    if any(image.size != (width, height) for image in images):
        raise ValueError("the pictures of one grid must have one size")
    grid = Image.new("RGB", (columns * width, math.ceil(len(images) / columns) * height))
    for place, image in enumerate(images):
        grid.paste(image, (place % columns * width, place // columns * height))
    return grid


def _number(thumbnail: Image.Image, number: int) -> None:
    draw = ImageDraw.Draw(thumbnail)
    draw.rounded_rectangle((8, 8, 44, 44), radius=8, fill=(32, 34, 37))
    draw.text((26, 26), str(number), fill="white", anchor="mm", font=ImageFont.load_default(22))
