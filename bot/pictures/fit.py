"""Makes pictures small enough for where they are shown. The originals stay as they are."""

from collections.abc import Iterator

from PIL import Image

from bot.pictures.files import extension_of, flatten, open_image, save, scaled
from bot.pictures.films import is_film, shrink_film

MAX_WEBP_SIDE = 16_383


def fit_bytes(data: bytes, limit: int) -> tuple[bytes, str]:
    """The picture or film in at most `limit` bytes, and its file extension.

    As it is when it fits; else as WebP of falling quality, then of falling size. Below some 100 bytes nothing fits,
    and the smallest is returned.
    """
    if len(data) <= limit:
        return data, extension_of(data)
    if is_film(data):
        return shrink_film(data, limit), "webp"
    smallest = b""
    for smallest in _ever_smaller(flatten(open_image(data))):
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
