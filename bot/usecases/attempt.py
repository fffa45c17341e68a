"""One attempt at drawing a job, as the engine sees it: what is asked one after the other counts as one.

Its seconds and notes add up, its member sees one progress, and one cancel stops all of it. Knows no kind of job.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from bot.domain.errors import JobGone
from bot.domain.job import PRIORITY, Job
from bot.pictures import compose_preview, decode_rgb
from bot.usecases.masters import read_master
from bot.usecases.patience import ask
from bot.usecases.ports import DatabaseTrouble
from bot.usecases.studio import Studio
from bot.words import speaking, spoken
from engine.protocol import (
    Cancelled,
    Described,
    DescribeRequest,
    Failed,
    FailureCode,
    Finished,
    GenerateRequest,
    Pixels,
    Progress,
    Queued,
    Request,
    Started,
    Weighed,
)

log = structlog.get_logger(__name__)

PREVIEW_PIXELS = 512

Show = Callable[[Sequence[Pixels]], Sequence[Pixels]]
"""From the engine's small pictures to what the member sees of them."""


class RequestFailed(Exception):
    """The engine gave no picture."""

    def __init__(self, code: FailureCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class RequestCancelled(Exception):
    """Somebody stopped it between two steps."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which part of the whole work a request is, from 0 to 1."""

    begin: float = 0.0
    end: float = 1.0

    def at(self, share: float) -> float:
        return self.begin + (self.end - self.begin) * share

    def part(self, number: int, count: int) -> "Stretch":
        """The `number`th of `count` equal parts, counted from 0."""
        return Stretch(self.at(number / count), self.at((number + 1) / count))


WHOLE = Stretch()


def as_drawn(previews: Sequence[Pixels]) -> Sequence[Pixels]:
    return previews


@dataclass(slots=True)
class Attempt:
    """`job` is running. `engine_seconds` and `notes` are of everything that was asked so far."""

    job: Job
    studio: Studio
    engine_seconds: float = 0.0
    notes: list[str] = field(default_factory=list)
    _asked: int = 0

    async def read_source(self) -> Pixels:
        """The picture that the job starts from: one of ours, else the first that was handed in. Raises `JobGone`."""
        parent = self.job.parent
        if parent is None or self.job.operation.starts_from_input:
            return await self.read_input(0)
        source = await ask(lambda tx: tx.gallery.get(parent), f"parent of {self.job.id}", studio=self.studio)
        return await read_master(source, self.studio)

    async def read_input(self, number: int) -> Pixels:
        """The `number`th picture that was handed in, counted from 0. Raises `JobGone`."""
        keys = self.job.operation.source_keys
        if number >= len(keys):
            raise JobGone
        return await asyncio.to_thread(decode_rgb, await self.studio.store.get(keys[number]))

    def note(self, *sentences: str) -> None:
        """Each is told once, in the language of the job's member."""
        with speaking(self.job.locale):
            told = [spoken(sentence) for sentence in dict.fromkeys(sentences)]
        self.notes += [sentence for sentence in told if sentence not in self.notes]

    async def ask(self, request: Request, stretch: Stretch = WHOLE, show: Show = as_drawn) -> tuple[Pixels, ...]:
        """The pictures of one request, which gets its id and the job's speed here.

        Raises `RequestFailed` or `RequestCancelled`.
        """
        if self._asked and not await self._is_wanted():
            raise RequestCancelled
        request = replace(request, id=self._next_id(), priority=PRIORITY[self.job.speed])
        async for event in self.studio.engine.generate(request):
            match event:
                case Queued() | Started():
                    pass
                case Progress():
                    if event.previews or not isinstance(request, GenerateRequest):
                        await self._show_progress(event, stretch, show)
                case Finished():
                    self.engine_seconds += event.engine_seconds
                    self.note(*event.notes)
                    return event.images
                case Failed(code, reason):
                    raise RequestFailed(code, reason)
                case Described() | Weighed():
                    raise TypeError(f"a request for pictures was answered with {event}")
                case Cancelled():
                    raise RequestCancelled
        raise TypeError("the engine's stream ended without an end")

    async def describe(self, pixels: Pixels) -> str:
        """What is to be seen, in the likeliest words; empty where nothing here can say it.

        Raises `RequestFailed` or `RequestCancelled`.
        """
        if self._asked and not await self._is_wanted():
            raise RequestCancelled
        priority, key = PRIORITY[self.job.speed], str(self.job.user_id)
        request = DescribeRequest(self._next_id(), pixels, count=1, priority=priority, fairness_key=key)
        async for event in self.studio.engine.generate(request):
            match event:
                case Queued() | Started() | Progress():
                    pass
                case Described(texts, seconds):
                    self.engine_seconds += seconds
                    return next(iter(texts), "")
                case Failed(FailureCode.INVALID_REQUEST | FailureCode.MODEL_BROKEN):
                    return ""
                case Failed(code, reason):
                    raise RequestFailed(code, reason)
                case Cancelled():
                    raise RequestCancelled
                case Finished() | Weighed():
                    raise TypeError(f"a request for words was answered with {event}")
        raise TypeError("the engine's stream ended without an end")

    async def _is_wanted(self) -> bool:
        """A cancel that comes between two requests finds none to stop."""
        current = await ask(lambda tx: tx.jobs.find(self.job.id), f"job {self.job.id}", studio=self.studio)
        return current is not None and not current.has_ended

    def _next_id(self) -> str:
        """The first is the attempt's own; the others follow it after a slash, so that a cancel reaches them."""
        number, self._asked = self._asked, self._asked + 1
        return f"{self.job.request_id}/{number}" if number else self.job.request_id

    async def _show_progress(self, event: Progress, stretch: Stretch, show: Show) -> None:
        """The waiting message may have been attached after the job was claimed, so the stored job is asked for it.

        Denoising steps without a preview are not worth an edit: the chat takes one a second at best. Nor is any worth
        waiting for a database that is away.
        """
        try:
            async with self.studio.db.reading() as tx:
                current = await tx.jobs.find(self.job.id)
        except DatabaseTrouble as trouble:
            log.warning("progress not shown", job=self.job.id, why=str(trouble))
            return
        if current is None or current.has_ended:
            self.studio.engine.cancel(self.job.request_id)
            return
        preview = await asyncio.to_thread(_compose, event.previews, show) if event.previews else None
        fraction = stretch.at(event.step_index / event.total_steps)
        await self.studio.notifier.show_progress(current, fraction, preview)


def _compose(previews: Sequence[Pixels], show: Show) -> bytes:
    return compose_preview(show(previews), PREVIEW_PIXELS)
