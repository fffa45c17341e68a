"""Pictures as files: encode, decode, make small enough. Knows nothing of how pictures are put together."""

import io
from collections.abc import Iterator

from PIL import Image, ImageOps, UnidentifiedImageError

from bot.domain.errors import UnreadablePicture
from engine.protocol import Pixels

MAX_DECODED_PIXELS = 64_000_000
"""Known from a file's head before any of it is unpacked: 192 MB as RGB."""

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
    return save(to_image(pixels), "PNG", compress_level=2)  # level 4 takes twice as long for an eighth less


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
    except _BROKEN as error:
        raise _unreadable() from error


def fit_bytes(png: bytes, limit: int) -> tuple[bytes, str]:
    """The picture in at most `limit` bytes, and its file extension.

    As it is when it fits; else as WebP of falling quality, then of falling size. Below some 100 bytes nothing fits,
    and the smallest is returned.
    """
    if len(png) <= limit:
        return png, "png"
    smallest = b""
    for smallest in _ever_smaller(flatten(open_image(png))):
        if len(smallest) <= limit:
            break
    return smallest, "webp"


def _ever_smaller(image: Image.Image) -> Iterator[bytes]:
    if max(image.size) > MAX_WEBP_SIDE:
        image = image.resize(scaled(image, MAX_WEBP_SIDE / max(image.size)), Image.Resampling.LANCZOS)
    for quality in (95, 85, 70, 50):
        yield save(image, "WEBP", quality=quality, method=4)
    while max(image.size) > 1:
        image = image.resize(scaled(image, 0.7), Image.Resampling.LANCZOS)
        yield save(image, "WEBP", quality=70, method=4)


def open_image(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
        if image.width * image.height > MAX_DECODED_PIXELS:
            raise UnreadablePicture(f"That image has {image.width}x{image.height} pixels, which is too many.")
        image.load()
        return ImageOps.exif_transpose(image)
    except _BROKEN as error:
        raise _unreadable() from error


def _unreadable() -> UnreadablePicture:
    return UnreadablePicture("That file is not a PNG, JPEG, WebP or GIF image that can be read.")


def flatten(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16 bits of grey, which Pillow would clip at 255
        image = image.point(lambda grey: grey / 256, "L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    layer = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer).convert("RGB")


def to_image(pixels: Pixels) -> Image.Image:
    return Image.frombytes("RGB", (pixels.width, pixels.height), pixels.rgb)


def scaled(image: Image.Image, scale: float) -> tuple[int, int]:
    return max(1, round(image.width * scale)), max(1, round(image.height * scale))


def save(image: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
