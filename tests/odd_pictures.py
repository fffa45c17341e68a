"""Picture files as members really have them, and files that are broken or made to hurt. Each is a few kilobytes."""

import io
import struct
import zlib
from dataclasses import dataclass

from PIL import Image

RED, BLUE = (255, 0, 0), (0, 0, 255)
SIZE = (48, 32)


@dataclass(frozen=True)
class Odd:
    """`shown` is the size in which a reader sees it, `corner` the colour of its upper left corner, roughly."""

    data: bytes
    shown: tuple[int, int] = SIZE
    corner: tuple[int, int, int] = RED
    content_type: str = "image/png"


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _plain(size: tuple[int, int] = SIZE) -> Image.Image:
    return Image.new("RGB", size, RED)


def _film(kind: str) -> bytes:
    """The first of its three frames counts."""
    others = [Image.new("RGB", SIZE, BLUE), Image.new("RGB", SIZE, (0, 255, 0))]
    return _saved(_plain(), kind, save_all=True, append_images=others, duration=100, loop=0)


def _turned() -> bytes:
    """Lies on its side in the file: red above blue once it is upright."""
    lying = Image.new("RGB", (32, 48), RED)
    lying.paste(BLUE, (16, 0, 32, 48))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    return _saved(lying, "JPEG", exif=exif, quality=95)


def _palette_with_alpha() -> bytes:
    """The transparent entry of the palette is black; over white it is white."""
    image = Image.new("P", SIZE, 1)
    image.putpalette([255, 0, 0, 0, 0, 0])
    return _saved(image, "PNG", transparency=1)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_of(width: int, height: int, depth: int, colour_type: int, packed: bytes) -> bytes:
    """A PNG by hand: Pillow writes no colours of sixteen bits, and no lies."""
    head = struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, 0)
    chunks = (png_chunk(b"IHDR", head), png_chunk(b"IDAT", packed), png_chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _sixteen_bits() -> bytes:
    line = b"\x00" + struct.pack(">HHH", 0xFFFF, 0, 0) * SIZE[0]
    return png_of(*SIZE, 16, 2, zlib.compress(line * SIZE[1]))


def _sixteen_bits_of_grey() -> bytes:
    return _saved(Image.new("I;16", SIZE, 0x8000), "PNG")


def a_claim(width: int, height: int) -> bytes:
    """A file that says it is this large; what it holds is one line."""
    return png_of(width, height, 8, 2, zlib.compress(bytes(3 * 64 + 1)))


WHITE, GREY = (255, 255, 255), (128, 128, 128)
READABLE = {
    "gif film": Odd(_film("GIF"), content_type="image/gif"),
    "webp film": Odd(_film("WEBP"), content_type="image/webp"),
    "png film": Odd(_film("PNG")),
    "cmyk jpeg": Odd(_saved(_plain().convert("CMYK"), "JPEG", quality=95), content_type="image/jpeg"),
    "16 bit png": Odd(_sixteen_bits()),
    "16 bit grey": Odd(_sixteen_bits_of_grey(), corner=GREY),
    "palette with alpha": Odd(_palette_with_alpha(), corner=WHITE),
    "alpha": Odd(_saved(Image.new("RGBA", SIZE, (0, 0, 0, 0)), "PNG"), corner=WHITE),
    "turned photo": Odd(_turned(), content_type="image/jpeg"),
    "1 x 1": Odd(_saved(_plain((1, 1)), "PNG"), (1, 1)),
    "a long strip": Odd(_saved(_plain((600, 2)), "PNG"), (600, 2)),
    "no picture by its name": Odd(_saved(_plain(), "PNG"), content_type="text/html"),
}

TOO_MANY = "too many pixels. Please make it smaller than 8000x8000."
NO_PICTURE = "not a PNG, JPEG, WebP or GIF image that can be read"
REFUSED = {
    "20,000 x 20,000 claimed": (a_claim(20_000, 20_000), TOO_MANY),
    "12,000 x 12,000 claimed": (a_claim(12_000, 12_000), TOO_MANY),
    "9,000 x 9,000 claimed": (a_claim(9_000, 9_000), TOO_MANY),
    "truncated jpeg": (_saved(Image.effect_noise((200, 200), 90), "JPEG")[:2_000], NO_PICTURE),
    "truncated png": (_saved(Image.effect_noise((200, 200), 90), "PNG")[:2_000], NO_PICTURE),
    "a page": (b"<!doctype html><title>Sign in</title>", NO_PICTURE),
    "a drawing of vectors": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', NO_PICTURE),
    "nothing": (b"", NO_PICTURE),
}
