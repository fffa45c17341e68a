"""/describe through the engine: what it draws itself is named, everything else is told by its colours."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from engine.config import STARTER, EngineConfig, ModelConfig
from engine.local import LocalEngine
from engine.protocol import (
    Described,
    DescribeRequest,
    Failed,
    FailureCode,
    Finished,
    GenerateRequest,
    Pixels,
    Started,
    TerminalEvent,
)


@contextlib.asynccontextmanager
async def running(cache_dir: Path, *models: ModelConfig) -> AsyncIterator[LocalEngine]:
    engine = LocalEngine(EngineConfig(models, device="cpu", max_rows=1, threads=1, cache_dir=cache_dir))
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


REFUSED = (
    (DescribeRequest("d", Pixels(0, 0, b"")), "without pixels"),
    (DescribeRequest("d", Pixels(1, 1, bytes(3)), count=0), "0 descriptions were asked for; ask for 1 to 8"),
    (DescribeRequest("d", Pixels(1, 1, bytes(3)), count=9), "9 descriptions"),
)


async def describe(engine: LocalEngine, pixels: Pixels, count: int = 4, seed: int = 1) -> tuple[str, ...]:
    events = [event async for event in engine.generate(DescribeRequest("d", pixels, count, seed))]
    assert events[1] == Started(1)
    described = events[-1]
    assert isinstance(described, Described)
    assert described.engine_seconds > 0
    return described.texts


async def end_of(engine: LocalEngine, request: DescribeRequest | GenerateRequest) -> TerminalEvent:
    *_, end = [event async for event in engine.generate(request)]
    assert isinstance(end, TerminalEvent)
    return end


def beside(picture: Pixels, *, is_first: bool) -> Pixels:
    """Twice as wide: its own first or last column goes on."""
    rows = [picture.rgb[at : at + picture.width * 3] for at in range(0, len(picture.rgb), picture.width * 3)]
    wide = [row + row[-3:] * picture.width if is_first else row[:3] * picture.width + row for row in rows]
    return Pixels(picture.width * 2, picture.height, b"".join(wide))


async def test_a_drawn_picture_is_named_in_four_ways(tmp_path: Path) -> None:
    async with running(tmp_path, STARTER) as engine:
        drawn = await end_of(engine, GenerateRequest("g", "a large cartoon fox in the middle, teal background", (3,)))
        assert isinstance(drawn, Finished)
        [picture] = drawn.images
        said = await describe(engine, picture)
        others = await describe(engine, picture, seed=2)
        long = [await describe(engine, beside(picture, is_first=is_first)) for is_first in (True, False)]
        for request, sentence in REFUSED:
            failed = await end_of(engine, request)
            assert isinstance(failed, Failed)
            assert failed.code is FailureCode.INVALID_REQUEST
            assert sentence in failed.reason
    assert said[0] == "a cartoon fox, teal background"
    assert len(set(said)) == 4
    assert others != said
    assert all("fox" in first for first, *_ in long)


async def test_what_is_not_known_is_told_by_colour(random_starter: Path, tmp_path: Path) -> None:
    """By a starter of the operator's own, whose things are drawn first and kept."""
    stripes = Pixels(90, 60, (bytes((240, 132, 30)) * 10 + bytes((44, 92, 208)) * 20) * 3 * 60)
    async with running(tmp_path, ModelConfig("mine", "starter", str(random_starter))) as engine:
        dot = await describe(engine, Pixels(1, 1, bytes((206, 38, 44))))
        striped = await describe(engine, stripes)
    assert dot[0] == "red background"
    assert len(set(dot)) == len(set(striped)) == 4
    assert "blue and orange" in striped[0]
    assert len(list((tmp_path / "albums").glob("album-*.webp"))) == 1
