"""What a step takes of the memory, and that no more rows are drawn at once than fit."""

import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.calibration import bytes_of_step, calibrate
from engine.config import EngineConfig, ModelConfig
from engine.failures import failure_from, release_memory
from engine.forwards import Forwards
from engine.generation import Batch, Generation
from engine.local import LocalEngine
from engine.memory import free_bytes, peak_bytes
from engine.pipelines.interface import Conditioning
from engine.policy import MANY, CostCurve, MemoryLine, ModelCosts, line_through, rows_in_memory
from engine.protocol import Failed, FailureCode, Finished, GenerateRequest, Pixels
from engine.runner import Runner
from engine.settings import Settings, resolve
from tests.engine import parity
from tests.engine.test_local import DotPipeline, Gate, an_engine, events_of
from tests.engine.test_local import a_request as dots

CPU = torch.device("cpu")


def test_a_line_through_what_was_measured() -> None:
    assert line_through([(1, 130), (8, 200)]) == MemoryLine(fixed=120, a_row=10)
    assert line_through([(1, 50)]) == MemoryLine(fixed=0, a_row=50)  # one point: all of it grows with the rows
    assert line_through([(1, 100), (4, 90)]) == MemoryLine(fixed=100, a_row=0)


def test_rows_that_fit_are_counted_at_their_area() -> None:
    curve = CostCurve(((1, 1.0),))
    costs = {"m": ModelCosts(curve, 64 * 64, MemoryLine(100, 10)), "unmeasured": ModelCosts(curve, 64 * 64)}
    assert rows_in_memory(costs, "m", 64 * 64, 180) == 8
    assert rows_in_memory(costs, "m", 128 * 64, 300) == 5
    assert rows_in_memory(costs, "m", 64 * 64, 50) == 1  # tried whatever was measured
    for model, free in (("m", None), ("unmeasured", 180), ("unheard-of", 180)):
        assert rows_in_memory(costs, model, 64 * 64, free) == MANY


def test_the_peak_is_what_is_held_at_once_not_what_is_asked_for_in_all() -> None:
    def two_at_once() -> None:
        for _ in range(5):
            first = torch.zeros(2**18)  # a MiB
            second = first + 1
            del first, second

    peak = peak_bytes(CPU, two_at_once)
    assert peak is not None
    assert 2 * 2**20 <= peak <= 2 * 2**20 + 4096


def test_a_cpu_has_no_limit_unless_the_operator_sets_one() -> None:
    assert free_bytes(CPU, 0) is None
    assert free_bytes(CPU, 3) == 3 * 2**20


@pytest.fixture
def _inference() -> Iterator[None]:
    with torch.inference_mode():
        yield


@pytest.mark.usefixtures("_inference")
def test_memory_is_measured_with_the_curve_and_kept(tiny_sd: Path, tmp_path: Path) -> None:
    pipelines = parity.pipelines_of(tiny_sd, "stable-diffusion")
    without = calibrate(pipelines, Forwards(), tmp_path)["tiny"]
    measured = calibrate(pipelines, Forwards(), tmp_path, needs_memory=True)["tiny"]
    again = calibrate(pipelines, Forwards(), tmp_path, needs_memory=True)["tiny"]
    assert without.memory is None
    assert measured.memory is not None
    assert again == measured
    one, eight = (bytes_of_step(pipelines["tiny"], rows) for rows in (1, 8))
    assert one is not None
    assert eight is not None
    expected = measured.memory.fixed + 8 * measured.memory.a_row
    assert abs(eight - expected) <= 0.15 * eight
    assert measured.memory.a_row >= 2 * 16 * 16 * 32 * 4  # two halves of a row, the widest level of this UNet


async def test_no_more_rows_share_a_step_than_the_configured_memory_holds(tiny_sd: Path, tmp_path: Path) -> None:
    """The row limit is the lesser of knee and memory: so little memory that each row goes alone."""
    rows: list[int] = []

    def load(_: EngineConfig) -> dict[str, Any]:
        return {"tiny": Watched(parity.pipelines_of(tiny_sd, "stable-diffusion")["tiny"], rows)}

    models = (ModelConfig("tiny", "stable-diffusion", str(tiny_sd)),)
    engine = LocalEngine(EngineConfig(models=models, device="cpu", threads=1, memory_mib=1, cache_dir=tmp_path), load)
    await engine.start()
    rows.clear()
    try:
        request = GenerateRequest("r", "the fox", (1, 2, 3), width=32, height=32, steps=2, guidance_scale=1.0)
        assert isinstance((await events_of(engine, request))[-1], Finished)
    finally:
        await engine.stop()
    assert rows == [1] * 6


class Watched:
    """Remembers how many rows each forward had."""

    def __init__(self, pipeline: object, rows: list[int]) -> None:
        self._pipeline = pipeline
        self._rows = rows

    def __getattr__(self, name: str) -> object:
        return getattr(self._pipeline, name)

    def denoise(self, latents: torch.Tensor, *more: object) -> torch.Tensor:
        self._rows.append(len(latents))
        return self._pipeline.denoise(latents, *more)  # type: ignore[attr-defined]


class Cramped(DotPipeline):
    """So many numbers fit at once, as an allocator would say."""

    def __init__(self, gate: Gate, numbers: int) -> None:
        super().__init__(gate)
        self._numbers = numbers

    def denoise(self, latents: torch.Tensor, *more: object) -> torch.Tensor:
        if latents.numel() > self._numbers:
            raise torch.OutOfMemoryError(f"{len(latents)} rows do not fit")
        return super().denoise(latents, *more)  # type: ignore[arg-type]


ROW = 3 * 4 * 4


async def test_out_of_memory_lowers_the_budget_once_and_loses_nothing() -> None:
    gate = Gate()
    async with an_engine(lambda: Cramped(gate, 2 * ROW), max_rows=8) as engine:
        events = await events_of(engine, dots(rows=5, steps=3))
    assert isinstance(events[-1], Finished)
    assert len(events[-1].images) == 5
    assert max(gate.rows) == 2
    assert sum(gate.rows) == 5 * 3  # no row took a step twice


async def test_only_a_request_that_cannot_fit_alone_fails() -> None:
    gate = Gate(steps=0)
    async with an_engine(lambda: Cramped(gate, 2 * ROW)) as engine:
        small = engine.generate(dots("small", steps=3))
        await anext(small)
        large = events_of(engine, dots("large", rows=2, width=8, height=8))
        gate.open()
        last = (await large)[-1]
        rest = [event async for event in small]
    assert isinstance(last, Failed)
    assert (last.code, last.reason) == (FailureCode.OUT_OF_MEMORY, "1 rows do not fit")
    assert isinstance(rest[-1], Finished)


class Full(DotPipeline):
    """Asks for more than any machine has: the CPU's allocator says no, in its own words."""

    def denoise(self, latents: torch.Tensor, *more: object) -> torch.Tensor:
        if latents.numel() > 2 * ROW:
            torch.empty(2**50, dtype=torch.uint8)
        return super().denoise(latents, *more)  # type: ignore[arg-type]


async def test_a_full_cpu_is_out_of_memory_like_any_device() -> None:
    gate = Gate()
    async with an_engine(lambda: Full(gate), max_rows=8) as engine:
        several = await events_of(engine, dots("several", rows=5, steps=3))
        large = await events_of(engine, dots("large", width=16, height=16))
    assert isinstance(several[-1], Finished)
    assert max(gate.rows) == 2
    assert sum(gate.rows) == 5 * 3  # what fits is remembered
    assert isinstance(large[-1], Failed)
    assert large[-1].code is FailureCode.OUT_OF_MEMORY


class Heavy(DotPipeline):
    """In float32 it is larger than any machine."""

    def full_precision(self) -> AbstractContextManager[None]:
        return _more_than_there_is()


@contextmanager
def _more_than_there_is() -> Iterator[None]:
    torch.empty(2**50, dtype=torch.uint8)
    yield


@pytest.mark.parametrize("where", ["prepare", "step", "decode"])
def test_weights_that_fit_in_half_precision_only_fail_what_needed_more(where: str) -> None:
    pipeline = Heavy()
    pipeline.is_half = True
    runner = Runner({"dots": pipeline})
    request = dots(steps=1)
    generation = Generation(request, resolve(request, pipeline.traits), "dots")
    assert runner.prepare(generation) is None
    batch = Batch(generation.key, generation.rows)
    if where == "decode":
        runner.step(batch)
    generation.in_full_precision = True
    batch = Batch(generation.key, generation.rows)
    match where:
        case "prepare":
            failure = runner.prepare(generation)
        case "step":
            failure = runner.step(batch).results[0].failure
        case _:
            failure = runner.decode(generation.rows)[generation]
    assert failure is not None
    assert failure.code is FailureCode.OUT_OF_MEMORY


def test_apples_gpus_say_it_in_words_of_their_own() -> None:
    """They have no error class for it; taken for anything else, the row budget would never be lowered."""
    error = RuntimeError("MPS backend out of memory (MPS allocated: 8.89 GB, max allowed: 9.07 GB)")
    assert failure_from(error).code is FailureCode.OUT_OF_MEMORY


def test_the_retry_has_the_room_of_all_that_failed() -> None:
    """A compiler wraps the error that it was stopped by: the tensors hang on the inner one's traceback."""

    def forward() -> None:
        activations = torch.zeros(8)
        held.append(weakref.ref(activations))
        raise torch.OutOfMemoryError("no room")

    held: list[weakref.ref[torch.Tensor]] = []
    try:
        try:
            forward()
        except torch.OutOfMemoryError as inner:
            raise RuntimeError("while compiling") from inner
    except RuntimeError as error:
        release_memory(error)
        assert held[0]() is None


def test_a_driver_without_memory_is_no_fault_of_the_device() -> None:
    """CUDA itself needs some, for kernels and graphs; what it says then does not come from torch's allocator."""
    error = torch.AcceleratorError("CUDA error: out of memory")
    error.error_code = 2
    assert failure_from(error).code is FailureCode.OUT_OF_MEMORY
    broken = torch.AcceleratorError("CUDA error: an illegal memory access was encountered")
    broken.error_code = 700
    with pytest.raises(torch.AcceleratorError):
        failure_from(broken)


class Recorded(Forwards):
    """Graphs hold some of the memory until they are asked to give it back."""

    holds_memory = True

    def release(self) -> bool:
        held, self.holds_memory = self.holds_memory, False
        return held


class Crowded(DotPipeline):
    """There is no room at one point while graphs hold theirs."""

    def __init__(self, forwards: Recorded, where: str) -> None:
        super().__init__()
        self._forwards = forwards
        self._where = where

    def _need_room(self, where: str) -> None:
        if where == self._where and self._forwards.holds_memory:
            raise torch.OutOfMemoryError(f"no room to {where}")

    def encode(self, settings: Settings) -> Conditioning:
        self._need_room("prepare")
        return super().encode(settings)

    def denoise(self, latents: torch.Tensor, *more: object) -> torch.Tensor:
        self._need_room("step")
        return super().denoise(latents, *more)  # type: ignore[arg-type]

    def decode(self, latents: torch.Tensor) -> tuple[Pixels, ...]:
        self._need_room("decode")
        return super().decode(latents)


@pytest.mark.parametrize("where", ["prepare", "step", "decode"])
def test_recorded_graphs_make_room_for_what_does_not_fit_beside_them(where: str) -> None:
    forwards = Recorded()
    pipeline = Crowded(forwards, where)
    runner = Runner({"dots": pipeline}, forwards)
    request = dots(steps=1)
    generation = Generation(request, resolve(request, pipeline.traits), "dots")
    assert runner.prepare(generation) is None
    assert runner.step(Batch(generation.key, generation.rows)).results[0].failure is None
    assert runner.decode(generation.rows) == {}
    assert not forwards.holds_memory


def test_rows_that_fit_once_graphs_made_room_are_not_fewer_from_then_on() -> None:
    forwards = Recorded()
    pipeline = Crowded(forwards, "step")
    runner = Runner({"dots": pipeline}, forwards)
    request = dots(steps=1, rows=4)
    generation = Generation(request, resolve(request, pipeline.traits), "dots")
    assert runner.prepare(generation) is None
    outcome = runner.step(Batch(generation.key, generation.rows))
    assert outcome.results[0].failure is None
    assert outcome.fitting_rows is None
