"""Conditionings of recent prompts, so that four variations of one prompt read it once. Bounded by bytes."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Protocol

from engine.limits import ModelTraits
from engine.pipelines.interface import Conditioning
from engine.protocol import Mask, NoiseBlend, Reference, WeightedPart
from engine.settings import Settings, Start

MAX_BYTES = 256 * 2**20  # 60 prompts of FLUX, 400 of SDXL


class Encoder(Protocol):
    """The part of a pipeline that reads."""

    @property
    def traits(self) -> ModelTraits: ...

    def encode(self, settings: Settings, /) -> Conditioning: ...


@dataclass(frozen=True, slots=True)
class _Own:
    """What a model that reads rows is told of one."""

    seed: int
    start: Start | None
    mask: Mask | None
    tile: bool
    noise_blend: NoiseBlend | None

    @property
    def nbytes(self) -> int:
        pictures = self.start.pictures if self.start else ()
        return sum(len(pixels.rgb) for pixels in pictures) + (len(self.mask.levels) if self.mask else 0)


@dataclass(frozen=True, slots=True)
class _Key:
    """All that an encoder may look at. `guidance` is the scale where the model reads it, else whether there is any;
    `own` is None for a model that does not read rows.
    """

    model: str
    prompt: str
    parts: tuple[WeightedPart, ...]
    negative_prompt: str
    references: tuple[Reference, ...]
    guidance: float | bool
    width: int
    height: int
    in_full_precision: bool
    own: _Own | None

    @property
    def nbytes(self) -> int:
        """Only pictures count: words are small beside what is made of them."""
        return sum(len(reference.pixels.rgb) for reference in self.references) + (self.own.nbytes if self.own else 0)


class EmbeddingCache:
    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[_Key, Conditioning] = OrderedDict()

    def find_or_encode(
        self, model: str, settings: Settings, encoder: Encoder, *, in_full_precision: bool
    ) -> Conditioning:
        """The oldest used makes room. What alone exceeds the bound is not kept."""
        key = _key_of(model, settings, encoder.traits, in_full_precision=in_full_precision)
        if (found := self._entries.get(key)) is not None:
            self._entries.move_to_end(key)
            return found
        encoded = encoder.encode(settings)
        nbytes = _bytes_of(encoded) + key.nbytes
        if nbytes > self._max_bytes:
            return encoded
        self._entries[key] = encoded
        self._bytes += nbytes
        while self._bytes > self._max_bytes:
            forgotten_key, forgotten = self._entries.popitem(last=False)
            self._bytes -= _bytes_of(forgotten) + forgotten_key.nbytes
        return encoded


def _key_of(model: str, settings: Settings, traits: ModelTraits, *, in_full_precision: bool) -> _Key:
    own = _Own(settings.seed, settings.start, settings.mask, settings.tile, settings.noise_blend)
    return _Key(
        model,
        settings.prompt,
        settings.parts,
        settings.negative_prompt,
        settings.references,
        settings.guidance_scale if traits.reads_guidance else settings.guidance_scale > 1,
        settings.width,
        settings.height,
        in_full_precision,
        own if traits.reads_rows else None,
    )


def _bytes_of(conditioning: Conditioning) -> int:
    tensors = [*conditioning.positive.values(), *(conditioning.negative or {}).values()]
    return sum(tensor.nbytes for tensor in tensors)
