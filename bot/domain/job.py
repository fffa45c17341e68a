"""A job: one request of a member, from the moment it is written down until its pictures are shown.

A picture is named by `(job id, index)`. A `Job` is frozen: every transition returns a new one or raises
`InvalidTransition`.
"""

import uuid
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import NewType, Self

from bot.domain.operation import PLAIN, Operation
from bot.domain.prompt.parameters import GenerationParams, Speed
from bot.domain.ticket import NO_TICKET, Ticket

MAX_INTERRUPTIONS = 3
"""How often the engine or the program may die while a job is drawn, before the job is taken for the cause."""

JobId = NewType("JobId", str)
UserId = NewType("UserId", int)


JOB_ID_PATTERN = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def new_job_id() -> JobId:
    """A fresh lower-case UUID v4, 36 characters: clients find it in file names and button ids."""
    return JobId(str(uuid.uuid4()))


class JobKind(StrEnum):
    IMAGINE = "imagine"
    REROLL = "reroll"
    VARIATION = "variation"
    VARY_SUBTLE = "vary_subtle"
    VARY_STRONG = "vary_strong"
    VARY_REGION = "vary_region"
    UPSCALE = "upscale"  # U1-U4: splits one picture off its grid, draws nothing
    UPSCALE_SUBTLE = "upscale_subtle"
    UPSCALE_CREATIVE = "upscale_creative"
    ZOOM_OUT = "zoom_out"
    MAKE_SQUARE = "make_square"
    PAN_LEFT = "pan_left"
    PAN_RIGHT = "pan_right"
    PAN_UP = "pan_up"
    PAN_DOWN = "pan_down"
    BLEND = "blend"
    RESTYLE = "restyle"
    ANIMATE = "animate"


UPSCALES = frozenset({JobKind.UPSCALE_SUBTLE, JobKind.UPSCALE_CREATIVE})
PANS = frozenset({JobKind.PAN_LEFT, JobKind.PAN_RIGHT, JobKind.PAN_UP, JobKind.PAN_DOWN})
OUTPAINTS = PANS | {JobKind.ZOOM_OUT, JobKind.MAKE_SQUARE}
VARIATIONS = frozenset({JobKind.VARIATION, JobKind.VARY_SUBTLE, JobKind.VARY_STRONG, JobKind.VARY_REGION})
HANDED_IN = frozenset({JobKind.BLEND, JobKind.RESTYLE})
"""The kinds that are made of pictures which came from outside, without a parent."""
SINGLE = UPSCALES | {JobKind.UPSCALE, JobKind.RESTYLE, JobKind.ANIMATE}
"""The kinds that end in one picture instead of a grid of four."""


PRIORITY = {Speed.TURBO: 0, Speed.FAST: 1, Speed.RELAX: 2}
"""Who goes first, in the queue and in the engine: the lower number."""


class JobStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUSED = "refused"


UNFINISHED = (JobStatus.QUEUED, JobStatus.RUNNING)


class DeliveryStatus(StrEnum):
    """Whether the member has been shown how the job ended."""

    NOT_DUE = "not_due"
    PENDING = "pending"
    DELIVERED = "delivered"
    BY_DM = "by_dm"
    UNDELIVERABLE = "undeliverable"


class FailureReason(StrEnum):
    """Why a job failed, as the member is told."""

    ENGINE = "engine"
    OUT_OF_MEMORY = "out_of_memory"
    BAD_PICTURE = "bad_picture"
    MODEL = "model"
    DISK_FULL = "disk_full"
    STORE = "store"
    SOURCE_GONE = "source_gone"
    INTERRUPTED = "interrupted"


class InvalidTransition(Exception):
    """The job is not in a state from which this may happen."""


@dataclass(frozen=True, slots=True)
class MessageRef:
    """Where a message stands in the chat."""

    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True)
class Door:
    """The way back to a place where the bot is no member: an interaction's token, and until when Discord takes it."""

    token: str = field(repr=False)
    open_until: datetime


@dataclass(frozen=True, slots=True)
class PictureRef:
    """Names one picture of one job; `index` counts from 0."""

    job_id: JobId
    index: int


@dataclass(frozen=True, slots=True)
class Job:
    id: JobId
    kind: JobKind
    user_id: UserId
    user_name: str
    channel_id: int
    guild_id: int | None
    prompt: str  # the normalised echo that every message about the job shows in bold
    params: GenerationParams
    created_at: datetime
    operation: Operation = PLAIN
    speed: Speed = Speed.FAST
    is_stealth: bool = False  # its pictures are kept out of everybody else's gallery
    is_remix: bool = False  # the prompt was changed on the way from the parent
    plan_name: str = ""  # of the plan that it was admitted under
    ticket: Ticket = NO_TICKET  # its place in the line
    status: JobStatus = JobStatus.QUEUED
    delivery: DeliveryStatus = DeliveryStatus.NOT_DUE
    attempt: int = 0
    delivery_attempts: int = 0
    interruptions: int = 0
    parent: PictureRef | None = None  # the picture that this job was started from
    pressed_message: MessageRef | None = None  # whose button was pressed; the result replies to it
    waiting_message: MessageRef | None = None
    result_message: MessageRef | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    engine_seconds: float = 0.0
    failure: FailureReason | None = None
    incident_id: str | None = None
    notes: tuple[str, ...] = ()
    door: Door | None = None  # where the bot is no member; None where it may always write
    locale: str = ""  # Discord's, of who asked: our words about it are in that language

    @property
    def picture_count(self) -> int:
        return 1 if self.kind in SINGLE else 4

    @property
    def is_grid(self) -> bool:
        return self.picture_count > 1

    @property
    def starts_from_picture(self) -> bool:
        """Whether `parent` is drawn upon, rather than only remembered."""
        return self.kind in VARIATIONS | OUTPAINTS | UPSCALES | {JobKind.ANIMATE}

    @property
    def has_ended(self) -> bool:
        return self.status not in UNFINISHED

    @property
    def is_discarded(self) -> bool:
        """Its member put its pictures away before they were shown."""
        return self.delivery is DeliveryStatus.DELIVERED and self.result_message is None

    @property
    def request_id(self) -> str:
        """The engine's name for this attempt."""
        return f"{self.id}:{self.attempt}"

    @property
    def seeds(self) -> tuple[int, ...]:
        """One seed a picture, all following from the job's own (32 bits, wrapping)."""
        return tuple((self.params.seed + index) % 2**32 for index in range(self.picture_count))

    @property
    def is_suspect(self) -> bool:
        """One more interruption ends it. It is drawn alone, for it takes with it whatever is drawn beside it."""
        return self.interruptions == MAX_INTERRUPTIONS - 1

    def _leave(self, *expected: JobStatus) -> None:
        if self.status not in expected:
            raise InvalidTransition(f"job {self.id} is {self.status}, expected {' or '.join(expected)}")

    def start(self, now: datetime) -> Self:
        self._leave(JobStatus.QUEUED)
        return replace(self, status=JobStatus.RUNNING, attempt=self.attempt + 1, started_at=now)

    def requeue(self) -> Self:
        """Back to the queue, with the same seed, because the program is to end before it does."""
        self._leave(JobStatus.RUNNING)
        return replace(self, status=JobStatus.QUEUED, started_at=None)

    def interrupt(self, now: datetime, incident_id: str) -> Self:
        """The engine or the program died while it was drawn: back to the queue, or to its end if it seems to be why."""
        self._leave(JobStatus.RUNNING)
        counted = replace(self, interruptions=self.interruptions + 1)
        if counted.interruptions < MAX_INTERRUPTIONS:
            return counted.requeue()
        return counted.fail(now, FailureReason.INTERRUPTED, incident_id)

    def succeed(self, now: datetime, engine_seconds: float, notes: tuple[str, ...] = ()) -> Self:
        self._leave(*UNFINISHED)
        return self._end(JobStatus.SUCCEEDED, now, engine_seconds=engine_seconds, notes=notes)

    def fail(self, now: datetime, reason: FailureReason, incident_id: str) -> Self:
        self._leave(*UNFINISHED)
        return self._end(JobStatus.FAILED, now, failure=reason, incident_id=incident_id)

    def cancel(self, now: datetime) -> Self:
        self._leave(*UNFINISHED)
        return self._end(JobStatus.CANCELLED, now)

    def _end(self, status: JobStatus, now: datetime, **changes: object) -> Self:
        return replace(self, status=status, finished_at=now, delivery=DeliveryStatus.PENDING, **changes)  # type: ignore[arg-type]

    def delivered(self, message: MessageRef | None, how: DeliveryStatus = DeliveryStatus.DELIVERED) -> Self:
        if self.delivery is not DeliveryStatus.PENDING:
            raise InvalidTransition(f"job {self.id} has nothing to deliver")
        return replace(self, delivery=how, result_message=message or self.result_message)

    def put_away(self) -> Self:
        """Pictures that are not shown yet never will be. Any other end is still told."""
        if self.status is JobStatus.SUCCEEDED and self.delivery is DeliveryStatus.PENDING:
            return self.delivered(None)
        return self
