"""Other work beside denoising, as the engine's callers see it."""

import asyncio
from pathlib import Path

import pytest

from engine import owner
from engine.config import EngineConfig
from engine.local import LocalEngine
from engine.protocol import (
    Cancelled,
    EngineStartError,
    Event,
    Failed,
    FailureCode,
    Finished,
    Pixels,
    Progress,
    Queued,
    Request,
    Started,
    TerminalEvent,
    UpscaleRequest,
)
from tests.engine.test_local import ENDLESS, DotPipeline, Gate, a_request, an_engine, arrived

SMALL = Pixels(24, 16, bytes(range(128)) * 9)
LONG = Pixels(480, 8, bytes(range(128)) * 90)


@pytest.fixture(autouse=True)
def _small_slices(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A layer each, so that much happens between any two."""
    monkeypatch.setattr(owner, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(owner, "SLICE_SHARE", 0.0)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


async def events_of(engine: LocalEngine, request: Request) -> list[Event]:
    return [event async for event in engine.generate(request)]


async def test_an_enlargement_from_queued_to_finished() -> None:
    async with an_engine(DotPipeline) as engine:
        events = await events_of(engine, UpscaleRequest("u", SMALL, 2))
    assert events[:3] == [Queued(), Started(1), Progress(1, 1)]
    finished = events[3]
    assert isinstance(finished, Finished)
    assert (finished.images[0].width, finished.images[0].height) == (48, 32)
    assert finished.engine_seconds > 0


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        (UpscaleRequest("u", SMALL, 3), "enlarged 2 or 4 times, not 3"),
        (UpscaleRequest("u", Pixels(0, 0, b""), 2), "has no area"),
        (UpscaleRequest("u", Pixels(2000, 1100, bytes(6_600_000)), 4), "35.2 megapixels; at most 18.9"),
    ],
)
async def test_what_cannot_be_served_says_why(request_: Request, sentence: str) -> None:
    async with an_engine(DotPipeline) as engine:
        [queued, failed] = await events_of(engine, request_)
        assert isinstance((await events_of(engine, a_request("good")))[-1], Finished)
    assert queued == Queued()
    assert isinstance(failed, Failed)
    assert failed.code is FailureCode.INVALID_REQUEST
    assert sentence in failed.reason


async def test_denoising_and_slices_take_turns() -> None:
    """A picture of a few steps, asked for while an enlargement of many layers is under way, comes before its first
    tile.
    """
    told: list[str] = []

    async def follow(request: Request) -> None:
        async for event in engine.generate(request):
            if isinstance(event, Progress) and request.id == "large":
                told.append("tile")
            if isinstance(event, TerminalEvent):
                assert isinstance(event, Finished)
                told.append(request.id)

    async with an_engine(DotPipeline) as engine, asyncio.TaskGroup() as tasks:
        tasks.create_task(follow(UpscaleRequest("large", LONG, 4)))
        tasks.create_task(follow(a_request("drawn", steps=5)))
    assert told == ["drawn", "tile", "tile", "tile", "large"]


async def test_slices_go_on_while_steps_are_taken() -> None:
    gate = Gate()
    async with an_engine(lambda: DotPipeline(gate)) as engine:
        drawing = asyncio.create_task(events_of(engine, a_request("drawn", steps=ENDLESS)))
        await arrived(gate)
        await events_of(engine, UpscaleRequest("large", SMALL, 2))
        steps = len(gate.rows)
        engine.cancel("drawn")
        await drawing
    assert 30 <= steps < ENDLESS  # one for each layer


async def test_cancelling_stops_a_group() -> None:
    gate = Gate(steps=0)
    async with an_engine(lambda: DotPipeline(gate)) as engine, asyncio.TaskGroup() as tasks:
        names = ("job", "job/1", "job/2", "job2")
        streams = [tasks.create_task(events_of(engine, a_request(name, steps=4))) for name in names]
        streams.append(tasks.create_task(events_of(engine, UpscaleRequest("job/3", SMALL, 4))))
        await arrived(gate)
        engine.cancel("job")
        gate.open()
        ends = [(await stream)[-1] for stream in streams]
    assert [type(end) for end in ends] == [Cancelled, Cancelled, Cancelled, Finished, Cancelled]


async def test_a_paused_enlargement_waits_until_it_is_resumed() -> None:
    gate = Gate(steps=0)
    async with an_engine(lambda: DotPipeline(gate)) as engine, asyncio.TaskGroup() as tasks:
        other = tasks.create_task(events_of(engine, a_request("other", steps=200)))
        await arrived(gate)
        paused = tasks.create_task(events_of(engine, UpscaleRequest("paused", SMALL, 2)))
        await asyncio.sleep(0)  # it is submitted
        engine.pause("paused")
        gate.open()
        await other
        assert not paused.done()
        engine.resume("paused")
        assert isinstance((await paused)[-1], Finished)


async def test_leaving_and_stopping() -> None:
    gate = Gate(steps=0)
    async with an_engine(lambda: DotPipeline(gate)) as engine:
        drawing = asyncio.create_task(events_of(engine, a_request("drawn", steps=3)))
        await arrived(gate)
        left = asyncio.create_task(events_of(engine, UpscaleRequest("left", SMALL, 4)))
        stopped = asyncio.create_task(events_of(engine, UpscaleRequest("stopped", SMALL, 4)))
        await asyncio.sleep(0)
        left.cancel()
        stopping = asyncio.create_task(engine.stop())
        await asyncio.sleep(0)
        gate.open()
        await stopping
        last = (await stopped)[-1]
        assert isinstance(last, Failed)
        assert last.code is FailureCode.ENGINE_STOPPED
        await drawing


async def test_a_wrong_file_is_found_at_the_start(tmp_path: Path) -> None:
    pickled = tmp_path / "x4.pth"
    pickled.write_bytes(b"")
    for name, sentence in (
        (str(pickled), "can run code when opened"),
        (str(tmp_path / "gone.safetensors"), "there is no upscaler file"),
        ("magic", "is not a .safetensors file"),
    ):
        config = EngineConfig(upscale_model=name, max_rows=1, threads=1)
        with pytest.raises(EngineStartError, match=sentence):
            await LocalEngine(config, load=lambda _: {"dots": DotPipeline()}).start()
