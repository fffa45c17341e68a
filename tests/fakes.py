"""An engine that plays a script: it honours the `Engine` Protocol and draws plain coloured squares."""

import asyncio
import colorsys
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from engine.protocol import (
    AnimateRequest,
    Cancelled,
    Described,
    DescribeRequest,
    Event,
    Failed,
    FailureCode,
    Finished,
    GenerateRequest,
    ModelInfo,
    Pixels,
    Progress,
    Queued,
    Request,
    RestyleRequest,
    Started,
    TerminalEvent,
    UpscaleRequest,
    Weighed,
    WeighWordsRequest,
    WordWeight,
)

FAKE_MODEL = ModelInfo("fake", "fake", width=64, height=64, steps=4, supports_negative_prompt=True)


TaskRequest = UpscaleRequest | RestyleRequest | DescribeRequest | WeighWordsRequest | AnimateRequest

Paint = Callable[[int, int, int], Pixels]
"""Width and height in pixels and a seed become a picture."""


def coloured(width: int, height: int, seed: int) -> Pixels:
    """One plain colour, which the seed decides."""
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(seed * 0.618 % 1, 0.7, 0.9))
    return Pixels(width, height, bytes((red, green, blue)) * (width * height))


def grainy(width: int, height: int, seed: int) -> Pixels:
    """Noise, which no format makes small."""
    return Pixels(width, height, random.Random(seed).randbytes(width * height * 3))


def noise(width: int, height: int, seed: int) -> Pixels:
    """What no encoder makes smaller without loss."""
    return Pixels(width, height, random.Random(seed).randbytes(width * height * 3))


def enlarged(pixels: Pixels, scale: int) -> Pixels:
    """Each pixel becomes a square."""
    size = (pixels.width * scale, pixels.height * scale)
    large = Image.frombytes("RGB", (pixels.width, pixels.height), pixels.rgb).resize(size, Image.Resampling.NEAREST)
    return Pixels(*size, large.tobytes())


@dataclass(eq=False)
class Gate:
    """Holds whoever passes until it is opened; tells when somebody has come."""

    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _reached: asyncio.Event = field(default_factory=asyncio.Event)

    def open(self) -> None:
        self._open.set()

    async def reached(self) -> None:
        await self._reached.wait()

    async def passed(self) -> None:
        self._reached.set()
        await self._open.wait()


class FakeEngine:
    """Draws at once, unless told otherwise.

    `draw(width, height, seed)` makes a picture. `hold(step)` gives a gate at which the next request waits after that
    step (0 is before the first); `fail_next(code)` makes the next request end without pictures; `note_next` gives the
    next pictures notes. `die()` ends it as a broken thread does; so does drawing a prompt with the word
    `poison`, if there is one. `requests` lists all pictures that were asked for, in order, `others` everything else.
    """

    def __init__(
        self,
        models: Sequence[ModelInfo] = (FAKE_MODEL,),
        draw: Callable[[int, int, int], Pixels] = coloured,
    ) -> None:
        self._draw = draw
        self.requests: list[GenerateRequest] = []
        self.others: list[TaskRequest] = []
        self._models = tuple(models)
        self._gates: list[tuple[int, Gate]] = []
        self._failures: list[FailureCode] = []
        self._notes: tuple[str, ...] = ()
        self._stops: dict[str, asyncio.Event] = {}
        self._end: FailureCode | None = None
        self._ended = asyncio.Event()
        self.poison = ""
        self.starts = 0

    def hold(self, step: int = 0) -> Gate:
        gate = Gate()
        self._gates.append((step, gate))
        return gate

    def fail_next(self, code: FailureCode) -> None:
        self._failures.append(code)

    def note_next(self, *notes: str) -> None:
        self._notes = notes

    def record(self, request: Request) -> None:
        if isinstance(request, GenerateRequest):
            self.requests.append(request)
        else:
            self.others.append(request)

    async def start(self) -> None:
        self._end = None
        self._ended.clear()
        self.starts += 1

    def list_models(self) -> tuple[ModelInfo, ...]:
        return self._models

    def cancel(self, request_id: str) -> None:
        for name, stop in self._stops.items():
            if name == request_id or name.startswith(f"{request_id}/"):
                stop.set()

    async def stop(self) -> None:
        self._finish(FailureCode.ENGINE_STOPPED)

    def die(self) -> None:
        self._finish(FailureCode.ENGINE_DIED)

    async def wait_ended(self) -> str:
        await self._ended.wait()
        return f"the script says so: {self._end}"

    def _finish(self, end: FailureCode) -> None:
        self._end = self._end or end
        self._ended.set()
        for stop in self._stops.values():
            stop.set()

    async def generate(self, request: Request) -> AsyncIterator[Event]:
        if request.id in self._stops:
            yield Failed(FailureCode.INVALID_REQUEST, f"request {request.id} is under way already")
            return
        self.record(request)
        if not isinstance(request, GenerateRequest):
            yield self._answer(request)
            return
        stop = self._stops[request.id] = asyncio.Event()
        try:
            async for event in self._play(request, stop):
                yield event
        finally:
            del self._stops[request.id]

    async def _play(self, request: GenerateRequest, stop: asyncio.Event) -> AsyncIterator[Event]:
        held_at, gate = self._gates.pop(0) if self._gates else (-1, Gate())
        total = request.steps or self._models[0].steps
        yield Queued()
        if self._end:
            yield Failed(FailureCode.ENGINE_STOPPED, "stopped")
            return
        if self._failures:
            yield Failed(self._failures.pop(0), "the script says so")
            return
        yield Started(total)
        for step in range(total + 1):
            if step:
                yield Progress(step, total, self._previews(request, step))
            if step and self.poison and self.poison in request.prompt:
                self.die()
            if step == held_at:
                await _first_of(gate.passed(), stop.wait())
            if stop.is_set():
                yield Failed(self._end, "stopped") if self._end else Cancelled()
                return
        notes, self._notes = self._notes, ()
        images = tuple(self._draw(request.width, request.height, seed) for seed in _noises(request))
        yield Finished(images, engine_seconds=0.25, notes=notes)

    def _answer(self, request: TaskRequest) -> TerminalEvent:
        """At once, and of the right shape."""
        match request:
            case UpscaleRequest(pixels=pixels, scale=scale):
                return Finished((enlarged(pixels, scale),), engine_seconds=0.5)
            case AnimateRequest(pixels=pixels, seed=seed):
                frames = (self._draw(pixels.width, pixels.height, seed + number) for number in range(5))
                return Finished(tuple(frames), engine_seconds=0.5)
            case RestyleRequest(content=content):
                return Finished((self._draw(content.width, content.height, 0),), engine_seconds=0.5)
            case DescribeRequest(count=count, seed=seed):
                return Described(tuple(f"a description, number {seed + index}" for index in range(count)), 0.25)
            case WeighWordsRequest(prompt=prompt):
                words = prompt.split()
                return Weighed(tuple(WordWeight(word, 1 / (1 + n)) for n, word in enumerate(words)), 0.25)

    def _previews(self, request: GenerateRequest, step: int) -> tuple[Pixels, ...]:
        if not request.preview_every or step % request.preview_every:
            return ()
        return tuple(self._draw(16, 16, seed) for seed in request.seeds)


def _noises(request: GenerateRequest) -> list[int]:
    """One number for each row's first noise: blended ones differ from the plain."""
    shares = [blend.share for blend in request.noise_blends] or [0.0] * len(request.seeds)
    return [seed + round(share * 1_000_003) for seed, share in zip(request.seeds, shares, strict=True)]


async def _first_of(*waits: Coroutine[Any, Any, object]) -> None:
    tasks = [asyncio.create_task(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
