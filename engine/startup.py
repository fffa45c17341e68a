"""Brings the owner thread up: gives way to others, loads, measures, compiles ahead. Knows nothing of requests.

No torch until the thread is prepared, which must come before torch starts threads of its own.
"""

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from engine.config import COMPILE_MODES, EngineConfig
from engine.generation import BatchKey
from engine.inbox import Inbox
from engine.model_folder import check_models
from engine.owner import Call, Owner
from engine.policy import RowLimits
from engine.protocol import EngineStartError
from engine.scheduler import Scheduler

if TYPE_CHECKING:
    import torch

    from engine.forwards import Forwards
    from engine.pipelines.interface import Pipeline

LoadModels = Callable[[EngineConfig], "Mapping[str, Pipeline]"]


def start_owner(config: EngineConfig, load: LoadModels, inbox: Inbox, call: Call) -> Owner:
    """Must run in the owner thread, before anything else there imports torch. Raises `EngineStartError`."""
    check_models(config.models)  # first, for torch takes seconds to import
    _check_compile_mode(config.compile)
    share_the_cores()
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(config.cache_dir / "compiled"))
    import torch

    from engine.forwards import Forwards
    from engine.models import choose_device, choose_dtype
    from engine.runner import Runner
    from engine.task_runner import TaskRunner
    from engine.tools import Tools

    torch.set_num_threads(thread_count(config.threads))
    forwards = Forwards(config.compile, config.fixed_rows)
    with torch.inference_mode():
        pipelines = load(config)
        device = choose_device(config.device)
        tools = Tools(config, device, choose_dtype(config.dtype, device))
        tools.load_named()
        limits = _measure_limits(config, pipelines, forwards, device)
        _compile_ahead(config, pipelines, forwards, limits)
    scheduler = Scheduler(limits.max_rows, limits.curve_of, limits.rows_that_fit)
    return Owner(pipelines, scheduler, Runner(pipelines, forwards), TaskRunner(tools, pipelines), inbox, call)


def _measure_limits(
    config: EngineConfig, pipelines: "Mapping[str, Pipeline]", forwards: "Forwards", device: "torch.device"
) -> RowLimits:
    """The operator's own `max_rows` replaces all measuring. Free memory is asked for before anything is recorded."""
    from engine.calibration import calibrate
    from engine.memory import free_bytes

    def whole_rows(key: BatchKey, rows: int) -> int:
        return forwards.whole_rows(pipelines[key.model], rows)

    free, needs_memory = free_bytes(device, config.memory_mib), config.memory_mib > 0
    costs = {} if config.max_rows else calibrate(pipelines, forwards, config.cache_dir, needs_memory=needs_memory)
    return RowLimits(costs, config.max_rows or _default_max_rows(pipelines), free, whole_rows)


def _compile_ahead(
    config: EngineConfig, pipelines: "Mapping[str, Pipeline]", forwards: "Forwards", limits: RowLimits
) -> None:
    from engine.calibration import compile_ahead

    for model, pipeline in pipelines.items():
        info = pipeline.traits.info
        compile_ahead(pipeline, forwards, limits.most_rows(BatchKey(model, info.width, info.height)))
        if config.compile == "on" and forwards.counts(model).given_up:
            raise EngineStartError(f"model {model} cannot be compiled here (the log says why); set compile to auto")


def _default_max_rows(pipelines: "Mapping[str, Pipeline]") -> int:
    """A CPU is saturated by a few small rows or one large one; more would only delay everybody's next preview."""
    if any(pipeline.device.type != "cpu" for pipeline in pipelines.values()):
        return 16
    sizes = [pipeline.traits.info.width * pipeline.traits.info.height for pipeline in pipelines.values()]
    return 8 if max(sizes) <= 256 * 256 else 2


def _check_compile_mode(mode: str) -> None:
    if mode not in COMPILE_MODES:
        raise EngineStartError(f"compile is {mode!r}; choose {', '.join(COMPILE_MODES)}")


def thread_count(configured: int) -> int:
    """All cores of a small machine (the thread's low priority keeps the event loop awake), one less of a larger."""
    if configured > 0:
        return configured
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores if cores < 4 else cores - 1


def share_the_cores() -> None:
    """Let the event loop and other processes go first; must run before torch is imported.

    On Linux a thread has its own niceness, which the threads that torch starts from it inherit. Idle OpenMP threads
    spin by default: on a busy machine that made a step ten times slower than letting them sleep.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("KINETO_LOG_LEVEL", "6")  # or the profiler, which measures memory, speaks to the terminal
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + 10)
