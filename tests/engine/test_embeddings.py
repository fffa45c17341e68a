"""Prompts are read once, as long as their embeddings fit."""

from dataclasses import replace

import torch

from engine.embeddings import EmbeddingCache
from engine.limits import ModelTraits
from engine.pipelines.interface import Conditioning
from engine.protocol import Mask, ModelInfo, NoiseBlend, Pixels, Reference, ReferenceRole, WeightedPart
from engine.settings import Settings, Start

SETTINGS = Settings("a fox", "", 64, 64, 4, 3.0, "euler")
INFO = ModelInfo("m", "toy", 64, 64, 4, supports_negative_prompt=True)
DOT = Reference(ReferenceRole.IMAGE, Pixels(1, 1, b"abc"))


class Reader:
    """Remembers what it read; each prompt becomes 100 bytes."""

    def __init__(self, *, reads_guidance: bool = False, reads_rows: bool = False) -> None:
        self.prompts: list[str] = []
        self.traits = ModelTraits(INFO, ("euler",), 3.0, reads_guidance=reads_guidance, reads_rows=reads_rows)

    def encode(self, settings: Settings) -> Conditioning:
        self.prompts.append(settings.prompt)
        return Conditioning({"embeds": torch.zeros(1, 25)}, None)


def read(cache: EmbeddingCache, reader: Reader, settings: Settings, *, in_full_precision: bool = False) -> Conditioning:
    return cache.find_or_encode("m", settings, reader, in_full_precision=in_full_precision)


def test_what_an_encoder_may_look_at_makes_another_entry() -> None:
    cache, reader = EmbeddingCache(), Reader()
    first = read(cache, reader, SETTINGS)
    assert read(cache, reader, replace(SETTINGS, steps=9, sampler="ddim")) is first
    for other in (
        replace(SETTINGS, prompt="a cat"),
        replace(SETTINGS, negative_prompt="blue"),
        replace(SETTINGS, guidance_scale=1.0),
        replace(SETTINGS, parts=(WeightedPart("a fox"),)),
        replace(SETTINGS, parts=(WeightedPart("a fox", 2.0),)),
        replace(SETTINGS, references=(DOT,)),
        replace(SETTINGS, width=128),
        replace(SETTINGS, height=128),
    ):
        assert read(cache, reader, other) is not first
    assert read(cache, reader, SETTINGS, in_full_precision=True) is not first
    assert len(reader.prompts) == 10


def test_the_amount_of_guidance_matters_to_models_that_read_it() -> None:
    told, guided = Reader(reads_guidance=True), Reader()
    for reader in (told, guided):
        cache = EmbeddingCache()
        for scale in (2.0, 3.0, 2.0):
            read(cache, reader, replace(SETTINGS, guidance_scale=scale))
    assert (len(told.prompts), len(guided.prompts)) == (2, 1)


def test_the_oldest_used_makes_room() -> None:
    cache, reader = EmbeddingCache(max_bytes=200), Reader()
    a, b, c = (replace(SETTINGS, prompt=prompt) for prompt in "abc")
    for settings in (a, b, a, c, a, b):
        read(cache, reader, settings)
    assert reader.prompts == ["a", "b", "c", "b"]


def test_seed_and_start_matter_to_models_that_read_them() -> None:
    cache, by_row, plain = EmbeddingCache(), Reader(reads_rows=True), Reader()
    start = Start((DOT.pixels,), 0.5)
    blended = replace(SETTINGS, noise_blend=NoiseBlend(2, 0.5))
    for settings in (SETTINGS, replace(SETTINGS, seed=1), replace(SETTINGS, start=start), blended, SETTINGS):
        cache.find_or_encode("by row", settings, by_row, in_full_precision=False)
        cache.find_or_encode("plain", settings, plain, in_full_precision=False)
    assert (len(by_row.prompts), len(plain.prompts)) == (4, 1)


def test_pictures_in_a_key_count_too() -> None:
    cache, reader = EmbeddingCache(max_bytes=102), Reader()
    for _ in range(2):
        read(cache, reader, replace(SETTINGS, references=(DOT,)))
    assert len(reader.prompts) == 2


def test_starts_and_masks_count_where_rows_are_read() -> None:
    masked = replace(SETTINGS, start=Start((DOT.pixels,), 0.5), mask=Mask(1, 1, b"\xff"))
    for max_bytes, times_read in ((104, 1), (103, 2)):
        cache, reader = EmbeddingCache(max_bytes), Reader(reads_rows=True)
        for _ in range(2):
            read(cache, reader, masked)
        assert len(reader.prompts) == times_read


def test_what_exceeds_the_bound_is_not_kept_and_costs_nobody_else_a_place() -> None:
    cache, reader = EmbeddingCache(max_bytes=102), Reader()
    usual, large = replace(SETTINGS, prompt="a"), replace(SETTINGS, prompt="b", references=(DOT,))
    for settings in (usual, large, large, usual):
        read(cache, reader, settings)
    assert reader.prompts == ["a", "b", "b"]
