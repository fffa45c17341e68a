"""From a prompt's parameters to what an engine is told, given what the model declares that it can do.

What would make another picture than the one asked for (a start picture, a reference, a tile, a film) is refused when
the model lacks it. What only tunes a picture is drawn without, and a note under the picture says so. Nothing is
left out in silence. The table in docs/prompt-language.md follows this file.
"""

from dataclasses import dataclass

from bot.domain.errors import CannotDraw
from bot.domain.prompt.capabilities import HD_SCALE, Capabilities
from bot.domain.prompt.drawing_notes import write_notes
from bot.domain.prompt.drawing_words import added_words, reads, weigh_parts
from bot.domain.prompt.parameters import GenerationParams, ImageLink, PromptPart, StyleReference
from bot.domain.prompt.style_codes import plan_codes
from bot.domain.prompt.table import NAMES
from bot.domain.said import Said
from bot.domain.size import fit_size

MAX_STEPS = 500
MAX_GUIDANCE_SCALE = 30.0
USUAL_STYLIZE = 100

GUIDANCE_SPREAD = 0.6
"""How far the outer pictures of a grid move from the middle at `--chaos 100`, as a share of the guidance scale."""

RAW_GUIDANCE = 1.15
DRAFT_STEPS = 0.5


@dataclass(frozen=True, slots=True)
class DrawingPlan:
    """What the engine is told. `guidance_scales` has one value a picture, and is empty for the model's own.

    `parts` is empty unless the model weighs parts; `prompt` says the same in one line. `stop_step` None draws all
    `steps`. Weights of references are relative to 1. `notes` are sentences for the member.
    """

    prompt: str
    negative_prompt: str
    parts: tuple[PromptPart, ...]
    seeds: tuple[int, ...]
    width: int
    height: int
    steps: int
    stop_step: int | None
    guidance_scales: tuple[float, ...]
    tile: bool = False
    images: tuple[ImageLink, ...] = ()
    image_weight: float = 1.0
    style_references: tuple[StyleReference, ...] = ()
    style_weight: float = 1.0
    character_references: tuple[str, ...] = ()
    character_weight: float = 1.0
    omni_reference: str = ""
    omni_weight: float = 1.0
    notes: tuple[str, ...] = ()


def plan_drawing(params: GenerationParams, capabilities: Capabilities, picture_count: int = 4) -> DrawingPlan:
    """Raises `CannotDraw`."""
    _check_abilities(params, capabilities)
    width, height = plan_size(params, capabilities)
    steps = plan_steps(params, capabilities)
    words = [word for word in added_words(params) if reads(word, capabilities)]
    personal = [part for part in params.personal if reads(part.text, capabilities)]
    personal += plan_codes(params, capabilities)
    said = (params.text, *words, *(part.text for part in personal))
    return DrawingPlan(
        prompt=", ".join(text for text in said if text),
        negative_prompt=params.negative if capabilities.supports_negative else "",
        parts=weigh_parts(params, words, personal) if capabilities.supports_weights else (),
        seeds=tuple((params.seed + index) % 2**32 for index in range(picture_count)),
        width=width,
        height=height,
        steps=steps,
        stop_step=max(1, round(steps * params.stop / 100))
        if params.stop < 100 and capabilities.supports_stop
        else None,
        guidance_scales=plan_guidance(params, capabilities, picture_count),
        tile=params.tile,
        images=params.images,
        image_weight=params.image_weight,
        style_references=params.style_references,
        style_weight=params.style_weight / 100,
        character_references=params.character_references,
        character_weight=params.character_weight / 100,
        omni_reference=params.omni_reference,
        omni_weight=params.omni_weight / 100,
        notes=tuple(write_notes(params, capabilities)),
    )


def plan_size(params: GenerationParams, capabilities: Capabilities) -> tuple[int, int]:
    """Pixels: about the model's own area, in the asked shape or the nearest that it can draw."""
    scale = HD_SCALE if params.hd and capabilities.can_draw_hd else 1
    ratio = params.aspect[0] / params.aspect[1]
    aspect = params.aspect
    if max(ratio, 1 / ratio) > capabilities.max_ratio:
        widest = round(capabilities.max_ratio * 100)
        aspect = (widest, 100) if ratio > 1 else (100, widest)
    return fit_size(aspect, capabilities.width * scale, capabilities.height * scale)


def plan_steps(params: GenerationParams, capabilities: Capabilities) -> int:
    share = params.quality * (DRAFT_STEPS if params.draft else 1)
    return min(MAX_STEPS, max(1, round(capabilities.steps * share)))


def plan_guidance(params: GenerationParams, capabilities: Capabilities, picture_count: int) -> tuple[float, ...]:
    """The more stylize, the freer from the words; `--raw` and `--exp` hold to them; chaos spreads over the grid."""
    usual = capabilities.guidance_scale
    factor = guidance_factor(params)
    spread = GUIDANCE_SPREAD * params.chaos / 100 if capabilities.supports_guidance_per_row else 0.0
    if usual is None or (factor == 1 and not spread):
        return ()
    middle = (picture_count - 1) / 2
    offsets = [(index - middle) / middle if middle else 0.0 for index in range(picture_count)]
    scales = (usual * factor * (1 + spread * offset) for offset in offsets)
    return tuple(round(min(MAX_GUIDANCE_SCALE, max(1.0, scale)), 3) for scale in scales)


def guidance_factor(params: GenerationParams) -> float:
    """Relative to the model's own scale: 1.3 at `--stylize 0`, 1 at 100, .5 at 1000; times 1 to 1.5 for `--exp`.

    Above 25 `--exp` takes the place of stylize.
    """
    stylize = USUAL_STYLIZE if params.stylize is None or params.experimental > 25 else _stylize_of_today(params)
    factor = 1.3 - 0.3 * stylize / 100 if stylize <= 100 else 1 - 0.5 * (stylize - 100) / 900
    return factor * (1 + params.experimental / 200) * (RAW_GUIDANCE if params.raw else 1)


def _stylize_of_today(params: GenerationParams) -> float:
    """Old versions counted from their own least over 2,500 as the usual to their own most."""
    stylize = params.stylize or 0
    low, high = NAMES["stylize"].range_in(params.version)
    if (low, high) == (0, 1000):
        return stylize
    usual = 2500
    return 100 * (stylize - low) / (usual - low) if stylize <= usual else 100 + 900 * (stylize - usual) / (high - usual)


def _check_abilities(params: GenerationParams, capabilities: Capabilities) -> None:
    """Raises `CannotDraw` for the first thing without which the picture would be another one.

    A film's first picture is where it begins, which any model can do.
    """
    images = params.images[1:] if params.video else params.images
    lacking = (
        (params.video, capabilities.supports_video, Said("make films"), "--video"),
        (params.tile, capabilities.supports_tile, Said("draw tiles that repeat without a seam"), "--tile"),
        (
            images,
            capabilities.supports_image_prompt,
            Said("start from pictures"),
            Said("the links"),
        ),
        (
            params.style_references,
            capabilities.supports_style_reference,
            Said("take a style from a reference"),
            "--sref",
        ),
        (params.character_references, capabilities.supports_character_reference, Said("keep a character"), "--cref"),
        (params.omni_reference, capabilities.supports_omni_reference, Said("keep a thing or a person"), "--oref"),
    )
    for asked, is_able, deed, name in lacking:
        if asked and not is_able:
            written = f"`{name}`" if name.startswith("--") else name
            raise CannotDraw(
                "{model} cannot {deed}. Leave {written} out, or choose another model.",
                model=capabilities.model,
                deed=deed,
                written=written,
            )
