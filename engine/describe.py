"""Says what is in a picture. Who can do that stands elsewhere: the starter in `starter/describer.py`, captioning models
of the operator's in `captions.py`."""

from typing import Protocol

from PIL import Image

from engine.limits import InvalidRequest
from engine.protocol import Described, DescribeRequest, Pixels, Started
from engine.slices import Slices, Work
from engine.tasks import Effort

MAX_COUNT = 8
MAX_SIDE = 1024  # pixels that are looked at


class Describer(Protocol):
    def describe(self, pixels: Pixels, count: int, seed: int, /) -> Slices[tuple[str, ...]]:
        """Different sentences, the likeliest first; fewer than `count` only where there are no more."""
        ...


def check_describe(request: DescribeRequest) -> None:
    """Raises `InvalidRequest`."""
    if not request.pixels.rgb:
        raise InvalidRequest("a picture without pixels cannot be described")
    if not 1 <= request.count <= MAX_COUNT:
        raise InvalidRequest(f"{request.count} descriptions were asked for; ask for 1 to {MAX_COUNT}")


def describe(request: DescribeRequest, describer: Describer, effort: Effort) -> Work:
    yield Started(1)
    pixels = _within(request.pixels, MAX_SIDE >> effort.halvings)
    texts = yield from describer.describe(pixels, request.count, request.seed)
    return Described(texts, 0.0)


def _within(pixels: Pixels, side: int) -> Pixels:
    """Smaller where it is larger, in its own shape."""
    if max(pixels.width, pixels.height) <= side:
        return pixels
    picture = Image.frombytes("RGB", (pixels.width, pixels.height), pixels.rgb)
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    return Pixels(picture.width, picture.height, picture.tobytes())
