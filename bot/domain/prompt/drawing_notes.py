"""The sentences under a picture about what its model did otherwise than the prompt asked."""

from collections.abc import Iterator

from bot.domain.prompt.capabilities import Capabilities
from bot.domain.prompt.drawing_words import STYLE_WORDS, added_words, name_reason, reads
from bot.domain.prompt.parameters import GenerationParams
from bot.domain.prompt.style_codes import plan_codes
from bot.domain.prompt.versions import name_version
from bot.domain.said import Said


def write_notes(params: GenerationParams, capabilities: Capabilities) -> Iterator[str]:
    model = capabilities.model
    if params.version and not params.model:
        yield Said("`{version}` is drawn by {model} here.", version=name_version(params.version), model=model)
    if params.negative and not capabilities.supports_negative:
        yield Said("{model} cannot leave things out, so `--no` and negative weights have no effect.", model=model)
    if params.parts and not capabilities.supports_weights:
        yield Said("{model} does not weigh parts; `::` was read as a comma.", model=model)
    if params.stop < 100 and not capabilities.supports_stop:
        yield Said("{model} cannot stop early; `--stop` has no effect.", model=model)
    if params.hd and not capabilities.can_draw_hd:
        yield Said(
            "{model} draws {size} at most; `--hd` has no effect.",
            model=model,
            size=f"{capabilities.width}x{capabilities.height}",
        )
    if max(params.aspect) / min(params.aspect) > capabilities.max_ratio:
        yield Said(
            "{model} draws shapes up to {limit:g}:1; the nearest was drawn.", model=model, limit=capabilities.max_ratio
        )
    if params.style_version is not None:
        yield Said("There is one way of reading styles here, so `--sv` has no effect.")
    if params.end_frame:
        yield Said("A film ends where it comes to here, so `--end` has no effect.")
    if params.video_count is not None:
        yield Said("One film is made at a time here, so `--bs` has no effect.")
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
            yield Said(
                "The guidance of {model} cannot be changed, so {names} has no effect.",
                model=capabilities.model,
                names=", ".join(names),
            )
    elif params.chaos and not capabilities.supports_guidance_per_row:
        yield Said("{model} guides all pictures of a grid alike; `--chaos` has no effect.", model=capabilities.model)
    if params.experimental > 25 and params.stylize is not None:
        yield Said("Above 25, `--exp` takes the place of `--stylize`.")


def _word_notes(params: GenerationParams, capabilities: Capabilities) -> Iterator[str]:
    if params.style and params.style not in STYLE_WORDS:
        yield Said("The style `{style}` is not known here and has no effect.", style=params.style)
    for word in added_words(params):
        if not reads(word, capabilities):
            yield Said(
                "{model} does not know the word “{word}”, which {why} would add.",
                model=capabilities.model,
                word=word,
                why=name_reason(word),
            )
    numbers = [style.source for style in params.style_references if not style.is_link]
    if numbers and params.style_weight and not plan_codes(params, capabilities):
        yield Said(
            "{model} knows no words of style, so `--sref {code}` has no effect.",
            model=capabilities.model,
            code=numbers[0],
        )
    unknown = [f"“{part.text}”" for part in params.personal if not reads(part.text, capabilities)]
    if unknown:
        yield Said(
            "{model} does not know {words}, which `--profile` would add.",
            model=capabilities.model,
            words=", ".join(unknown),
        )
