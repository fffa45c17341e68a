"""The engine as its callers see it: streams, cancelling, stopping, and an owner thread that dies."""

import asyncio
import os
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, aclosing, asynccontextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.config import EngineConfig, ModelConfig
from engine.limits import ModelTraits
from engine.local import LocalEngine
from engine.protocol import (
    Cancelled,
    EngineStartError,
    Event,
    Failed,
    FailureCode,
    Finished,
    GenerateRequest,
    InitImage,
    ModelInfo,
    Pixels,
    Progress,
    Queued,
    Started,
    TerminalEvent,
)
from engine.settings import Settings
from tests.patience import PATIENCE_SECONDS

if TYPE_CHECKING:
    import torch

    from engine.pipelines.interface import Conditioning, DrawClean, Tensors
    from engine.samplers import Sampler

ENDLESS = 500


class Gate:
    """Lets so many denoising steps pass, and remembers how many rows each had."""

    def __init__(self, steps: int = 10**9) -> None:
        self.rows: list[int] = []
        self.arrived = threading.Semaphore(0)
        self._passes = threading.Semaphore(steps)

    def open(self, steps: int = 10**9) -> None:
        for _ in range(min(steps, 10_000)):
            self._passes.release()

    def enter(self, rows: int) -> None:
        self.rows.append(rows)
        self.arrived.release()
        self._passes.acquire()


class DotPipeline:
    """A pipeline of 4x4 pictures without weights: its velocity is its latents, so any noise fades to grey."""

    is_half = False

    def __init__(self, gate: Gate | None = None, trouble: Callable[[], None] = lambda: None) -> None:
        import torch

        self.traits = ModelTraits(
            ModelInfo("dots", "dots", 4, 4, 3, supports_negative_prompt=False),
            samplers=("euler",),
            guidance_scale=1.0,
            size_multiple=4,
        )
        self.device = torch.device("cpu")
        self._gate = gate or Gate()
        self._trouble = trouble

    @property
    def networks(self) -> "tuple[torch.nn.Module, ...]":
        return ()

    def text_length(self, settings: Settings) -> int:
        return 0

    def encode(self, settings: Settings) -> "Conditioning":
        import torch

        from engine.pipelines.interface import Conditioning

        if settings.prompt == "unspeakable":
            raise ValueError("no words")
        return Conditioning({"length": torch.tensor([[len(settings.prompt)]])}, None, ("short",))

    def start_sampler(self, settings: Settings) -> "Sampler":
        from diffusers import FlowMatchEulerDiscreteScheduler

        from engine.samplers import start_sampler

        return start_sampler(FlowMatchEulerDiscreteScheduler(), settings.steps, settings.strength)

    def latent_shape(self, settings: Settings) -> tuple[int, int, int]:
        return 3, settings.height, settings.width

    def encode_image(self, pixels: Pixels, settings: Settings) -> "DrawClean":
        from engine.pictures import to_tensor

        clean = to_tensor(pixels, settings.width, settings.height)
        return lambda _: clean

    def encode_masked(self, settings: Settings) -> None:
        return None

    def denoise(self, latents: "torch.Tensor", timesteps: "torch.Tensor", conditioning: "Tensors") -> "torch.Tensor":
        self._gate.enter(len(latents))
        self._trouble()
        return latents

    def previews(self, clean_latents: "torch.Tensor") -> tuple[Pixels, ...]:
        return self.decode(clean_latents)

    def full_precision(self) -> AbstractContextManager[None] | None:
        return nullcontext() if self.is_half else None

    def tiling(self) -> AbstractContextManager["DotPipeline"]:
        raise NotImplementedError("it draws no tiles")

    def decode(self, latents: "torch.Tensor") -> tuple[Pixels, ...]:
        from engine.pictures import to_pixels

        return tuple(to_pixels(row) for row in latents.split(1))


def a_request(name: str = "r", steps: int = 3, rows: int = 1, **changes: object) -> GenerateRequest:
    values = {"prompt": "a dot", "width": 4, "height": 4, **changes}
    return GenerateRequest(name, steps=steps, seeds=tuple(range(rows)), **values)  # type: ignore[arg-type]


@asynccontextmanager
async def an_engine(pipeline: Callable[[], DotPipeline], max_rows: int = 4) -> AsyncIterator[LocalEngine]:
    config = EngineConfig(max_rows=max_rows, threads=1, stop_timeout_seconds=PATIENCE_SECONDS)
    engine = LocalEngine(config, load=lambda _: {"dots": pipeline()})
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


async def events_of(engine: LocalEngine, request: GenerateRequest) -> list[Event]:
    return [event async for event in engine.generate(request)]


async def until(stream: AsyncIterator[Event], kind: type[Event]) -> Event:
    """The next event of that kind."""
    async for event in stream:
        if isinstance(event, kind):
            return event
    raise AssertionError(f"the stream ended without {kind}")


async def arrived(gate: Gate) -> None:
    await asyncio.to_thread(gate.arrived.acquire)


async def test_one_request_from_queued_to_finished() -> None:
    async with an_engine(DotPipeline) as engine:
        events = await events_of(engine, a_request(rows=2, preview_every=2))
    kinds = [type(event) for event in events]
    assert kinds == [Queued, Started, Progress, Progress, Progress, Finished]
    assert events[1] == Started(total_steps=3)
    steps = [event for event in events if isinstance(event, Progress)]
    assert [(event.step_index, event.total_steps, len(event.previews)) for event in steps] == [
        (1, 3, 0),
        (2, 3, 2),
        (3, 3, 0),
    ]
    finished = events[-1]
    assert isinstance(finished, Finished)
    assert [(image.width, image.height) for image in finished.images] == [(4, 4), (4, 4)]
    assert finished.notes == ("short",)
    assert finished.engine_seconds > 0


async def test_starting_from_a_picture_takes_a_share_of_the_steps() -> None:
    grey = Pixels(4, 4, bytes([128]) * 48)
    async with an_engine(DotPipeline) as engine:
        events = await events_of(engine, a_request(steps=10, init_image=InitImage(grey, 0.35)))
        kept = await events_of(engine, a_request(steps=10, init_image=InitImage(grey, 0.0)))
    assert events[1] == Started(total_steps=3)
    assert [type(event) for event in kept] == [Queued, Started, Finished]
    assert isinstance(kept[-1], Finished)
    assert kept[-1].images == (grey,)


async def test_a_request_joins_between_two_steps_of_another() -> None:
    gate = Gate(steps=0)
    async with an_engine(lambda: DotPipeline(gate)) as engine, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(events_of(engine, a_request("first", steps=4)))
        await arrived(gate)
        late = engine.generate(a_request("late", steps=2, rows=2))
        assert isinstance(await anext(late), Queued)
        gate.open()
        assert isinstance(await until(late, Finished), Finished)
        await first
    assert gate.rows == [1, 3, 3, 1]


@pytest.mark.parametrize("state", ["waiting", "running"])
async def test_cancelled_in_each_state(state: str) -> None:
    gate = Gate(steps=0)
    async with an_engine(lambda: DotPipeline(gate), max_rows=1) as engine, asyncio.TaskGroup() as tasks:
        running = tasks.create_task(events_of(engine, a_request("running", steps=3)))
        await arrived(gate)
        waiting = engine.generate(a_request("waiting"))
        await anext(waiting)
        engine.cancel(state)
        engine.cancel("unknown")
        gate.open()
        others = [event async for event in waiting]
        ends = {"running": (await running)[-1], "waiting": others[-1]}
    assert isinstance(ends.pop(state), Cancelled)
    assert isinstance(ends.popitem()[1], Finished)


async def test_cancelling_an_id_cancels_those_under_it() -> None:
    gate = Gate(steps=0)
    async with an_engine(lambda: DotPipeline(gate), max_rows=1) as engine, asyncio.TaskGroup() as tasks:
        ids = ("job", "job/1", "job2")
        tasks_of = {name: tasks.create_task(events_of(engine, a_request(name))) for name in ids}
        await arrived(gate)
        engine.cancel("job")
        gate.open()
    ends = {name: type(task.result()[-1]) for name, task in tasks_of.items()}
    assert ends == {"job": Cancelled, "job/1": Cancelled, "job2": Finished}


async def test_cancelling_what_has_finished_is_ignored() -> None:
    async with an_engine(DotPipeline) as engine:
        assert isinstance((await events_of(engine, a_request()))[-1], Finished)
        engine.cancel("r")
        assert isinstance((await events_of(engine, a_request("next")))[-1], Finished)


async def test_a_caller_that_leaves_takes_its_rows_out_of_the_batch() -> None:
    gate = Gate(steps=0)
    async with an_engine(lambda: DotPipeline(gate)) as engine, asyncio.TaskGroup() as tasks:
        async with aclosing(engine.generate(a_request("left", steps=ENDLESS, rows=3))) as stream:  # type: ignore[type-var]
            await anext(stream)
            await arrived(gate)
        stayed = tasks.create_task(events_of(engine, a_request("stayed", steps=2)))
        again = tasks.create_task(events_of(engine, a_request("left", steps=2)))
        await asyncio.sleep(0)  # both tasks submit
        gate.open()
        assert isinstance((await stayed)[-1], Finished)
        assert isinstance((await again)[-1], Finished)
    assert gate.rows == [3, 2, 2]


async def test_a_task_that_is_cancelled_cancels_its_request() -> None:
    gate = Gate(steps=0)
    async with an_engine(lambda: DotPipeline(gate)) as engine:
        task = asyncio.create_task(events_of(engine, a_request("gone", steps=ENDLESS)))
        await arrived(gate)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        gate.open()
        await events_of(engine, a_request("next", steps=1))
    assert len(gate.rows) <= 3


async def test_a_paused_request_takes_no_step_until_it_is_resumed() -> None:
    gate = Gate(steps=0)
    async with an_engine(lambda: DotPipeline(gate)) as engine, asyncio.TaskGroup() as tasks:
        paused = tasks.create_task(events_of(engine, a_request("paused", steps=3)))
        await arrived(gate)
        engine.pause("paused")
        engine.pause("unknown")
        gate.open()
        assert isinstance((await events_of(engine, a_request("other", steps=2, rows=2)))[-1], Finished)
        assert gate.rows == [1, 2, 2]
        engine.resume("paused")
        assert isinstance((await paused)[-1], Finished)
    assert gate.rows == [1, 2, 2, 1, 1]


async def test_a_paused_request_can_be_cancelled() -> None:
    gate = Gate(steps=0)
    async with an_engine(lambda: DotPipeline(gate)) as engine:
        stream = asyncio.create_task(events_of(engine, a_request(steps=ENDLESS)))
        await arrived(gate)
        engine.pause("r")
        engine.cancel("r")
        gate.open()
        assert isinstance((await stream)[-1], Cancelled)


async def test_a_second_request_under_a_living_id_is_refused() -> None:
    gate = Gate(steps=0)
    async with an_engine(lambda: DotPipeline(gate)) as engine, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(events_of(engine, a_request("same")))
        await arrived(gate)
        [refusal] = await events_of(engine, a_request("same"))
        gate.open()
        assert isinstance((await first)[-1], Finished)
        assert isinstance((await events_of(engine, a_request("same")))[-1], Finished)
    assert isinstance(refusal, Failed)
    assert refusal.code is FailureCode.INVALID_REQUEST


@pytest.mark.parametrize(
    ("request_", "code", "reason"),
    [
        (a_request(model="paint"), FailureCode.UNKNOWN_MODEL, "there is no model 'paint'; choose from dots"),
        (a_request(rows=0), FailureCode.INVALID_REQUEST, "1 to 64 seeds"),
        (a_request(prompt="unspeakable"), FailureCode.INTERNAL, "ValueError: no words"),
    ],
)
async def test_what_cannot_be_drawn_fails_alone(request_: GenerateRequest, code: FailureCode, reason: str) -> None:
    async with an_engine(DotPipeline) as engine:
        first, *_, last = await events_of(engine, request_)
        assert isinstance((await events_of(engine, a_request("good")))[-1], Finished)
    assert isinstance(first, Queued)
    assert isinstance(last, Failed)
    assert last.code is code
    assert reason in last.reason


async def test_stop_ends_what_runs_and_what_waits() -> None:
    gate = Gate(steps=0)
    async with an_engine(lambda: DotPipeline(gate), max_rows=1) as engine:
        running = asyncio.create_task(events_of(engine, a_request("running", steps=ENDLESS)))
        waiting = asyncio.create_task(events_of(engine, a_request("waiting", steps=ENDLESS)))
        await arrived(gate)
        stopping = asyncio.create_task(engine.stop())
        gate.open()
        await stopping
        for stream in (running, waiting):
            last = (await stream)[-1]
            assert isinstance(last, Failed)
            assert last.code is FailureCode.ENGINE_STOPPED
        await engine.stop()
        [late] = await events_of(engine, a_request("late"))
        assert late == Failed(FailureCode.ENGINE_STOPPED, "the engine was stopped")


@pytest.mark.parametrize("steps", [3, ENDLESS])
async def test_a_drain_lets_work_finish_within_its_deadline(steps: int) -> None:
    """What is longer than the deadline is handed back; what comes meanwhile is refused."""
    gate = Gate(steps=0)
    config = EngineConfig(max_rows=4, threads=1, drain_seconds=60 if steps == 3 else 0.05, stop_timeout_seconds=0.05)
    engine = LocalEngine(config, load=lambda _: {"dots": DotPipeline(gate)})
    await engine.start()
    running = asyncio.create_task(events_of(engine, a_request("running", steps=steps)))
    await arrived(gate)
    stopping = asyncio.create_task(engine.stop())
    await asyncio.sleep(0)
    assert await events_of(engine, a_request("late")) == [Failed(FailureCode.ENGINE_STOPPED, "the engine is stopping")]
    if steps == ENDLESS:
        await stopping
    gate.open()
    last = (await running)[-1]
    await stopping
    assert isinstance(last, Finished if steps == 3 else Failed)
    assert engine._thread is not None
    await asyncio.to_thread(engine._thread.join)


async def test_a_stop_that_is_cancelled_leaves_an_engine_that_draws() -> None:
    gate = Gate(steps=0)
    config = EngineConfig(max_rows=4, threads=1, drain_seconds=60)
    engine = LocalEngine(config, load=lambda _: {"dots": DotPipeline(gate)})
    await engine.start()
    running = asyncio.create_task(events_of(engine, a_request("running")))
    await arrived(gate)
    stopping = asyncio.create_task(engine.stop())
    await asyncio.sleep(0)  # it waits
    stopping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await stopping
    gate.open()
    assert isinstance((await events_of(engine, a_request("late")))[-1], Finished)
    assert isinstance((await running)[-1], Finished)
    await engine.stop()


async def test_a_stuck_step_does_not_hold_up_the_stop() -> None:
    gate = Gate(steps=0)
    engine = LocalEngine(
        EngineConfig(stop_timeout_seconds=0.05, threads=1, max_rows=4), load=lambda _: {"dots": DotPipeline(gate)}
    )
    await engine.start()
    stream = asyncio.create_task(events_of(engine, a_request()))
    await arrived(gate)
    await engine.stop()
    assert isinstance((await stream)[-1], Failed)
    [late] = await events_of(engine, a_request("late"))
    assert isinstance(late, Failed)
    with pytest.raises(EngineStartError, match="is stuck in a step"):
        await engine.start()
    gate.open()
    assert engine._thread is not None
    await asyncio.to_thread(engine._thread.join)


async def test_before_the_start_nothing_hangs() -> None:
    engine = LocalEngine(EngineConfig())
    engine.cancel("r")
    await engine.stop()
    assert await events_of(engine, a_request()) == [Failed(FailureCode.ENGINE_STOPPED, "the engine was not started")]


class Stumbling(DotPipeline):
    """Its tokenizer cannot take every text."""

    def text_length(self, settings: Settings) -> int:
        if settings.prompt == "uncountable":
            raise OverflowError("too many tokens")
        return super().text_length(settings)


async def test_a_text_that_cannot_be_counted_fails_alone() -> None:
    gate = Gate(steps=0)
    async with an_engine(lambda: Stumbling(gate)) as engine:
        good = asyncio.create_task(events_of(engine, a_request("good")))
        await arrived(gate)
        bad = asyncio.create_task(events_of(engine, a_request("bad", prompt="uncountable")))
        await asyncio.sleep(0)  # it is submitted
        gate.open()
        assert (await bad)[-1] == Failed(FailureCode.INTERNAL, "OverflowError: too many tokens")
        assert isinstance((await good)[-1], Finished)


class Bang(BaseException):
    """What nobody expects to catch."""


@pytest.mark.parametrize("error", [Bang, MemoryError])
async def test_a_dead_thread_answers_everybody_and_can_be_started_again(error: type[BaseException]) -> None:
    """Out of memory is a row's trouble; anything that is no Exception is the thread's end."""
    gate = Gate(steps=0)
    armed = [True]

    def trouble() -> None:
        if armed:
            armed.pop()
            raise error("out of the blue")

    async with an_engine(lambda: DotPipeline(gate, trouble), max_rows=1) as engine:
        running = asyncio.create_task(events_of(engine, a_request("running")))
        await arrived(gate)
        waiting = asyncio.create_task(events_of(engine, a_request("waiting")))
        gate.open()
        last = (await running)[-1]
        assert isinstance(last, Failed)
        if error is MemoryError:
            assert last.code is FailureCode.OUT_OF_MEMORY
            assert isinstance((await waiting)[-1], Finished)
            return
        assert last.code is FailureCode.ENGINE_DIED
        assert "Bang: out of the blue" in last.reason
        assert isinstance((await waiting)[-1], Failed)
        assert await engine.wait_ended() == last.reason
        [late] = await events_of(engine, a_request("late"))
        assert late == Failed(FailureCode.ENGINE_STOPPED, last.reason), "it was never begun"
        await engine.start()
        assert isinstance((await events_of(engine, a_request("again")))[-1], Finished)


class Blackout(DotPipeline):
    """Draws black the first so many times."""

    is_half = True

    def __init__(self, times: int) -> None:
        super().__init__()
        self._times = times

    def encode(self, settings: Settings) -> "Conditioning":
        self._times -= 1
        return super().encode(settings)

    def denoise(self, latents: "torch.Tensor", timesteps: "torch.Tensor", conditioning: "Tensors") -> "torch.Tensor":
        return latents * float("nan") if self._times >= 0 else latents


@pytest.mark.parametrize("preview_every", [0, 1])
@pytest.mark.parametrize("times", [1, 2])
async def test_black_pictures_are_drawn_again_once_in_full_precision(times: int, preview_every: int) -> None:
    async with an_engine(lambda: Blackout(times)) as engine:
        events = await events_of(engine, a_request(rows=2, preview_every=preview_every))
    assert [type(event) for event in events].count(Started) == 1
    if times == 1:
        assert isinstance(events[-1], Finished)
        assert len(events[-1].images) == 2
    else:
        assert isinstance(events[-1], Failed)
        assert events[-1].code is FailureCode.NOT_A_NUMBER


class Blind(DotPipeline):
    """Has no memory left for previews."""

    def previews(self, clean_latents: "torch.Tensor") -> tuple[Pixels, ...]:
        raise MemoryError


async def test_a_preview_that_cannot_be_had_is_done_without() -> None:
    async with an_engine(Blind) as engine:
        events = await events_of(engine, a_request(preview_every=1))
    assert [event.previews for event in events if isinstance(event, Progress)] == [(), (), ()]
    assert isinstance(events[-1], Finished)


class Relapse(Blackout):
    """Black from the second step on, until it is drawn again."""

    def __init__(self) -> None:
        super().__init__(times=1)
        self._steps = 0

    def denoise(self, latents: "torch.Tensor", timesteps: "torch.Tensor", conditioning: "Tensors") -> "torch.Tensor":
        self._steps += 1
        return super().denoise(latents, timesteps, conditioning) if self._steps == 2 else latents


@pytest.mark.parametrize("preview_every", [0, 1])
async def test_readers_see_no_step_twice_when_a_picture_is_drawn_again(preview_every: int) -> None:
    async with an_engine(Relapse) as engine:
        events = await events_of(engine, a_request(steps=4, preview_every=preview_every))
    assert [type(event) for event in events[:2]] == [Queued, Started]
    progress = [event for event in events[2:-1] if isinstance(event, Progress)]
    assert len(progress) == len(events) - 3
    assert [event.step_index for event in progress] == [1, 2, 3, 4]
    assert [len(event.previews) for event in progress] == [preview_every] * 3 + [0]
    assert isinstance(events[-1], Finished)


class Faulty(DotPipeline):
    """Its device breaks down while it encodes, denoises or decodes."""

    def __init__(self, where: str, gate: Gate) -> None:
        super().__init__(gate)
        self._where = where

    def _break_down(self, where: str) -> None:
        import torch

        if where == self._where:
            raise torch.AcceleratorError("CUDA error: an illegal memory access was encountered")

    def encode(self, settings: Settings) -> "Conditioning":
        if settings.prompt == "the last straw":
            self._break_down("encode")
        return super().encode(settings)

    def denoise(self, latents: "torch.Tensor", timesteps: "torch.Tensor", conditioning: "Tensors") -> "torch.Tensor":
        noise_pred = super().denoise(latents, timesteps, conditioning)
        self._break_down("denoise")
        return noise_pred

    def decode(self, latents: "torch.Tensor") -> tuple[Pixels, ...]:
        self._break_down("decode")
        return super().decode(latents)


@pytest.mark.parametrize("where", ["encode", "denoise", "decode"])
async def test_a_fault_of_the_device_is_nobodys_request(where: str) -> None:
    """After an illegal access nothing that the device says can be trusted: every stream ends, the thread ends."""
    gate = Gate(steps=0)
    async with an_engine(lambda: Faulty(where, gate), max_rows=1) as engine:
        running = asyncio.create_task(events_of(engine, a_request("running", steps=2)))
        await arrived(gate)
        others = [
            asyncio.create_task(events_of(engine, a_request(str(n), prompt="the last straw", priority=-n)))
            for n in range(2)
        ]
        await asyncio.sleep(0)  # both submit
        gate.open()
        ends = [(await stream)[-1] for stream in (running, *others)]
        last = ends[0]
        assert isinstance(last, Failed)
        assert last.code is FailureCode.ENGINE_DIED
        assert ends == [last] * 3
        assert "illegal memory access" in await engine.wait_ended()
        assert engine._thread is not None
        await asyncio.to_thread(engine._thread.join)
        [late] = await events_of(engine, a_request("late"))
        assert late == Failed(FailureCode.ENGINE_STOPPED, last.reason)


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        (EngineConfig(compile="perhaps", max_rows=1), "compile is 'perhaps'; choose auto, on, off"),
        (EngineConfig(compile="on", max_rows=1, threads=1), "model dots cannot be compiled here"),
    ],
)
@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")  # torch's own
async def test_compiling_is_insisted_on_or_refused(config: EngineConfig, sentence: str) -> None:
    """The pipeline's gate is a lock, which no compiler looks into."""
    engine = LocalEngine(config, load=lambda _: {"dots": DotPipeline()})
    with pytest.raises(EngineStartError, match=sentence):
        await engine.start()


async def test_models_that_do_not_load_are_a_start_error() -> None:
    def explain(_: EngineConfig) -> dict[str, DotPipeline]:
        raise EngineStartError("the disk is empty")

    def surprise(_: EngineConfig) -> dict[str, DotPipeline]:
        raise ZeroDivisionError("oh")

    for load, sentence in ((explain, "the disk is empty"), (surprise, "ZeroDivisionError: oh")):
        engine = LocalEngine(EngineConfig(), load=load)
        with pytest.raises(EngineStartError, match=sentence):
            await engine.start()
        [event] = await events_of(engine, a_request())
        assert isinstance(event, Failed)
        await engine.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only there has a thread its own niceness")
async def test_the_engine_leaves_the_processor_to_the_event_loop_first() -> None:
    seen: list[int] = []

    def trouble() -> None:
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    here = os.getpriority(os.PRIO_PROCESS, 0)
    async with an_engine(lambda: DotPipeline(trouble=trouble)) as engine:
        await events_of(engine, a_request(steps=1))
    assert seen[0] > here or here == 19  # the most that there is
    assert os.getpriority(os.PRIO_PROCESS, 0) == here


async def test_starting_twice_is_refused() -> None:
    async with an_engine(DotPipeline) as engine:
        with pytest.raises(EngineStartError, match="already running"):
            await engine.start()
        assert [model.name for model in engine.list_models()] == ["dots"]


async def test_started_again_by_two_at_once_it_has_one_thread() -> None:
    loads: list[str] = []

    def load(_: EngineConfig) -> dict[str, DotPipeline]:
        loads.append(threading.current_thread().name)
        return {"dots": DotPipeline()}

    engine = LocalEngine(EngineConfig(max_rows=1, threads=1), load=load)
    await engine.start()
    await engine.stop()
    started = await asyncio.gather(engine.start(), engine.start(), return_exceptions=True)
    try:
        assert len(loads) == 2
        assert sorted(str(end) for end in started) == ["None", "the engine is already running"]
        assert isinstance((await events_of(engine, a_request()))[-1], Finished)
    finally:
        await engine.stop()


async def test_an_engine_whose_starter_left_knows_its_models() -> None:
    loading, may_load = threading.Event(), threading.Event()

    def load(_: EngineConfig) -> dict[str, DotPipeline]:
        loading.set()
        may_load.wait()
        return {"dots": DotPipeline()}

    engine = LocalEngine(EngineConfig(max_rows=1, threads=1), load=load)
    starting = asyncio.create_task(engine.start())
    await asyncio.sleep(0)  # it begins
    await asyncio.to_thread(loading.wait)
    starting.cancel()
    may_load.set()
    try:
        assert isinstance((await events_of(engine, a_request()))[-1], Finished)
        assert [model.name for model in engine.list_models()] == ["dots"]
        assert starting.cancelled()
    finally:
        await engine.stop()


async def test_stable_diffusion_through_the_whole_engine(tiny_sd: Path, tmp_path: Path) -> None:
    """Same seeds, same pictures: alone, and beside others."""
    models = (ModelConfig("tiny", "stable-diffusion", str(tiny_sd)),)
    config = EngineConfig(models=models, device="cpu", threads=1, cache_dir=tmp_path)
    engine = LocalEngine(config)
    await engine.start()
    request = a_request("alone", rows=2, width=32, height=32, preview_every=1)
    [info] = engine.list_models()
    try:
        alone = await events_of(engine, request)
        together = await asyncio.gather(
            *(events_of(engine, a_request(f"r{n}", rows=2, steps=2 + n, width=32, height=32)) for n in range(3))
        )
    finally:
        await engine.stop()
    assert (info.width, info.height) == (32, 32)
    finished, again = alone[-1], together[1][-1]
    assert isinstance(finished, Finished)
    assert isinstance(again, Finished)
    for picture, other in zip(finished.images, again.images, strict=True):
        assert max(abs(a - b) for a, b in zip(picture.rgb, other.rgb, strict=True)) <= 1
    previews = [event.previews for event in alone if isinstance(event, Progress) and event.previews]
    assert [len(pictures) for pictures in previews] == [2, 2]
    assert (previews[0][0].width, previews[0][0].height) == (16, 16)


Action = tuple[str, int, int]


@settings(max_examples=25)
@given(
    st.lists(
        st.tuples(st.sampled_from(["submit", "cancel", "leave", "step", "stop"]), st.integers(0, 3), st.integers(1, 3)),
        max_size=12,
    ),
    st.booleans(),
)
def test_every_stream_ends_exactly_once(actions: list[Action], dies: bool) -> None:
    asyncio.run(_play(actions, dies=dies))


async def _play(actions: list[Action], *, dies: bool) -> None:
    """Whatever callers do and in whatever order, each stream that is read to its end has one terminal event, last."""
    gate, left = Gate(steps=0), [2]

    def trouble() -> None:
        left[0] -= 1
        if dies and left[0] < 0:
            raise Bang

    streams: list[tuple[str, asyncio.Task[list[Event]]]] = []
    async with an_engine(lambda: DotPipeline(gate, trouble), max_rows=2) as engine:
        for action, which, rows in actions:
            match action:
                case "submit":
                    request = a_request(str(which), rows=rows, priority=which % 2, fairness_key=str(rows))
                    streams.append((str(which), asyncio.create_task(events_of(engine, request))))
                case "cancel":
                    engine.cancel(str(which))
                case "leave" if which < len(streams):
                    streams.pop(which)[1].cancel()
                case "step":
                    gate.open(steps=rows)
                case "stop":
                    gate.open()
                    await engine.stop()
                case _:
                    pass  # nobody there to leave
            await asyncio.sleep(0)
        gate.open()
        for _, task in streams:
            events = await task
            assert [isinstance(event, TerminalEvent) for event in events].count(True) == 1
            assert isinstance(events[-1], TerminalEvent)
