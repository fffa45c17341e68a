"""What happens in the owner thread: messages in, steps, events out. The only code that waits for torch.

It knows nothing of event loops or of how streams are read; `call` brings a function call to wherever they live.
"""

import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from engine.generation import Batch, Generation, Row
from engine.inbox import Cancel, Inbox, InboxClosed, Pause, Stream, Submit
from engine.limits import InvalidRequest
from engine.protocol import (
    Cancelled,
    Described,
    Event,
    Failed,
    FailureCode,
    Finished,
    GenerateRequest,
    ModelInfo,
    Progress,
    Request,
    Started,
    TerminalEvent,
    Weighed,
)
from engine.scheduler import Scheduler
from engine.settings import resolve
from engine.tasks import Task, TaskQueue

if TYPE_CHECKING:
    from engine.pipelines.interface import Pipeline
    from engine.runner import Runner
    from engine.task_runner import TaskRunner

log = logging.getLogger(__name__)

Call = Callable[..., None]

SLICE_SECONDS = 0.03
SLICE_SHARE = 0.25  # of the denoising step before it, where that is longer: other work gets a fifth of a busy machine


class Owner:
    """Repeats: drain the inbox, let the scheduler choose, let the runner compute, publish.

    Between two denoising steps there is a slice of other work, so that neither waits long for the other.
    """

    def __init__(
        self,
        pipelines: "Mapping[str, Pipeline]",
        scheduler: Scheduler,
        runner: "Runner",
        task_runner: "TaskRunner",
        inbox: Inbox,
        call: Call,
    ) -> None:
        self._pipelines = pipelines
        self._scheduler = scheduler
        self._runner = runner
        self._tasks = TaskQueue()
        self._task_runner = task_runner
        self._inbox = inbox
        self._call = call
        self._streams: dict[Generation | Task, Stream] = {}

    def list_models(self) -> tuple[ModelInfo, ...]:
        shared = self._task_runner.abilities
        infos = (pipeline.traits.info for pipeline in self._pipelines.values())
        return tuple(replace(info, abilities=info.abilities | shared) for info in infos)

    def serve(self) -> None:
        """Until the inbox is closed."""
        import torch

        with torch.inference_mode(), contextlib.suppress(InboxClosed):
            while True:
                self._drain_inbox()
                self._turn()

    def _drain_inbox(self) -> None:
        """Blocks only when there is nothing to do. Raises `InboxClosed` when it is time to stop."""
        for message in self._inbox.take(wait=not (self._scheduler.has_work or self._tasks.has_work)):
            match message:
                case Submit(request, stream):
                    self._accept(request, stream)
                case Cancel(request_id):
                    self._cancel(request_id)
                case Pause(request_id, is_paused):
                    self._pause(request_id, is_paused=is_paused)

    def _turn(self) -> None:
        """Newcomers prepared, one denoising step for one batch, one picture decoded, one slice of other work."""
        started = time.perf_counter()
        for generation in self._scheduler.admit():
            self._prepare(generation)
        batch = self._scheduler.schedule()
        if batch is not None:
            self._step(batch)
        row = self._scheduler.next_decode()
        if row is not None:
            self._decode(self._scheduler.rows_to_decode(row, self._runner.decode_rows(row.generation.key)))
        task = self._tasks.next()
        if task is not None:
            self._advance(task, max(SLICE_SECONDS, SLICE_SHARE * (time.perf_counter() - started)))

    def _accept(self, request: Request, stream: Stream) -> None:
        try:
            work: Generation | Task | Failed = self._begin(request)
        except InvalidRequest as error:
            work = Failed(FailureCode.INVALID_REQUEST, str(error))
        if isinstance(work, Failed):
            self._tell(stream, work)
            return
        self._streams[work] = stream
        if isinstance(work, Generation):
            self._scheduler.add(work)
        else:
            self._tasks.add(work)
        log.debug("queued request=%s kind=%s", request.id, type(request).__name__)

    def _begin(self, request: Request) -> Generation | Task | Failed:
        """Raises `InvalidRequest`."""
        if not isinstance(request, GenerateRequest):
            return self._task_runner.accept(request)
        model = request.model or next(iter(self._pipelines))
        if model not in self._pipelines:
            reason = f"there is no model {model!r}; choose from {', '.join(self._pipelines)}"
            return Failed(FailureCode.UNKNOWN_MODEL, reason)
        settings = resolve(request, self._pipelines[model].traits)
        text_length = self._runner.text_length(model, settings)
        return text_length if isinstance(text_length, Failed) else Generation(request, settings, model, text_length)

    def _cancel(self, request_id: str) -> None:
        for work in self._under_way(request_id):
            self._end(work, Cancelled())

    def _pause(self, request_id: str, *, is_paused: bool) -> None:
        for work in self._under_way(request_id):
            work.is_paused = is_paused

    def _under_way(self, request_id: str) -> list[Generation | Task]:
        return [*self._scheduler.find_all(request_id), *self._tasks.find_all(request_id)]

    def _advance(self, task: Task, seconds: float) -> None:
        started = time.perf_counter()
        event = self._task_runner.advance(task, seconds)
        self._tasks.charge(task, time.perf_counter() - started)
        match event:
            case None:
                pass
            case Finished() | Described() | Weighed():
                self._end(task, replace(event, engine_seconds=task.engine_seconds))
            case Failed():
                self._end(task, event)
            case Started() | Progress():
                self._tell(self._streams[task], event)

    def _prepare(self, generation: Generation) -> None:
        failure = self._runner.prepare(generation)
        if failure is not None:
            self._end(generation, failure)
        elif not generation.in_full_precision:
            self._tell(self._streams[generation], Started(generation.total_steps or 0))

    def _step(self, batch: Batch) -> None:
        outcome = self._runner.step(batch)
        if outcome.fitting_rows is not None:
            log.warning("out of memory: %s now fits %d rows", batch.key, outcome.fitting_rows)
            self._scheduler.limit_rows(batch.key, outcome.fitting_rows)
        for result in outcome.results:
            if result.failure is not None:
                self._retry_or_fail(result.generation, result.failure)
            else:
                self._report_progress(result.generation)

    def _decode(self, rows: Sequence[Row]) -> None:
        failures = self._runner.decode(rows)
        for generation in dict.fromkeys(row.generation for row in rows):
            failure = failures.get(generation)
            if failure is not None:
                self._retry_or_fail(generation, failure)
            elif generation.is_drawn:
                self._finish(generation)

    def _retry_or_fail(self, generation: Generation, failure: Failed) -> None:
        """What half precision made black is drawn once more in full."""
        if failure.code is not FailureCode.NOT_A_NUMBER or not self._runner.can_retry(generation):
            self._end(generation, failure)
            return
        log.warning("not a number: request=%s is drawn again in float32", generation.id)
        self._scheduler.remove(generation)
        generation.restart_in_full_precision()
        self._scheduler.add(generation)

    def _report_progress(self, generation: Generation) -> None:
        done, total = generation.steps_done, generation.total_steps or 0
        if done <= generation.reported_steps:  # or drawn again
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

    def _end(self, work: Generation | Task, event: TerminalEvent) -> None:
        if isinstance(work, Generation):
            self._scheduler.remove(work)
        else:
            self._tasks.remove(work)
        self._tell(self._streams.pop(work), event)
        if isinstance(event, Failed):
            log.warning("failed request=%s code=%s reason=%s", work.id, event.code, event.reason)
        else:
            log.debug("ended request=%s event=%s", work.id, type(event).__name__)

    def _tell(self, stream: Stream, event: Event) -> None:
        self._call(stream.put_nowait, event)
