"""Says what is in a picture. Who can do that stands elsewhere: the starter in `starter/describer.py`, captioning models
of the operator's in `captions.py`."""

from typing import Protocol

from engine.protocol import Described, DescribeRequest, Pixels, Started
from engine.settings import InvalidRequest
from engine.slices import Slices, Work

MAX_COUNT = 8


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


def describe(request: DescribeRequest, describer: Describer) -> Work:
    yield Started(1)
    texts = yield from describer.describe(request.pixels, request.count, request.seed)
    return Described(texts, 0.0)
