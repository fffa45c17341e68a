"""Computes what the task queue decided: begins a task's work, runs a slice of it, tries again after trouble.

It knows nothing of queues or streams. What the work of each kind is stands in a file of that kind.
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import torch

from engine.describe import check_describe, describe
from engine.failures import failure_from, is_out_of_memory, release_memory
from engine.limits import InvalidRequest
from engine.pipelines.interface import Pipeline
from engine.precision import NotANumber
from engine.protocol import (
    Ability,
    AnimateRequest,
    DescribeRequest,
    EngineStartError,
    Failed,
    FailureCode,
    Progress,
    RestyleRequest,
    Started,
    UpscaleRequest,
    WeighWordsRequest,
)
from engine.restyle import check_restyle, restyle
from engine.slices import Result
from engine.tasks import Task, TaskRequest
from engine.tools import Tools
from engine.upscale import check_upscale, upscale
from engine.video import animate, check_animate
from engine.weigh import check_weigh, weigh_words

MAX_HALVINGS = 3

log = logging.getLogger(__name__)


class TaskRunner:
    def __init__(self, tools: Tools, pipelines: Mapping[str, Pipeline] = MappingProxyType({})) -> None:
        self._tools = tools
        self._pipelines = pipelines

    def accept(self, request: TaskRequest) -> Task:
        """Raises `InvalidRequest` for what no work could serve."""
        match request:
            case UpscaleRequest():
                check_upscale(request)
                return Task(request, lambda effort: upscale(request, self._tools.upscaler(), effort), can_lift=True)
            case RestyleRequest():
                check_restyle(request)
                return Task(request, lambda effort: restyle(request, self._tools.style(), effort), can_lift=True)
            case AnimateRequest() if self._tools.has_video:
                check_animate(request)
                return Task(request, lambda effort: animate(request, self._tools.video(), effort))
            case DescribeRequest():
                check_describe(request)
                return Task(request, lambda effort: describe(request, self._tools.describer(), effort))
            case WeighWordsRequest() if self._pipelines:
                pipeline = check_weigh(request, self._pipelines)
                return Task(request, lambda _: weigh_words(request, pipeline))
            case _:
                raise InvalidRequest(f"no model here takes a {type(request).__name__}")

    @property
    def abilities(self) -> frozenset[Ability]:
        """Of the studio as a whole, whichever model draws."""
        return frozenset({Ability.FILM} if self._tools.has_video else ())

    def advance(self, task: Task, seconds: float) -> Started | Progress | Result | Failed | None:
        """Slices for about so long, or until there is something to tell."""
        deadline = time.perf_counter() + seconds
        try:
            if task.work is None:
                task.work = task.begin(task.effort)
            while True:
                event = next(task.work)
                self._settle()
                if event is not None and task.is_news(event):
                    return event
                if time.perf_counter() >= deadline:
                    return None
        except StopIteration as done:
            result: Result = done.value
            return result
        except EngineStartError as error:  # a network that was not to be had
            return Failed(FailureCode.MODEL_BROKEN, str(error))
        except Exception as error:
            return self._retry_or_fail(task, error)

    def _settle(self) -> None:
        """What a slice put into the device's queue belongs to its time."""
        if self._tools.device.type != "cpu":
            torch.accelerator.synchronize(self._tools.device)

    def _retry_or_fail(self, task: Task, error: Exception) -> Failed | None:
        """From the start, with fewer pixels at once or in float32."""
        failure, effort = failure_from(error), task.effort
        if is_out_of_memory(error) and effort.halvings < MAX_HALVINGS:
            effort = replace(effort, halvings=effort.halvings + 1)
        elif isinstance(error, NotANumber) and self._can_lift(task):
            effort = replace(effort, in_full_precision=True)
        else:
            return failure
        log.warning("%s: request=%s starts again with %s", failure.code, task.id, effort)
        task.close()
        task.effort = effort
        release_memory(error)
        return None

    def _can_lift(self, task: Task) -> bool:
        return task.can_lift and self._tools.is_half and not task.effort.in_full_precision
