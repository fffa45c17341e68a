"""The pictures that a prompt points at: told to models that take them, or lent to the result by style transfer."""

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.prompt import GenerationParams
from bot.domain.prompt.linked import links_of
from bot.usecases.attempt import Attempt, Stretch
from bot.usecases.requests import model_of
from bot.usecases.seen import in_words
from engine.protocol import Ability, GenerateRequest, Pixels, Reference, ReferenceRole, RestyleRequest

STYLE_STRENGTH = 0.7
"""How strongly a style is lent at `--sw 100`, 0 to 1."""

Wanted = tuple[ReferenceRole, str, float]


async def with_references(attempt: Attempt, request: GenerateRequest) -> GenerateRequest:
    """The request with every reference that its model takes. Raises `JobGone` for one that is no longer kept."""
    params, model = attempt.job.params, model_of(attempt)
    takes_style = Ability.STYLE_REFERENCE in model.abilities
    wanted = [one for one in _references(params) if takes_style or one[0] is not ReferenceRole.STYLE]
    links = links_of(params)
    references = [
        Reference(role, await attempt.read_input(links.index(url)), weight)
        for role, url, weight in wanted
        if weight > 0
    ]
    return await in_words(attempt, replace(request, references=tuple(references)), model)


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
    return has_style and Ability.STYLE_REFERENCE not in model_of(attempt).abilities


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
