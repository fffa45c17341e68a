"""What a model can do, and what is refused because it cannot or because nobody could. Pure; no torch."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from engine.protocol import Ability, GenerateRequest, InitImage, Mask, ModelInfo, ReferenceRole

MAX_STEPS = 500
MAX_SEED = 2**64 - 1  # what torch.Generator.manual_seed takes
MAX_ROWS_OF_A_REQUEST = 64
MAX_GUIDANCE_SCALE = 100.0
MAX_PARTS = 32
MAX_REFERENCES = 16
MAX_WEIGHT = 1e6

ABILITY_OF_ROLE = {
    ReferenceRole.IMAGE: Ability.IMAGE_REFERENCE,
    ReferenceRole.STYLE: Ability.STYLE_REFERENCE,
    ReferenceRole.CHARACTER: Ability.CHARACTER_REFERENCE,
    ReferenceRole.OBJECT: Ability.OBJECT_REFERENCE,
}
STARTS_FROM_REFERENCES = frozenset({Ability.IMAGE_REFERENCE, Ability.CHARACTER_REFERENCE, Ability.OBJECT_REFERENCE})
"""What every model can do with pictures that it does not understand: begin at them."""

SENTENCES = {
    Ability.PARTS: "does not weigh parts of a prompt; say it in one",
    Ability.GUIDANCE_PER_ROW: "has one guidance for all pictures; leave guidance_scales empty",
    Ability.STOP: "cannot stop early; leave stop_step out",
    Ability.TILE: "cannot draw tiles; leave tile out",
    Ability.IMAGE_REFERENCE: "cannot be guided by pictures; leave the references out",
    Ability.STYLE_REFERENCE: "cannot take the style of a picture; leave the style references out",
    Ability.CHARACTER_REFERENCE: "cannot take a character from a picture; leave the character references out",
    Ability.OBJECT_REFERENCE: "cannot take an object from a picture; leave the object references out",
}


class InvalidRequest(Exception):
    """The request asks for what no step could draw; the message says what to change."""


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """What a model can do. `samplers[0]` is the model's own; `fixed_size` models draw at one size only.

    `reads_guidance`: the guidance scale is told to the denoiser, in the place of an unconditional half.
    `reads_references`: it looks at reference pictures; others start from them. `reads_rows`: what it makes of a prompt
    depends on the row's seed and start too.
    """

    info: ModelInfo
    samplers: tuple[str, ...]
    guidance_scale: float
    size_multiple: int = 8
    max_pixels: int = 2048 * 2048
    fixed_size: bool = False
    reads_guidance: bool = False
    reads_references: bool = False
    reads_rows: bool = False


def check_request(request: GenerateRequest, traits: ModelTraits) -> None:
    """Raises `InvalidRequest`."""
    _check_abilities(request, traits.info)
    _check_rows(request)
    steps = traits.info.steps if request.steps is None else request.steps
    check_between("steps", steps, 1, MAX_STEPS)
    if request.stop_step is not None:
        check_between("stop_step", request.stop_step, 1, steps)
    for scale in (request.guidance_scale, *request.guidance_scales):
        check_between("guidance_scale", scale or 0, 0, MAX_GUIDANCE_SCALE)
    _check_sampler(request.sampler, traits)
    _check_words(request)
    _check_pictures(request)
    _check_size(request.width, request.height, traits)


def _check_abilities(request: GenerateRequest, info: ModelInfo) -> None:
    for ability in _abilities_asked(request):
        if ability not in info.abilities:
            raise InvalidRequest(f"{info.name} {SENTENCES[ability]}")


def _abilities_asked(request: GenerateRequest) -> Iterator[Ability]:
    if request.parts:
        yield Ability.PARTS
    if request.guidance_scales:
        yield Ability.GUIDANCE_PER_ROW
    if request.stop_step is not None:
        yield Ability.STOP
    if request.tile:
        yield Ability.TILE
    yield from (ABILITY_OF_ROLE[reference.role] for reference in request.references)


def _check_rows(request: GenerateRequest) -> None:
    seeds = request.seeds
    if not 1 <= len(seeds) <= MAX_ROWS_OF_A_REQUEST:
        raise InvalidRequest(f"a request has 1 to {MAX_ROWS_OF_A_REQUEST} seeds; this one has {len(seeds)}")
    for name in ("guidance_scales", "init_images", "noise_blends"):
        entries: Sequence[object] = getattr(request, name)
        if entries and len(entries) != len(seeds):
            raise InvalidRequest(f"{name} has {len(entries)} entries for {len(seeds)} seeds; give one a seed, or none")
    for seed in (*seeds, *(blend.seed for blend in request.noise_blends)):
        check_seed(seed)
    for blend in request.noise_blends:
        check_between("share of another seed's noise", blend.share, 0, 1)


def check_seed(seed: int) -> None:
    """Raises `InvalidRequest`."""
    check_between("seed", seed, 0, MAX_SEED)


def _check_sampler(sampler: str | None, traits: ModelTraits) -> None:
    if sampler is not None and sampler not in traits.samplers:
        name = traits.info.name
        raise InvalidRequest(f"{name} has no sampler {sampler!r}; choose from {', '.join(traits.samplers)}")


def _check_words(request: GenerateRequest) -> None:
    for text in (request.prompt, request.negative_prompt, *(part.text for part in request.parts)):
        _check_text(text)
    if len(request.parts) > MAX_PARTS:
        raise InvalidRequest(f"a prompt has at most {MAX_PARTS} parts; this one has {len(request.parts)}")
    for part in request.parts:
        if not 0 < part.weight <= MAX_WEIGHT:
            raise InvalidRequest(f"the part {part.text!r} weighs {part.weight}; a weight must be above 0")


def _check_text(text: str) -> None:
    """Half an emoji passes as a Python string, and stops a tokenizer."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(f"the prompt has half a character at place {error.start}; write it anew") from None


def _check_pictures(request: GenerateRequest) -> None:
    images = request.init_images or ((request.init_image,) if request.init_image else ())
    if request.init_images and request.init_image:
        raise InvalidRequest("init_image is for all rows and init_images for each; give one of them")
    for image in images:
        check_between("strength", image.strength, 0, 1)
    if len(request.references) > MAX_REFERENCES:
        raise InvalidRequest(f"at most {MAX_REFERENCES} references; this request has {len(request.references)}")
    for reference in request.references:
        check_between("weight of a reference", reference.weight, 0, MAX_WEIGHT)
    for pixels in (*(image.pixels for image in images), *(one.pixels for one in request.references)):
        if pixels.width * pixels.height == 0:
            raise InvalidRequest(f"a picture of {pixels.width}x{pixels.height} pixels has no area")
    if request.mask is not None:
        _check_mask(request.mask, images)


def _check_mask(mask: Mask, images: Sequence[InitImage]) -> None:
    """A mask of another size is scaled with its picture; one of another shape would land beside it."""
    if not images:
        raise InvalidRequest("a mask needs the picture that it belongs to; send it as the init image")
    if mask.width * mask.height == 0:
        raise InvalidRequest(f"a mask of {mask.width}x{mask.height} pixels has no area")
    for picture in (image.pixels for image in images):
        scaled_height = mask.width * picture.height / picture.width
        if abs(scaled_height - mask.height) > max(1.0, 0.01 * mask.height):
            raise InvalidRequest(
                f"the mask is {mask.width}x{mask.height} and its picture {picture.width}x{picture.height}; "
                "draw the mask in the picture's shape"
            )


def _check_size(width: int, height: int, traits: ModelTraits) -> None:
    if width <= 0 or height <= 0:
        raise InvalidRequest(f"a picture of {width}x{height} pixels has no area")
    least = traits.size_multiple
    if not traits.fixed_size and max(width, least) * max(height, least) > traits.max_pixels:
        megapixels = traits.max_pixels / 1e6
        raise InvalidRequest(f"{width}x{height} is too large; ask for at most {megapixels:.1f} megapixels")


def check_between(name: str, value: float, low: float, high: float) -> None:
    """Raises `InvalidRequest`."""
    if not (math.isfinite(value) and low <= value <= high):
        raise InvalidRequest(f"{name} is {value}; it must be between {low} and {high}")
