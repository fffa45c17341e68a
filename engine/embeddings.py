"""Conditionings of recent prompts, so that four variations of one prompt read it once. Bounded by bytes."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from engine.pipelines.interface import Conditioning
from engine.settings import Settings

MAX_BYTES = 256 * 2**20  # 60 prompts of FLUX, 400 of SDXL


@dataclass(frozen=True, slots=True)
class _Key:
    """All that an encoder may look at."""

    model: str
    prompt: str
    negative_prompt: str
    guidance_scale: float
    width: int
    height: int
    in_full_precision: bool


class EmbeddingCache:
    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[_Key, Conditioning] = OrderedDict()

    def find_or_encode(
        self, model: str, settings: Settings, encode: Callable[[Settings], Conditioning], *, in_full_precision: bool
    ) -> Conditioning:
        """The oldest used makes room. What alone exceeds the bound is not kept."""
        key = _key_of(model, settings, in_full_precision=in_full_precision)
        if (found := self._entries.get(key)) is not None:
            self._entries.move_to_end(key)
            return found
        encoded = encode(settings)
        self._entries[key] = encoded
        self._bytes += _bytes_of(encoded)
        while self._bytes > self._max_bytes:
            _, forgotten = self._entries.popitem(last=False)
            self._bytes -= _bytes_of(forgotten)
        return encoded


def _key_of(model: str, settings: Settings, *, in_full_precision: bool) -> _Key:
    return _Key(
        model,
        settings.prompt,
        settings.negative_prompt,
        settings.guidance_scale,
        settings.width,
        settings.height,
        in_full_precision,
    )


def _bytes_of(conditioning: Conditioning) -> int:
    tensors = [*conditioning.positive.values(), *(conditioning.negative or {}).values()]
    return sum(tensor.nbytes for tensor in tensors)
