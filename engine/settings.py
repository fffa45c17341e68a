"""What a request means for one model: defaults filled in, sizes rounded, limits checked. Pure; no torch."""

import math
from dataclasses import dataclass, field

from engine.protocol import GenerateRequest, InitImage, Mask, ModelInfo

MAX_STEPS = 500
MAX_SEED = 2**64 - 1  # what torch.Generator.manual_seed takes
MAX_ROWS_OF_A_REQUEST = 64
MAX_GUIDANCE_SCALE = 100.0


class InvalidRequest(Exception):
    """The request asks for what no step could draw; the message says what to change."""


@dataclass(frozen=True, slots=True)
class ModelTraits:
    """What a model can do. `samplers[0]` is the model's own; `fixed_size` models draw at one size only."""

    info: ModelInfo
    samplers: tuple[str, ...]
    guidance_scale: float
    size_multiple: int = 8
    max_pixels: int = 2048 * 2048
    fixed_size: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """One request, resolved. `width` and `height` are pixels of the finished picture, as it will be drawn."""

    prompt: str
    negative_prompt: str
    width: int
    height: int
    steps: int
    guidance_scale: float
    sampler: str
    init_image: InitImage | None = None
    notes: tuple[str, ...] = field(default=())
    mask: Mask | None = None


def resolve(request: GenerateRequest, traits: ModelTraits) -> Settings:
    """Raises `InvalidRequest`."""
    info = traits.info
    steps = info.steps if request.steps is None else request.steps
    guidance_scale = traits.guidance_scale if request.guidance_scale is None else request.guidance_scale
    sampler = traits.samplers[0] if request.sampler is None else request.sampler
    _check_text(request.prompt)
    _check_text(request.negative_prompt)
    _check_seeds(request.seeds)
    _check_between("steps", steps, 1, MAX_STEPS)
    _check_between("guidance_scale", guidance_scale, 0, MAX_GUIDANCE_SCALE)
    if request.init_image is not None:
        _check_between("strength", request.init_image.strength, 0, 1)
    if sampler not in traits.samplers:
        raise InvalidRequest(f"{info.name} has no sampler {sampler!r}; choose from {', '.join(traits.samplers)}")
    _check_mask(request.mask, request.init_image)
    width, height, notes = _drawn_size(request.width, request.height, traits)
    if request.negative_prompt and not info.supports_negative_prompt:
        notes += (f"{info.name} has no negative prompt; it was ignored.",)
    return Settings(
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        width=width,
        height=height,
        steps=steps,
        guidance_scale=float(guidance_scale),
        sampler=sampler,
        init_image=request.init_image,
        notes=notes,
        mask=request.mask,
    )


def _check_text(text: str) -> None:
    """Half an emoji passes as a Python string, and stops a tokenizer."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(f"the prompt has half a character at place {error.start}; write it anew") from None


def _check_seeds(seeds: tuple[int, ...]) -> None:
    if not 1 <= len(seeds) <= MAX_ROWS_OF_A_REQUEST:
        raise InvalidRequest(f"a request has 1 to {MAX_ROWS_OF_A_REQUEST} seeds; this one has {len(seeds)}")
    for seed in seeds:
        _check_between("seed", seed, 0, MAX_SEED)


def _check_between(name: str, value: float, low: float, high: float) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise InvalidRequest(f"{name} is {value}; it must be between {low} and {high}")


def _check_mask(mask: Mask | None, init_image: InitImage | None) -> None:
    """A mask of another size is scaled with its picture; one of another shape would land beside it."""
    if mask is None:
        return
    if init_image is None:
        raise InvalidRequest("a mask needs the picture that it belongs to; send it as the init image")
    if mask.width * mask.height == 0:
        raise InvalidRequest(f"a mask of {mask.width}x{mask.height} pixels has no area")
    picture = init_image.pixels
    scaled_height = mask.width * picture.height / picture.width
    if abs(scaled_height - mask.height) > max(1.0, 0.01 * mask.height):
        raise InvalidRequest(
            f"the mask is {mask.width}x{mask.height} and its picture {picture.width}x{picture.height}; "
            "draw the mask in the picture's shape"
        )


def _drawn_size(width: int, height: int, traits: ModelTraits) -> tuple[int, int, tuple[str, ...]]:
    """The nearest size that the model can draw, and a note if that is another shape than was asked for."""
    info, multiple = traits.info, traits.size_multiple
    if width <= 0 or height <= 0:
        raise InvalidRequest(f"a picture of {width}x{height} pixels has no area")
    if traits.fixed_size:
        if width * info.height == height * info.width:
            return info.width, info.height, ()
        note = f"{info.name} draws {info.width}x{info.height} pictures only; the aspect ratio was not kept."
        return info.width, info.height, (note,)
    if width * height > traits.max_pixels:
        megapixels = traits.max_pixels / 1e6
        raise InvalidRequest(f"{width}x{height} is too large; ask for at most {megapixels:.1f} megapixels")
    drawn_width, drawn_height = (max(multiple, round(side / multiple) * multiple) for side in (width, height))
    if (drawn_width, drawn_height) == (width, height):
        return width, height, ()
    return drawn_width, drawn_height, (f"Drawn at {drawn_width}x{drawn_height}, in steps of {multiple} pixels.",)
