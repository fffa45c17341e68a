"""The pictures that a prompt points at: told to models that take them, or lent to the result by style transfer."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.prompt import GenerationParams
from bot.domain.prompt.linked import links_of
from bot.domain.said import Said
from bot.usecases.attempt import Attempt, Stretch
from bot.usecases.requests import model_of
from bot.usecases.seen import in_words
from engine.protocol import Ability, GenerateRequest, ModelInfo, Pixels, Reference, ReferenceRole, RestyleRequest

STYLE_STRENGTH = 0.7
"""How strongly a style is lent at `--sw 100`, 0 to 1."""

Wanted = tuple[ReferenceRole, str, float]


async def with_references(attempt: Attempt, request: GenerateRequest) -> GenerateRequest:
    """The request with every reference that its model takes. Raises `JobGone` for one that is no longer kept."""
    model = model_of(attempt)
    wanted = [one for one in _references(attempt.job.params) if looks(model) or one[0] is not ReferenceRole.STYLE]
    if any(weight <= 0 for _, _, weight in wanted):
        attempt.note(Said("A reference that weighs nothing was left out."))
    return await in_words(attempt, await _told(attempt, request, wanted), model)


async def with_looked_at(attempt: Attempt, request: GenerateRequest) -> GenerateRequest:
    """For what starts from a picture of its own: a model that does not look could only start from another instead."""
    if not looks(model_of(attempt)):
        return request
    return await _told(attempt, request, _references(attempt.job.params))


def looks(model: ModelInfo) -> bool:
    """Whether it sees what references show; then it can tell their style, too."""
    return Ability.STYLE_REFERENCE in model.abilities


async def _told(attempt: Attempt, request: GenerateRequest, wanted: Sequence[Wanted]) -> GenerateRequest:
    links = links_of(attempt.job.params)
    references = [
        Reference(role, await attempt.read_input(links.index(url)), weight)
        for role, url, weight in wanted
        if weight > 0
    ]
    return replace(request, references=tuple(references))


async def in_borrowed_style(attempt: Attempt, drawn: Sequence[Pixels], stretch: Stretch) -> tuple[Pixels, ...]:
    """The pictures restyled after the prompt's style references, unless the model has taken them in itself."""
    if not borrows_style(attempt):
        return tuple(drawn)
    links = links_of(attempt.job.params)
    styles = [(url, weight) for role, url, weight in _references(attempt.job.params) if role is ReferenceRole.STYLE]
    pictures = list(drawn)
    for number, (url, weight) in enumerate(styles):
        style, part = await attempt.read_input(links.index(url)), stretch.part(number, len(styles))
        for index, content in enumerate(pictures):
            request = RestyleRequest("", content, style, strength=min(1.0, STYLE_STRENGTH * max(0.0, weight)))
            [pictures[index]] = await attempt.ask(request, part.part(index, len(pictures)))
    return tuple(pictures)


def borrows_style(attempt: Attempt) -> bool:
    has_style = any(style.is_link for style in attempt.job.params.style_references)
    return has_style and not looks(model_of(attempt))


def note_unborrowed(attempt: Attempt) -> None:
    """For what is drawn beside pixels that stay as they are."""
    if borrows_style(attempt):
        attempt.note(Said("The style of `--sref` was not lent to what is new here."))


def _references(params: GenerationParams) -> list[Wanted]:
    """Weights within a group are relative to each other; 1 is the usual influence."""
    images = [(image.url, image.weight) for image in params.images]
    styles = [(style.source, style.weight) for style in params.style_references if style.is_link]
    characters = [(url, 1.0) for url in params.character_references]
    things = [(params.omni_reference, 1.0)] if params.omni_reference else []
    return [
        *_weighted(ReferenceRole.IMAGE, images, params.image_weight),
        *_weighted(ReferenceRole.STYLE, styles, params.style_weight / 100),
        *_weighted(ReferenceRole.CHARACTER, characters, params.character_weight / 100),
        *_weighted(ReferenceRole.OBJECT, things, params.omni_weight / 100),
    ]


def _weighted(role: ReferenceRole, group: Sequence[tuple[str, float]], weight: float) -> list[Wanted]:
    total = sum(one for _, one in group)
    if total <= 0:
        return []
    return [(role, url, weight * one * len(group) / total) for url, one in group]
