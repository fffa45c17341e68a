"""Pictures as files: encode, decode, measure. Knows nothing of how pictures are put together."""

import io
import zlib

from PIL import Image, ImageOps, UnidentifiedImageError

from bot.domain.errors import UnreadablePicture
from engine.protocol import Pixels

MAX_DECODED_PIXELS = 64_000_000
"""Known from a file's head before any of it is unpacked: 192 MB as RGB."""

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
_BROKEN = (UnidentifiedImageError, OSError, SyntaxError, ValueError)
"""What Pillow raises for bytes that are damaged."""
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)
"""What it raises for sizes far beyond ours, before we can look."""


def encode_png(pixels: Pixels) -> bytes:
    return save_png(to_image(pixels))


def decode_rgb(data: bytes) -> Pixels:
    """Upright, the first frame, transparent parts over white. Raises `UnreadablePicture`."""
    image = flatten(open_image(data))
    return Pixels(image.width, image.height, image.tobytes())


def shrink_rgb(pixels: Pixels, max_side: int) -> Pixels:
    """As it is when no side is longer than `max_side`; else the same shape within it."""
    if max(pixels.width, pixels.height) <= max_side:
        return pixels
    image = to_image(pixels)
    smaller = image.resize(scaled(image, max_side / max(image.size)), Image.Resampling.LANCZOS)
    return Pixels(smaller.width, smaller.height, smaller.tobytes())


def measure(data: bytes) -> tuple[int, int]:
    """Width and height, from the file's head alone. Raises `UnreadablePicture`."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return image.size
    except _BOMB as error:
        raise _too_large() from error
    except _BROKEN as error:
        raise _unreadable() from error


def extension_of(data: bytes) -> str:
    """Of the files that we write ourselves."""
    return "webp" if data[:4] == b"RIFF" else "png"


def open_image(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.width * image.height > MAX_DECODED_PIXELS:
            raise _too_large()
        image.load()
        return ImageOps.exif_transpose(image)
    except _BOMB as error:
        raise _too_large() from error
    except _BROKEN as error:
        raise _unreadable() from error


def _too_large() -> UnreadablePicture:
    return UnreadablePicture("That image has too many pixels. Please make it smaller than 8000x8000.")


def _unreadable() -> UnreadablePicture:
    return UnreadablePicture("That file is not a PNG, JPEG, WebP or GIF image that can be read.")


def in_bytes(image: Image.Image) -> Image.Image:
    """16 bits of grey as 8, which Pillow would clip at 255."""
    return image.point(lambda grey: grey / 256, "L") if image.mode.startswith("I") else image


def flatten(image: Image.Image) -> Image.Image:
    image = in_bytes(image)
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def to_image(pixels: Pixels) -> Image.Image:
    return Image.frombytes("RGB", (pixels.width, pixels.height), pixels.rgb)


def scaled(image: Image.Image, scale: float) -> tuple[int, int]:
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def save_png(image: Image.Image) -> bytes:
    """Filtered lines and their runs: faster than the search for repeats, and smaller, for drawings have hardly any."""
    return save(image, "PNG", compress_level=1, compress_type=zlib.Z_RLE)


def save(image: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
