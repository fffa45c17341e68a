"""The engine in this process: streams on the event loop's side, one owner thread that alone touches torch.

Work goes in through an inbox and comes back through the loop's thread-safe call. Every stream ends in exactly one
terminal event: the generation's own, or Failed(ENGINE_STOPPED) when the owner thread ends for whatever reason.
"""

import asyncio
import contextlib
import logging
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.config import EngineConfig
from engine.generation import Batch, Generation, Row
from engine.inbox import Inbox, InboxClosed
from engine.protocol import (
    Cancelled,
    EngineStartError,
    Event,
    Failed,
    FailureCode,
    Finished,
    GenerateRequest,
    ModelInfo,
    Progress,
    Queued,
    Started,
    TerminalEvent,
)
from engine.scheduler import Scheduler
from engine.settings import InvalidRequest, resolve

if TYPE_CHECKING:
    from engine.pipelines.interface import Pipeline

log = logging.getLogger(__name__)

LoadModels = Callable[[EngineConfig], "Mapping[str, Pipeline]"]


class Stream:
    """What one caller of `generate` reads. Owned by the event loop; events after the terminal one are dropped."""

    def __init__(self) -> None:
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._ended = False

    def put(self, event: Event) -> None:
        if not self._ended:
            self._ended = isinstance(event, TerminalEvent)
            self._events.put_nowait(event)

    async def get(self) -> Event:
        return await self._events.get()


@dataclass(frozen=True, slots=True)
class Submit:
    request: GenerateRequest
    stream: Stream


@dataclass(frozen=True, slots=True)
class Cancel:
    request_id: str


Message = Submit | Cancel


class LocalEngine:
    """Implements `engine.protocol.Engine`. It belongs to the event loop that called `start`.

    `load` is where the models come from; it runs in the owner thread.
    """

    def __init__(self, config: EngineConfig, load: LoadModels | None = None) -> None:
        self._config = config
        self._load = load
        self._inbox: Inbox[Message] | None = None
        self._thread: threading.Thread | None = None
        self._models: tuple[ModelInfo, ...] = ()
        self._streams: dict[str, Stream] = {}
        self._ended = asyncio.Event()
        self._end_reason = "the engine was not started"

    async def start(self) -> None:
        if self._thread is not None:
            await self._join_ended(self._thread)
        loop = asyncio.get_running_loop()
        inbox: Inbox[Message] = Inbox()
        loaded: asyncio.Future[tuple[ModelInfo, ...]] = loop.create_future()
        owner = _Owner(self._config, self._load or _load_models, inbox, loop, self._on_end)
        self._thread = threading.Thread(target=owner.run, args=(loaded,), name="engine", daemon=True)
        self._inbox = inbox
        self._ended.clear()
        self._end_reason = "the engine thread died"
        self._thread.start()
        try:
            self._models = await loaded
        except EngineStartError:
            await self._ended.wait()  # the thread is past its last word when the caller hears of it
            raise

    async def _join_ended(self, thread: threading.Thread) -> None:
        if not self._ended.is_set():
            raise EngineStartError("the engine is already running")
        await asyncio.to_thread(thread.join, self._config.stop_timeout_seconds)
        if thread.is_alive():
            raise EngineStartError("the engine's last thread is stuck in a step; restart the program")

    async def generate(self, request: GenerateRequest) -> AsyncIterator[Event]:
        """The request is submitted when the first event is asked for. Leaving the stream early cancels it."""
        if request.id in self._streams:
            yield Failed(FailureCode.INVALID_REQUEST, f"request {request.id} is already under way")
            return
        stream = Stream()
        if not self._post(Submit(request, stream)):
            yield Failed(FailureCode.ENGINE_STOPPED, self._end_reason)
            return
        self._streams[request.id] = stream
        event: Event = Queued()
        try:
            yield event
            while not isinstance(event, TerminalEvent):
                event = await stream.get()
                if isinstance(event, TerminalEvent):
                    del self._streams[request.id]  # before the caller sees it: the id is free again
                yield event
        finally:
            if not isinstance(event, TerminalEvent):
                del self._streams[request.id]
                self._post(Cancel(request.id))

    def cancel(self, request_id: str) -> None:
        self._post(Cancel(request_id))

    def list_models(self) -> tuple[ModelInfo, ...]:
        return self._models

    async def stop(self) -> None:
        """The owner thread leaves at the next step boundary; one that is stuck is given up after a while."""
        if self._thread is None or self._inbox is None:
            return
        if not self._ended.is_set():
            self._end_reason = "the engine was stopped"
        self._inbox.close()
        await asyncio.to_thread(self._thread.join, self._config.stop_timeout_seconds)
        if self._thread.is_alive():
            log.error("the engine thread did not stop within %.0f s", self._config.stop_timeout_seconds)
            self._on_end("the engine thread is stuck and was given up")
        await self._ended.wait()

    async def wait_ended(self) -> str:
        """Returns the reason once the owner thread has ended: it was stopped, or it died and may be started again."""
        await self._ended.wait()
        return self._end_reason

    def _post(self, message: Message) -> bool:
        if self._inbox is None:
            return False
        try:
            self._inbox.put(message)
        except InboxClosed:
            return False
        return True

    def _on_end(self, reason: str) -> None:
        self._end_reason = reason
        for stream in self._streams.values():
            stream.put(Failed(FailureCode.ENGINE_STOPPED, reason))
        self._ended.set()


class _Owner:
    """Everything that happens in the owner thread."""

    def __init__(
        self,
        config: EngineConfig,
        load: LoadModels,
        inbox: Inbox[Message],
        loop: asyncio.AbstractEventLoop,
        on_end: Callable[[str], None],
    ) -> None:
        self._config = config
        self._load = load
        self._inbox = inbox
        self._loop = loop
        self._on_end = on_end
        self._streams: dict[Generation, Stream] = {}

    def run(self, loaded: "asyncio.Future[tuple[ModelInfo, ...]]") -> None:
        """The last-resort boundary: however the thread ends, every waiter gets an answer."""
        reason = "the engine was stopped"
        try:
            self._serve(loaded)
        except EngineStartError as error:
            reason = str(error)
            self._call(_set_exception, loaded, error)
        except BaseException as error:
            log.critical("the engine thread died", exc_info=True)
            reason = f"the engine thread died: {type(error).__name__}: {error}"
            self._call(_set_exception, loaded, EngineStartError(reason))
        finally:
            self._streams.clear()
            self._inbox.close()
            self._call(self._on_end, reason)

    def _serve(self, loaded: "asyncio.Future[tuple[ModelInfo, ...]]") -> None:
        _share_the_cores()
        import torch

        from engine.runner import Runner

        torch.set_num_threads(_thread_count(self._config.threads))
        with torch.inference_mode():
            self._pipelines = self._load(self._config)
            self._runner = Runner(self._pipelines)
            self._scheduler = Scheduler(self._config.max_rows or _default_max_rows(self._pipelines))
            models = tuple(pipeline.traits.info for pipeline in self._pipelines.values())
            self._call(_set_result, loaded, models)
            with contextlib.suppress(InboxClosed):
                while True:
                    self._drain_inbox()
                    self._turn()

    def _drain_inbox(self) -> None:
        """Blocks only when there is nothing to draw. Raises `InboxClosed` when it is time to stop."""
        for message in self._inbox.take(wait=not self._scheduler.has_work):
            match message:
                case Submit(request, stream):
                    self._accept(request, stream)
                case Cancel(request_id):
                    self._cancel(request_id)

    def _turn(self) -> None:
        """Newcomers prepared, one denoising step for one batch, one picture decoded."""
        for generation in self._scheduler.admit():
            self._prepare(generation)
        batch = self._scheduler.schedule()
        if batch is not None:
            self._step(batch)
        row = self._scheduler.next_decode()
        if row is not None:
            self._decode(row)

    def _accept(self, request: GenerateRequest, stream: Stream) -> None:
        model = request.model or next(iter(self._pipelines))
        pipeline = self._pipelines.get(model)
        if pipeline is None:
            reason = f"there is no model {model!r}; choose from {', '.join(self._pipelines)}"
            self._tell(stream, Failed(FailureCode.UNKNOWN_MODEL, reason))
            return
        try:
            settings = resolve(request, pipeline.traits)
        except InvalidRequest as error:
            self._tell(stream, Failed(FailureCode.INVALID_REQUEST, str(error)))
            return
        generation = Generation(request, settings, model)
        self._streams[generation] = stream
        self._scheduler.add(generation)
        log.debug("queued request=%s model=%s rows=%d", request.id, model, len(request.seeds))

    def _cancel(self, request_id: str) -> None:
        generation = self._scheduler.find(request_id)
        if generation is not None:
            self._end(generation, Cancelled())

    def _prepare(self, generation: Generation) -> None:
        failure = self._runner.prepare(generation)
        if failure is not None:
            self._end(generation, failure)
        else:
            self._tell(self._streams[generation], Started(generation.total_steps or 0))

    def _step(self, batch: Batch) -> None:
        outcome = self._runner.step(batch)
        if outcome.fitting_rows is not None:
            log.warning("out of memory: %s now fits %d rows", batch.key, outcome.fitting_rows)
            self._scheduler.limit_rows(batch.key, outcome.fitting_rows)
        for result in outcome.results:
            if result.failure is not None:
                self._end(result.generation, result.failure)
            else:
                self._report_progress(result.generation)

    def _decode(self, row: Row) -> None:
        failure = self._runner.decode(row)
        if failure is not None:
            self._end(row.generation, failure)
        elif row.generation.is_drawn:
            self._finish(row.generation)

    def _report_progress(self, generation: Generation) -> None:
        done, total = generation.steps_done, generation.total_steps or 0
        if done == generation.reported_steps:
            return
        generation.reported_steps = done
        previews = tuple(row.preview for row in generation.rows if row.preview is not None)
        if len(previews) < len(generation.rows):
            previews = ()
        for row in generation.rows:
            row.preview = None
        self._tell(self._streams[generation], Progress(done, total, previews))

    def _finish(self, generation: Generation) -> None:
        images = tuple(row.image for row in generation.rows if row.image is not None)
        self._end(generation, Finished(images, generation.engine_seconds, generation.notes))

    def _end(self, generation: Generation, event: TerminalEvent) -> None:
        self._scheduler.remove(generation)
        self._tell(self._streams.pop(generation), event)
        if isinstance(event, Failed):
            log.warning("failed request=%s code=%s reason=%s", generation.id, event.code, event.reason)
        else:
            log.debug("ended request=%s event=%s", generation.id, type(event).__name__)

    def _tell(self, stream: Stream, event: Event) -> None:
        self._call(stream.put, event)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        """A loop that has closed has no waiters left."""
        try:
            self._loop.call_soon_threadsafe(function, *arguments)
        except RuntimeError:
            log.warning("the event loop closed before the engine did")


def _load_models(config: EngineConfig) -> "Mapping[str, Pipeline]":
    from engine.models import load_models

    return load_models(config)


def _default_max_rows(pipelines: "Mapping[str, Pipeline]") -> int:
    """A CPU is saturated by a few small rows or one large one; more would only delay everybody's next preview."""
    if any(pipeline.device.type != "cpu" for pipeline in pipelines.values()):
        return 16
    sizes = [pipeline.traits.info.width * pipeline.traits.info.height for pipeline in pipelines.values()]
    return 8 if max(sizes) <= 256 * 256 else 2


def _thread_count(configured: int) -> int:
    """All cores of a small machine (the thread's low priority keeps the event loop awake), one less of a larger."""
    if configured > 0:
        return configured
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores if cores < 4 else cores - 1


def _share_the_cores() -> None:
    """Let the event loop and other processes go first; must run before torch is imported.

    On Linux a thread has its own niceness, which the threads that torch starts from it inherit. Idle OpenMP threads
    spin by default: on a busy machine that made a step ten times slower than letting them sleep.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


def _set_result(future: "asyncio.Future[tuple[ModelInfo, ...]]", models: tuple[ModelInfo, ...]) -> None:
    if not future.done():
        future.set_result(models)


def _set_exception(future: "asyncio.Future[tuple[ModelInfo, ...]]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
