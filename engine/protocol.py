"""What a program may ask of an engine, and what it is told back.

This is all that the bot knows of the engine. It loads no torch, so that importing it costs nothing.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Pixels:
    """One picture: 8-bit RGB, rows from the top, three bytes a pixel, no padding."""

    width: int
    height: int
    rgb: bytes

    def __post_init__(self) -> None:
        if len(self.rgb) != self.width * self.height * 3:
            raise ValueError(f"{self.width}x{self.height} RGB needs {self.width * self.height * 3} bytes")


@dataclass(frozen=True, slots=True)
class InitImage:
    """The picture that a row starts from. `strength` 0 keeps it, 1 forgets it."""

    pixels: Pixels
    strength: float


@dataclass(frozen=True, slots=True)
class Mask:
    """Which part of a picture is drawn anew: one byte a pixel, rows from the top; from 128 up it is redrawn."""

    width: int
    height: int
    levels: bytes

    def __post_init__(self) -> None:
        if len(self.levels) != self.width * self.height:
            raise ValueError(f"a {self.width}x{self.height} mask needs {self.width * self.height} bytes")


@dataclass(frozen=True, slots=True)
class WeightedPart:
    """A part of a prompt that is understood by itself. Weights are relative to each other, and positive."""

    text: str
    weight: float = 1.0


class ReferenceRole(StrEnum):
    """What of a reference picture goes into the new one."""

    IMAGE = "image"
    STYLE = "style"
    CHARACTER = "character"
    OBJECT = "object"


@dataclass(frozen=True, slots=True)
class Reference:
    """A picture to be guided by. `weight` 1 is the usual influence of its role, 0 none."""

    role: ReferenceRole
    pixels: Pixels
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class NoiseBlend:
    """The row's first noise is turned towards that of another seed: `share` 0 is the row's own, 1 the other's."""

    seed: int
    share: float


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """One job: as many pictures (rows) as there are seeds.

    `id` is unique among the requests of an engine's life. A lower `priority` goes first; `fairness_key` is opaque:
    requests with the same key share one fair portion of the machine. `width` and `height` are pixels of the
    picture; a family draws at the nearest size it can and reports the size it drew.
    `steps`, `guidance_scale` and `sampler` left at None take the model's own default.
    `mask` needs an `init_image` of the same shape, and keeps it where the mask is black.

    `init_images` has one picture a row, in the place of `init_image`; `guidance_scales` and `noise_blends` likewise
    have one entry a row or are empty. `parts` say the prompt in weighted parts, each understood by itself. `stop_step`
    ends the walk after so many of the `steps` (one that begins at a picture, after the same share), and shows the
    picture as it is guessed then, blurry. `tile` makes opposite edges meet without a seam.
    What a model cannot do (see `ModelInfo.abilities`) ends in INVALID_REQUEST.
    """

    id: str
    prompt: str
    seeds: tuple[int, ...]
    model: str = ""
    negative_prompt: str = ""
    width: int = 1024
    height: int = 1024
    steps: int | None = None
    guidance_scale: float | None = None
    sampler: str | None = None
    init_image: InitImage | None = None
    preview_every: int = 0
    priority: int = 0
    fairness_key: str = ""
    mask: Mask | None = None
    init_images: tuple[InitImage, ...] = ()
    guidance_scales: tuple[float, ...] = ()
    noise_blends: tuple[NoiseBlend, ...] = ()
    parts: tuple[WeightedPart, ...] = ()
    references: tuple[Reference, ...] = ()
    stop_step: int | None = None
    tile: bool = False


@dataclass(frozen=True, slots=True)
class UpscaleRequest:
    """Make one picture's sides `scale` (2 or 4) times as long, with a network that invents no new content."""

    id: str
    pixels: Pixels
    scale: int = 2
    priority: int = 0
    fairness_key: str = ""


@dataclass(frozen=True, slots=True)
class RestyleRequest:
    """Draw `content` in the manner of `style` (neural style transfer).

    `strength` is 0 to 1. `keeps_colours` leaves the content's colours. `steps` 0 is one fast pass; more are so many
    steps of optimisation, with previews every `preview_every` of them.
    """

    id: str
    content: Pixels
    style: Pixels
    strength: float = 0.7
    keeps_colours: bool = False
    steps: int = 0
    preview_every: int = 0
    priority: int = 0
    fairness_key: str = ""


@dataclass(frozen=True, slots=True)
class DescribeRequest:
    """Say in words what is in a picture, in `count` different ways that `seed` decides."""

    id: str
    pixels: Pixels
    count: int = 4
    seed: int = 0
    priority: int = 0
    fairness_key: str = ""


@dataclass(frozen=True, slots=True)
class WeighWordsRequest:
    """Find out how much each word of a prompt matters to the model."""

    id: str
    prompt: str
    model: str = ""
    priority: int = 0
    fairness_key: str = ""


@dataclass(frozen=True, slots=True)
class AnimateRequest:
    """Let a picture move: the frames of a film of a few seconds that begins at it, seven a second.

    `motion` is how lively, 0 to 1; `steps` 0 takes the model's own. Only where a model is offered with `Ability.FILM`.
    """

    id: str
    pixels: Pixels
    seed: int = 0
    motion: float = 0.5
    steps: int = 0
    priority: int = 0
    fairness_key: str = ""


Request = GenerateRequest | UpscaleRequest | RestyleRequest | DescribeRequest | WeighWordsRequest | AnimateRequest


class FailureCode(StrEnum):
    """Why a request ended without pictures. The member's sentence is chosen elsewhere."""

    INVALID_REQUEST = "invalid_request"
    UNKNOWN_MODEL = "unknown_model"
    MODEL_BROKEN = "model_broken"
    OUT_OF_MEMORY = "out_of_memory"
    NOT_A_NUMBER = "not_a_number"
    ENGINE_STOPPED = "engine_stopped"  # in order, or before this request was begun
    ENGINE_DIED = "engine_died"  # by itself, while this request was under way
    INTERNAL = "internal"


@dataclass(frozen=True, slots=True)
class Queued:
    """Accepted; waits for room in a batch."""


@dataclass(frozen=True, slots=True)
class Started:
    """Its first denoising step is about to run."""

    total_steps: int


@dataclass(frozen=True, slots=True)
class Progress:
    """`step_index` of `total_steps` is done by every row. `previews` has one small picture a row, or is empty."""

    step_index: int
    total_steps: int
    previews: tuple[Pixels, ...] = ()


@dataclass(frozen=True, slots=True)
class Finished:
    """The pictures in the order of the seeds. `engine_seconds` is the request's share of the machine's time.

    `notes` are short sentences for the reader on what the model could not do as asked.
    """

    images: tuple[Pixels, ...]
    engine_seconds: float
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failed:
    """No pictures. `reason` is for the log and the operator."""

    code: FailureCode
    reason: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Stopped between two steps because somebody asked."""


@dataclass(frozen=True, slots=True)
class Described:
    """The descriptions that were asked for, the likeliest first."""

    texts: tuple[str, ...]
    engine_seconds: float


@dataclass(frozen=True, slots=True)
class WordWeight:
    """`weight` is 0 (the model draws the same without it) to 1 (the most important word of this prompt)."""

    word: str
    weight: float


@dataclass(frozen=True, slots=True)
class Weighed:
    """The prompt's words in their order."""

    words: tuple[WordWeight, ...]
    engine_seconds: float


TerminalEvent = Finished | Described | Weighed | Failed | Cancelled
Event = Queued | Started | Progress | TerminalEvent


class Ability(StrEnum):
    """What a model may or may not be able to do."""

    PARTS = "parts"
    GUIDANCE_PER_ROW = "guidance_per_row"
    STOP = "stop"
    TILE = "tile"
    IMAGE_REFERENCE = "image_reference"
    STYLE_REFERENCE = "style_reference"
    CHARACTER_REFERENCE = "character_reference"
    OBJECT_REFERENCE = "object_reference"
    FILM = "film"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What a member should know of a model: its name, its native picture size in pixels, what it can do.

    `guidance_scale` is the model's usual one, None when it is not guided; `max_pixels` is the largest picture's area, 0
    when there is one size only. `vocabulary` is empty for a model that reads any words; of a closed one `scenery` lists
    the words for what stands behind things.
    """

    name: str
    family: str
    width: int
    height: int
    steps: int
    supports_negative_prompt: bool
    vocabulary: tuple[str, ...] = ()
    guidance_scale: float | None = None
    max_pixels: int = 0
    abilities: frozenset[Ability] = frozenset()
    scenery: tuple[str, ...] = ()


class Engine(Protocol):
    """Draws pictures. Every stream of `generate` ends in exactly one terminal event, whatever happens."""

    async def start(self) -> None:
        """Load the models and warm up. Raises `EngineStartError` with a sentence for the operator."""
        ...

    def generate(self, request: Request) -> AsyncIterator[Event]:
        """Submit and follow one request. A second request under a living id ends in INVALID_REQUEST."""
        ...

    def cancel(self, request_id: str) -> None:
        """Ask for a stop at the next step boundary, also of requests whose id is this one, a slash and more.

        Unknown and finished ids are ignored.
        """
        ...

    def list_models(self) -> tuple[ModelInfo, ...]:
        """The models that requests may name; the first is the default."""
        ...

    async def stop(self) -> None:
        """End what runs (streams end in Failed(ENGINE_STOPPED)) and free the device. Idempotent."""
        ...

    async def wait_ended(self) -> str:
        """Returns the reason once the engine has ended. If it died by itself (streams end in Failed(ENGINE_DIED)), it
        may be started again."""
        ...


class EngineStartError(Exception):
    """The engine cannot start; the message says what to change."""
