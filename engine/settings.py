"""What a request means for one model: defaults filled in, sizes rounded, pictures to start from. Pure; no torch.

`engine/limits.py` says what is refused.
"""

from dataclasses import dataclass, replace

from engine.limits import ModelTraits, check_request
from engine.protocol import (
    GenerateRequest,
    InitImage,
    Mask,
    ModelInfo,
    NoiseBlend,
    Pixels,
    Reference,
    ReferenceRole,
    WeightedPart,
)

FORGOTTEN_AT_USUAL_WEIGHT = 0.75  # of a reference that is started from; less the more it weighs
LEAST_FORGOTTEN = 0.25


@dataclass(frozen=True, slots=True)
class Start:
    """Where a walk begins that does not begin at noise: the mean of some pictures, of which `strength` is forgotten.

    `weights` add up to 1.
    """

    pictures: tuple[Pixels, ...]
    strength: float
    weights: tuple[float, ...] = (1.0,)


@dataclass(frozen=True, slots=True)
class RowSettings:
    """In what the rows of one request differ."""

    seed: int
    guidance_scale: float
    start: Start | None = None
    noise_blend: NoiseBlend | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """One request, resolved. `width` and `height` are pixels of the finished picture, as it will be drawn.

    `rows` is what each row has of its own; `of_row` says it in the fields above, as a pipeline is told it.
    """

    prompt: str
    negative_prompt: str
    width: int
    height: int
    steps: int
    guidance_scale: float
    sampler: str
    seed: int = 0
    start: Start | None = None
    notes: tuple[str, ...] = ()
    mask: Mask | None = None
    noise_blend: NoiseBlend | None = None
    parts: tuple[WeightedPart, ...] = ()
    references: tuple[Reference, ...] = ()
    stop_step: int | None = None
    tile: bool = False
    rows: tuple[RowSettings, ...] = ()

    @property
    def texts(self) -> tuple[str, ...]:
        """What of the prompt is read by itself: its parts, or all of it."""
        return tuple(part.text for part in self.parts) or (self.prompt,)

    @property
    def strength(self) -> float | None:
        """How much of its start a walk forgets; None for one that begins at noise."""
        return None if self.start is None else self.start.strength

    def of_row(self, index: int) -> "Settings":
        if not self.rows:
            return self
        row = self.rows[index]
        return replace(
            self,
            seed=row.seed,
            guidance_scale=row.guidance_scale,
            start=row.start,
            noise_blend=row.noise_blend,
            rows=(),
        )

    def steps_taken(self, walk: int) -> int:
        """Of a walk of so many steps: all, or the share that `stop_step` is of `steps`."""
        if self.stop_step is None or walk == 0:
            return walk
        return max(1, round(walk * self.stop_step / self.steps))


def resolve(request: GenerateRequest, traits: ModelTraits) -> Settings:
    """Raises `InvalidRequest`."""
    check_request(request, traits)
    info = traits.info
    width, height, notes = _drawn_size(request.width, request.height, traits)
    blended = () if traits.reads_references else tuple(one for one in request.references if one.weight)
    rows = _rows(request, traits, _blend(blended) if blended else None)
    if request.negative_prompt:
        notes += _notes_on_negative(rows, info)
    if blended:
        notes += _notes_on_blending(request, info.name)
    return Settings(
        prompt=request.prompt,
        negative_prompt=request.negative_prompt,
        width=width,
        height=height,
        steps=info.steps if request.steps is None else request.steps,
        guidance_scale=rows[0].guidance_scale,
        sampler=traits.samplers[0] if request.sampler is None else request.sampler,
        seed=rows[0].seed,
        start=rows[0].start,
        notes=notes,
        mask=request.mask,
        noise_blend=rows[0].noise_blend,
        parts=request.parts,
        references=request.references if traits.reads_references else (),
        stop_step=request.stop_step,
        tile=request.tile,
        rows=rows,
    )


def _rows(request: GenerateRequest, traits: ModelTraits, blended: Start | None) -> tuple[RowSettings, ...]:
    count = len(request.seeds)
    usual = traits.guidance_scale if request.guidance_scale is None else request.guidance_scale
    scales = request.guidance_scales or (usual,) * count
    images = request.init_images or (request.init_image,) * count
    noise_blends = request.noise_blends or (None,) * count
    return tuple(
        RowSettings(seed, float(scale), blended if image is None else _start_at(image), noise_blend)
        for seed, scale, image, noise_blend in zip(request.seeds, scales, images, noise_blends, strict=True)
    )


def _start_at(image: InitImage) -> Start:
    return Start((image.pixels,), image.strength)


def _blend(references: tuple[Reference, ...]) -> Start:
    """For models that cannot look at pictures. Twice the usual weight keeps twice as much of them."""
    total = sum(one.weight for one in references)
    kept = (1 - FORGOTTEN_AT_USUAL_WEIGHT) * total / len(references)
    weights = tuple(one.weight / total for one in references)
    return Start(tuple(one.pixels for one in references), max(LEAST_FORGOTTEN, 1 - kept), weights)


def _notes_on_negative(rows: tuple[RowSettings, ...], info: ModelInfo) -> tuple[str, ...]:
    if not info.supports_negative_prompt:
        return (f"{info.name} has no negative prompt; it was ignored.",)
    if all(row.guidance_scale <= 1 for row in rows):
        return ("Without guidance (a scale above 1) there is no negative prompt; it was ignored.",)
    return ()


def _notes_on_blending(request: GenerateRequest, model: str) -> tuple[str, ...]:
    if request.init_image is not None or request.init_images:
        return (
            f"{model} starts from one picture or from its references, not from both; the references were left out.",
        )
    roles = sorted({one.role for one in request.references if one.weight} - {ReferenceRole.IMAGE})
    return tuple(f"{model} cannot single out the {role} of a picture; it started from the picture." for role in roles)


def _drawn_size(width: int, height: int, traits: ModelTraits) -> tuple[int, int, tuple[str, ...]]:
    """The nearest size that the model can draw, and a note if that is another shape than was asked for."""
    info, multiple = traits.info, traits.size_multiple
    if traits.fixed_size:
        if width * info.height == height * info.width:
            return info.width, info.height, ()
        note = f"{info.name} draws {info.width}x{info.height} pictures only; the aspect ratio was not kept."
        return info.width, info.height, (note,)
    drawn_width, drawn_height = (max(multiple, round(side / multiple) * multiple) for side in (width, height))
    if (drawn_width, drawn_height) == (width, height):
        return width, height, ()
    return drawn_width, drawn_height, (f"Drawn at {drawn_width}x{drawn_height}, in steps of {multiple} pixels.",)
