"""What an enlargement holds in numbers, and computes before it pauses, goes by the tile and never by the picture."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from engine import upscale as upscaling
from engine.protocol import Event, Pixels, Progress, UpscaleRequest
from engine.slices import Work
from engine.tasks import Effort
from engine.upscale import COMPACT_TILING, DEEP_CPU_TILING, GPU_TILING, Tiling, Upscaler, load_upscaler, upscale

CHANNELS = 64
"""Of the widest layer of both networks that ship."""
TILING = Tiling(tile=32, overlap=8)


class Counting(TorchDispatchMode):
    """The largest result of any single operation, and how many numbers a slice computed at most."""

    def __init__(self) -> None:
        super().__init__()
        self.largest = 0
        self.of_a_slice = 0
        self._since = 0

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.largest = max(self.largest, result.numel())
            self._since += result.numel()
        return result

    def pause(self) -> None:
        self.of_a_slice, self._since = max(self.of_a_slice, self._since), 0


@dataclass(frozen=True)
class Bounds:
    largest: int
    of_a_slice: int


def counted(work: Work, counting: Counting) -> Iterator[Event | None]:
    for event in work:
        counting.pause()
        yield event
    counting.pause()


def bounds_of(width: int, height: int, upscaler: Upscaler) -> Bounds:
    pixels = Pixels(width, height, bytes(range(256)) * (width * height * 3 // 256) + bytes(width * height * 3 % 256))
    with torch.inference_mode(), Counting() as counting:
        work = upscale(UpscaleRequest("u", pixels, 4), upscaler, Effort())
        tiles = [event for event in counted(work, counting) if isinstance(event, Progress)]
        assert len(tiles) == -(-width // upscaler.tiling.tile) * -(-height // upscaler.tiling.tile)
    return Bounds(counting.largest, counting.of_a_slice)


@pytest.fixture
def compact(tmp_path: Path) -> Upscaler:
    return replace(load_upscaler("compact", tmp_path, torch.device("cpu"), torch.float32), tiling=TILING)


def test_a_larger_picture_takes_no_more_at_once(compact: Upscaler) -> None:
    """Twenty tiles instead of nine, and odd sides, yet the same largest tensor and the same work in a slice."""
    small, large = bounds_of(96, 96, compact), bounds_of(130, 99, compact)
    assert large == small
    assert small.largest <= TILING.window_pixels * CHANNELS
    whole = bounds_of(96, 96, replace(compact, tiling=Tiling(tile=96, overlap=8)))
    assert whole.largest > 2 * small.largest  # the measure sees a larger tile


def test_a_slice_is_a_layer_of_a_tile(compact: Upscaler) -> None:
    """The last ones also sharpen and write what the tile has become: a few passes over sixteen times its pixels."""
    assert bounds_of(96, 96, compact).of_a_slice <= 8 * TILING.window_pixels * CHANNELS


@pytest.mark.parametrize(("tiling", "mebibytes"), [(COMPACT_TILING, 10), (DEEP_CPU_TILING, 4), (GPU_TILING, 57)])
def test_a_layer_of_a_tile_stays_below_what_is_stated(tiling: Tiling, mebibytes: int) -> None:
    assert tiling.window_pixels * CHANNELS * 4 <= mebibytes * 2**20


def test_the_largest_picture_is_of_4096_pixels_and_a_margin() -> None:
    assert 4096**2 <= upscaling.MAX_PIXELS <= 4352**2
