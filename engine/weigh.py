"""How much each word of a prompt matters: by how far the model's reading of it moves when the word is left out."""

from collections.abc import Mapping

import torch

from engine.limits import InvalidRequest
from engine.pipelines.interface import Pipeline, Tensors
from engine.protocol import GenerateRequest, Weighed, WeighWordsRequest, WordWeight
from engine.settings import Settings, resolve
from engine.slices import Work

MAX_WORDS = 200
NOTHING = 1e-6  # of a cosine: below it, two readings are the same

TEXT_TENSORS = ("pooled", "text_embeds", "prompt_embeds", "embeds")
"""What a reading says of the prompt, by the names that the families give it. All that are there count alike."""


def check_weigh(request: WeighWordsRequest, pipelines: Mapping[str, Pipeline]) -> Pipeline:
    """The pipeline that reads it. Raises `InvalidRequest`."""
    pipeline = pipelines.get(request.model) if request.model else next(iter(pipelines.values()))
    if pipeline is None:
        raise InvalidRequest(f"there is no model {request.model!r}; choose from {', '.join(pipelines)}")
    count = len(request.prompt.split())
    if not 1 <= count <= MAX_WORDS:
        raise InvalidRequest(f"a prompt of {count} words cannot be weighed; use 1 to {MAX_WORDS}")
    _settings(request, request.prompt, pipeline)
    return pipeline


def weigh_words(request: WeighWordsRequest, pipeline: Pipeline) -> Work:
    """One slice a word. The word that matters most weighs 1; one that changes nothing weighs 0."""
    words = request.prompt.split()
    whole = _read(request, request.prompt, pipeline)
    distances = []
    for index in range(len(words)):
        yield None
        rest = " ".join((*words[:index], *words[index + 1 :]))
        distances.append(_distance(whole, _read(request, rest, pipeline)))
    most = max(distances)
    weights = [distance / most if most > NOTHING else 0.0 for distance in distances]
    return Weighed(tuple(WordWeight(word, weight) for word, weight in zip(words, weights, strict=True)), 0.0)


def _read(request: WeighWordsRequest, prompt: str, pipeline: Pipeline) -> torch.Tensor:
    """`[D]` float32: one vector for the whole prompt, of the mean over tokens and of what stands for all of them."""
    positive: Tensors = pipeline.encode(_settings(request, prompt, pipeline)).positive
    counts = positive["mask"][0] if "mask" in positive else None
    vectors = [_mean(positive[name][0].float(), counts) for name in TEXT_TENSORS if name in positive]
    return torch.cat([torch.nn.functional.normalize(vector, dim=0) for vector in vectors])


def _settings(request: WeighWordsRequest, prompt: str, pipeline: Pipeline) -> Settings:
    """Of a picture that nobody draws, at the model's own size. Raises `InvalidRequest`."""
    info = pipeline.traits.info
    picture = GenerateRequest(request.id, prompt, seeds=(0,), width=info.width, height=info.height)
    return resolve(picture, pipeline.traits)


def _mean(tensor: torch.Tensor, counts: torch.Tensor | None) -> torch.Tensor:
    """Over the rows that count, where the model has others to fill its room; nought of none."""
    if tensor.dim() == 1:
        return tensor
    return tensor.mean(dim=0) if counts is None else (tensor * counts[:, None]).sum(dim=0) / counts.sum().clamp(min=1)


def _distance(first: torch.Tensor, second: torch.Tensor) -> float:
    """1 less the cosine, 0 to 2."""
    return max(0.0, 1.0 - float(torch.nn.functional.cosine_similarity(first, second, dim=0)))
