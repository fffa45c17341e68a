"""The sentences under a picture about what its model did otherwise than the prompt asked."""

from collections.abc import Iterator

from bot.domain.prompt.capabilities import Capabilities
from bot.domain.prompt.drawing_words import STYLE_WORDS, added_words, name_reason, reads
from bot.domain.prompt.parameters import GenerationParams
from bot.domain.prompt.style_codes import plan_codes
from bot.domain.prompt.versions import name_version


def write_notes(params: GenerationParams, capabilities: Capabilities) -> Iterator[str]:
    model = capabilities.model
    if params.version and not params.model:
        yield f"`{name_version(params.version)}` is drawn by {model} here."
    if params.negative and not capabilities.supports_negative:
        yield f"{model} cannot leave things out, so `--no` and negative weights have no effect."
    if params.parts and not capabilities.supports_weights:
        yield f"{model} does not weigh parts; `::` was read as a comma."
    if params.stop < 100 and not capabilities.supports_stop:
        yield f"{model} cannot stop early; `--stop` has no effect."
    if params.hd and not capabilities.can_draw_hd:
        yield f"{model} draws {capabilities.width}x{capabilities.height} at most; `--hd` has no effect."
    if max(params.aspect) / min(params.aspect) > capabilities.max_ratio:
        yield f"{model} draws shapes up to {capabilities.max_ratio:g}:1; the nearest was drawn."
    yield from _guidance_notes(params, capabilities)
    yield from _word_notes(params, capabilities)


def _guidance_notes(params: GenerationParams, capabilities: Capabilities) -> Iterator[str]:
    if capabilities.guidance_scale is None:
        asked = {
            "--stylize": params.stylize is not None,
            "--raw": params.raw,
            "--exp": bool(params.experimental),
            "--chaos": bool(params.chaos),
        }
        names = [f"`{name}`" for name, is_asked in asked.items() if is_asked]
        if names:
            yield f"The guidance of {capabilities.model} cannot be changed, so {', '.join(names)} has no effect."
    elif params.chaos and not capabilities.supports_guidance_per_row:
        yield f"{capabilities.model} guides all pictures of a grid alike; `--chaos` has no effect."
    if params.experimental > 25 and params.stylize is not None:
        yield "Above 25, `--exp` takes the place of `--stylize`."


def _word_notes(params: GenerationParams, capabilities: Capabilities) -> Iterator[str]:
    if params.style and params.style not in STYLE_WORDS:
        yield f"The style `{params.style}` is not known here and has no effect."
    for word in added_words(params):
        if not reads(word, capabilities):
            yield f"{capabilities.model} does not know the word “{word}”, which {name_reason(word)} would add."
    numbers = [style.source for style in params.style_references if not style.is_link]
    if numbers and params.style_weight and not plan_codes(params, capabilities):
        yield f"{capabilities.model} knows no words of style, so `--sref {numbers[0]}` has no effect."
    unknown = [f"“{part.text}”" for part in params.personal if not reads(part.text, capabilities)]
    if unknown:
        yield f"{capabilities.model} does not know {', '.join(unknown)}, which `--profile` would add."
