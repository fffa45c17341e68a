"""Pictures told in words to models that know a fixed list of them: what is seen in each is one more part of the prompt.

Between two pictures such a model draws neither; what it reads, it draws.
"""

import re
from dataclasses import replace

from bot.domain.said import Said
from bot.domain.scenery import without_scenery
from bot.usecases.attempt import Attempt
from engine.protocol import GenerateRequest, ModelInfo, Reference, ReferenceRole, WeightedPart

_WORD = re.compile(r"[^\W\d_]{3,}")


async def in_words(attempt: Attempt, request: GenerateRequest, model: ModelInfo) -> GenerateRequest:
    """Of a character or a thing without what stands behind it, and only if the prompt does not name it already.

    A picture in which nothing is known stays a reference. Raises `RequestFailed` or `RequestCancelled`."""
    if not model.vocabulary or not request.references:
        return request
    parts = list(request.parts) or [WeightedPart(request.prompt)] * bool(request.prompt)
    unseen: list[Reference] = []
    for reference in request.references:
        seen = await attempt.describe(reference.pixels)
        said = seen if reference.role is ReferenceRole.IMAGE else without_scenery(seen, model.scenery)
        if not _known_words(said, model):
            unseen.append(reference)
            continue
        told = Said("{model} is told of pictures in words. In one it saw: {seen}.", model=model.name, seen=seen)
        attempt.note(told)
        is_named = reference.role is not ReferenceRole.IMAGE and _known_words(said, model) & _words(request.prompt)
        if not is_named:
            parts.append(WeightedPart(said, reference.weight))
    if unseen and parts:
        colours = Said(
            "{model} knows nothing of what one of the pictures shows, so it started from its colours.", model=model.name
        )
        attempt.note(colours)
    prompt = ", ".join(part.text for part in parts)
    return replace(request, prompt=prompt, parts=tuple(parts), references=tuple(unseen))


def _known_words(text: str, model: ModelInfo) -> set[str]:
    return _words(text) & _words(" ".join(model.vocabulary))


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))
