"""Which pictures a prompt points at, in one fixed order: what was fetched is kept in the same order beside it."""

from collections.abc import Mapping

from bot.domain.errors import InvalidPrompt
from bot.domain.prompt.parameters import GenerationParams

MAX_PICTURES = 20
"""Of one prompt: each is held in memory while it is drawn, and looked at by the model, for the price of one job."""

_KEPT = "kept://"
"""The address of a picture that is in our own store already; no member can type it."""


def as_kept(key: str) -> str:
    return _KEPT + key


def kept_keys(params: GenerationParams) -> Mapping[str, str]:
    """From address to key, of those that need not be fetched."""
    return {url: url.removeprefix(_KEPT) for url in links_of(params) if url.startswith(_KEPT)}


def links_of(params: GenerationParams) -> tuple[str, ...]:
    """Each address once."""
    styles = (style.source for style in params.style_references if style.is_link)
    images = (image.url for image in params.images)
    others = (*params.character_references, params.omni_reference, params.end_frame)
    return tuple(dict.fromkeys(url for url in (*images, *styles, *others) if url))


def check_pictures(params: GenerationParams) -> None:
    """Raises `InvalidPrompt` for more than anybody draws of."""
    count = len(links_of(params))
    if count > MAX_PICTURES:
        raise InvalidPrompt(
            "A prompt takes at most {limit} pictures; this one has {count}. Please leave some out.",
            limit=MAX_PICTURES,
            count=count,
        )
