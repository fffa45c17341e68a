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
    """A picture in which nothing is known stays a reference. Raises `RequestFailed` or `RequestCancelled`."""
    if not model.vocabulary or not request.references:
        return request
    parts = list(request.parts) or [WeightedPart(request.prompt)] * bool(request.prompt)
    unseen: list[Reference] = []
    for reference in request.references:
        seen = await attempt.describe(reference.pixels)
        if not _reads(seen, model):
            unseen.append(reference)
            continue
        told = Said("{model} is told of pictures in words. In one it saw: {seen}.", model=model.name, seen=seen)
        attempt.note(told)
        said = _said(seen, reference.role, request.prompt, model)
        if said:
            parts.append(WeightedPart(said, reference.weight))
    if unseen and parts:
        colours = Said(
            "{model} knows nothing of what one of the pictures shows, so it started from its colours.", model=model.name
        )
        attempt.note(colours)
    prompt = ", ".join(part.text for part in parts)
    return replace(request, prompt=prompt, parts=tuple(parts), references=tuple(unseen))


def _said(seen: str, role: ReferenceRole, prompt: str, model: ModelInfo) -> str:
    """Of a character or a thing without what stands behind it, and only if the prompt does not name it by itself."""
    if role is ReferenceRole.IMAGE:
        return seen
    thing = without_scenery(seen, model.scenery)
    return "" if _words(thing) & _words(prompt) & _words(" ".join(model.vocabulary)) else thing


def _reads(seen: str, model: ModelInfo) -> bool:
    return bool(_words(seen) & _words(" ".join(model.vocabulary)))


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))
