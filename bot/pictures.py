"""Pictures as bytes: encode, decode, compose, make small enough. Pure and blocking; callers use `asyncio.to_thread`."""

import io
import math
from collections.abc import Iterator, Sequence

from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

from bot.domain.errors import UnreadablePicture
from engine.protocol import Pixels

MAX_DECODED_PIXELS = 64_000_000
"""Known from a file's head before any of it is unpacked: 192 MB as RGB."""

PREVIEW_QUALITY = 70
SHEET_TILE, SHEET_GAP, SHEET_COLUMNS = 256, 8, 3
MAX_WEBP_SIDE = 16_383
FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_BROKEN = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    OSError,
    SyntaxError,
    ValueError,
)
"""What Pillow raises for bytes that are damaged or made to hurt."""


def encode_png(pixels: Pixels) -> bytes:
    return _save(_to_image(pixels), "PNG", compress_level=2)  # level 4 takes twice as long for an eighth less


def decode_rgb(data: bytes) -> Pixels:
    """Upright, the first frame, transparent parts over white. Raises `UnreadablePicture`."""
    image = _flatten(_open(data))
    return Pixels(image.width, image.height, image.tobytes())


def compose_grid(masters: Sequence[bytes]) -> bytes:
    """PNG of the pictures side by side, two to a row, without a border. A single picture stays the very same bytes."""
    if len(masters) == 1:
        return masters[0]
    return _save(_tile([_flatten(_open(master)) for master in masters]), "PNG", compress_level=1)  # a member waits


def compose_preview(pixels: Sequence[Pixels], size: int) -> bytes:
    """Small WebP of the same grid, its longer side `size` pixels (at most 512)."""
    grid = _tile([_to_image(picture) for picture in pixels])
    scale = min(size, 512) / max(grid.size)
    resized = grid.resize(_scaled(grid, scale), Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    return _save(resized, "WEBP", quality=PREVIEW_QUALITY, method=0)


def compose_contact_sheet(masters: Sequence[bytes]) -> bytes:
    """WebP of square thumbnails, three to a row, each with its number, counted from 1, in its corner."""
    step = SHEET_TILE + SHEET_GAP
    columns = min(SHEET_COLUMNS, max(1, len(masters)))
    rows = max(1, math.ceil(len(masters) / columns))
    sheet = Image.new("RGB", (columns * step - SHEET_GAP, rows * step - SHEET_GAP), (43, 45, 49))
    for place, master in enumerate(masters):
        thumbnail = ImageOps.fit(_flatten(_open(master)), (SHEET_TILE, SHEET_TILE))
        _number(thumbnail, place + 1)
        sheet.paste(thumbnail, (place % columns * step, place // columns * step))
    return _save(sheet, "WEBP", quality=85, method=4)


def fit_bytes(png: bytes, limit: int) -> tuple[bytes, str]:
    """The picture in at most `limit` bytes, and its file extension.

    As it is when it fits; else as WebP of falling quality, then of falling size. Below some 100 bytes nothing fits,
    and the smallest is returned.
    """
    if len(png) <= limit:
        return png, "png"
    smallest = b""
    for smallest in _ever_smaller(_flatten(_open(png))):
        if len(smallest) <= limit:
            break
    return smallest, "webp"


def _ever_smaller(image: Image.Image) -> Iterator[bytes]:
    if max(image.size) > MAX_WEBP_SIDE:
        image = image.resize(_scaled(image, MAX_WEBP_SIDE / max(image.size)), Image.Resampling.LANCZOS)
    for quality in (95, 85, 70, 50):
        yield _save(image, "WEBP", quality=quality, method=4)
    while max(image.size) > 1:
        image = image.resize(_scaled(image, 0.7), Image.Resampling.LANCZOS)
        yield _save(image, "WEBP", quality=70, method=4)


def _open(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.width * image.height > MAX_DECODED_PIXELS:
            raise UnreadablePicture(f"That image has {image.width}x{image.height} pixels, which is too many.")
        image.load()
        return ImageOps.exif_transpose(image)
    except _BROKEN as error:
        raise UnreadablePicture("That file is not a PNG, JPEG, WebP or GIF image that can be read.") from error


def _flatten(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip at 255
        image = image.point(lambda grey: grey / 256, "L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def _to_image(pixels: Pixels) -> Image.Image:
    return Image.frombytes("RGB", (pixels.width, pixels.height), pixels.rgb)


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


def _scaled(image: Image.Image, scale: float) -> tuple[int, int]:
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def _save(image: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
