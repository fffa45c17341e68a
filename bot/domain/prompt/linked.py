"""Which pictures a prompt points at, in one fixed order: what was fetched is kept in the same order beside it."""

from bot.domain.prompt.parameters import GenerationParams


def links_of(params: GenerationParams) -> tuple[str, ...]:
    """Each address once."""
    styles = (style.source for style in params.style_references if style.is_link)
    images = (image.url for image in params.images)
    others = (*params.character_references, params.omni_reference, params.end_frame)
    return tuple(dict.fromkeys(url for url in (*images, *styles, *others) if url))
