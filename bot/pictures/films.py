"""Films: pictures one after the other as an animated WebP. Pure and blocking."""

import io
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from PIL import Image, ImageSequence

from bot.pictures.arrays import to_array, to_bytes, to_pixels
from bot.pictures.files import scaled, to_image
from engine.protocol import Pixels

FOR_EVER = 0
LEAST_SIDE = 64


def write_film(frames: Sequence[Pixels], frame_milliseconds: int) -> bytes:
    """Without loss; shown again and again."""
    return _save([to_image(frame) for frame in frames], [frame_milliseconds] * len(frames), lossless=True, quality=0)


def add_between(frames: Sequence[Pixels], count: int) -> list[Pixels]:
    """So many mixtures between each two frames, which softens the steps from one to the next."""
    film: list[Pixels] = list(frames[:1])
    for before, after in pairwise(frames):
        one, other = to_array(before).astype(np.float32), to_array(after).astype(np.float32)
        shares = (number / (count + 1) for number in range(1, count + 1))
        film += [to_pixels(to_bytes(one + (other - one) * share)) for share in shares]
        film.append(after)
    return film


def there_and_back(frames: Sequence[Pixels]) -> list[Pixels]:
    """Ends where it begins, so that it can go round without a jump."""
    return [*frames, *frames[-2:0:-1]]


def is_film(data: bytes) -> bool:
    with Image.open(io.BytesIO(data)) as image:
        return bool(getattr(image, "is_animated", False))


def shrink_film(data: bytes, limit: int) -> bytes:
    """In at most `limit` bytes if that can be: first less exact, then smaller, then with fewer frames."""
    smallest = data
    for smallest in _ever_smaller(data):
        if len(smallest) <= limit:
            break
    return smallest


def _ever_smaller(data: bytes) -> Iterator[bytes]:
    yield data
    frames, durations = _read(data)
    for quality in (90, 75, 55):
        yield _save(frames, durations, quality=quality, method=2)
    while max(frames[0].size) > LEAST_SIDE:
        size = scaled(frames[0], 0.7)
        frames = [frame.resize(size, Image.Resampling.LANCZOS) for frame in frames]
        yield _save(frames, durations, quality=70, method=2)
    while len(frames) > 1:
        frames, durations = frames[::2], [2 * duration for duration in durations[::2]]
        yield _save(frames, durations, quality=50, method=2)


def _read(data: bytes) -> tuple[list[Image.Image], list[int]]:
    with Image.open(io.BytesIO(data)) as image:
        frames, durations = [], []
        for frame in ImageSequence.Iterator(image):
            frames.append(frame.convert("RGB"))
            durations.append(int(frame.info["duration"]))
    return frames, durations


def _save(frames: Sequence[Image.Image], durations: Sequence[int], **options: int) -> bytes:
    buffer = io.BytesIO()
    frames[0].save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=frames[1:],
        duration=list(durations),
        loop=FOR_EVER,
        **options,
    )
    return buffer.getvalue()
