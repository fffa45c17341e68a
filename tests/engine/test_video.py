"""Films by Stable Video Diffusion: the stock pipeline's frames, in slices, beside other people's pictures."""

import shutil
from collections import deque
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy
import pytest
import torch
from PIL import Image

from engine.config import EngineConfig, ModelConfig
from engine.limits import InvalidRequest
from engine.local import LocalEngine
from engine.protocol import (
    Ability,
    AnimateRequest,
    EngineStartError,
    Event,
    Failed,
    Finished,
    GenerateRequest,
    Pixels,
    Progress,
    Started,
    TerminalEvent,
)
from engine.slices import Result, Work
from engine.tasks import Effort
from engine.video import animate, check_animate, load_video
from tests.fakes import noise

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers' schedulers

CPU = torch.device("cpu")
SQUARE = AnimateRequest("film", noise(64, 64, 1), seed=7, motion=0.5, steps=2)


def stock_frames(folder: Path, request: AnimateRequest, width: int, height: int) -> list[numpy.ndarray]:
    from diffusers import StableVideoDiffusionPipeline

    pipeline = StableVideoDiffusionPipeline.from_pretrained(folder)
    pipeline.set_progress_bar_config(disable=True)
    picture = Image.frombytes("RGB", (request.pixels.width, request.pixels.height), request.pixels.rgb)
    [frames] = pipeline(
        picture.resize((width, height), Image.Resampling.LANCZOS),
        height=height,
        width=width,
        num_inference_steps=request.steps,
        motion_bucket_id=round(255 * request.motion),
        generator=torch.Generator().manual_seed(request.seed),
        output_type="np",
        return_dict=False,
    )
    return [(frame * 255).round().astype(int) for frame in frames]


def levels(pixels: Pixels) -> numpy.ndarray:
    return numpy.frombuffer(pixels.rgb, numpy.uint8).reshape(pixels.height, pixels.width, 3).astype(int)


@pytest.mark.usefixtures("inference")
def test_the_frames_are_those_of_the_stock_pipeline(tiny_svd: Path) -> None:
    """Although two films are under way at once, and each is paused some hundred times."""
    model = load_video(str(tiny_svd), CPU, torch.float32)
    asked = [SQUARE, replace(SQUARE, seed=8, motion=1.0)]
    works = [animate(request, model, Effort()) for request in asked]
    told: list[list[Event | None]] = [[], []]
    ended: dict[int, Finished] = {}
    while len(ended) < 2:
        for number, work in enumerate(works):
            if number not in ended:
                try:
                    told[number].append(next(work))
                except StopIteration as done:
                    ended[number] = done.value
    for number, request in enumerate(asked):
        frames = ended[number].images
        assert len(frames) == 4
        for frame, expected in zip(frames, stock_frames(tiny_svd, request, 64, 64), strict=True):
            assert numpy.abs(levels(frame) - expected).max() <= 1
        spoken = [event for event in told[number] if event is not None]
        assert spoken == [Started(2), Progress(1, 2), Progress(2, 2)]
        assert len(told[number]) > 100
    assert ended[0] != ended[1]


@pytest.mark.parametrize(
    ("width", "height", "size"),
    [(640, 640, (64, 64)), (90, 40, (96, 48)), (1000, 10, (112, 32)), (10, 1000, (32, 112))],
)
def test_films_have_their_pictures_shape(tiny_svd: Path, width: int, height: int, size: tuple[int, int]) -> None:
    model = load_video(str(tiny_svd), CPU, torch.float32)
    assert model.size_for(Pixels(width, height, bytes(3 * width * height))) == size


def frames_of(work: Work) -> tuple[Pixels, ...]:
    def through() -> Generator[object, None, None]:
        ends.append((yield from work))

    ends: list[Result] = []
    deque(through(), maxlen=0)
    [film] = ends
    assert isinstance(film, Finished)
    return film.images


@pytest.mark.usefixtures("inference")
def test_less_memory_gives_as_many_frames(tiny_svd: Path) -> None:
    model = load_video(str(tiny_svd), CPU, torch.float32)
    assert len(frames_of(animate(SQUARE, model, Effort(halvings=2)))) == 4


@asynccontextmanager
async def an_engine(tiny_sd: Path, video: str, cache: Path) -> AsyncIterator[LocalEngine]:
    models = (ModelConfig("tiny", "stable-diffusion", str(tiny_sd), width=64, height=64, steps=2),)
    engine = LocalEngine(EngineConfig(models=models, device="cpu", threads=1, video_model=video, cache_dir=cache))
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()


async def last(engine: LocalEngine, request: AnimateRequest) -> TerminalEvent:
    async for event in engine.generate(request):
        if isinstance(event, TerminalEvent):
            return event
    raise AssertionError("the stream ended without a terminal event")


async def test_a_film_lets_pictures_pass(tiny_sd: Path, tiny_svd: Path, tmp_path: Path) -> None:
    async with an_engine(tiny_sd, str(tiny_svd), tmp_path) as engine:
        assert Ability.FILM in engine.list_models()[0].abilities
        film = aiter(engine.generate(replace(SQUARE, steps=5)))
        async for event in film:
            if isinstance(event, Progress):
                break
        picture = GenerateRequest("picture", "a fox", seeds=(1,), width=64, height=64, steps=2)
        async for event in engine.generate(picture):
            assert not isinstance(event, Failed)
        following = [event async for event in film]
        assert sum(isinstance(event, Progress) for event in following) > 1
        assert isinstance(following[-1], Finished)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (replace(SQUARE, motion=1.5), "between 0 and 1"),
        (replace(SQUARE, steps=5000), "between 0 and 100"),
        (replace(SQUARE, seed=2**64), "between 0 and 18446744073709551615"),
    ],
)
def test_what_makes_no_film(wrong: AnimateRequest, sentence: str) -> None:
    with pytest.raises(InvalidRequest, match=sentence):
        check_animate(wrong)


async def test_without_such_a_model_there_is_none(tiny_sd: Path, tmp_path: Path) -> None:
    async with an_engine(tiny_sd, "", tmp_path) as engine:
        assert Ability.FILM not in engine.list_models()[0].abilities
        ended = await last(engine, SQUARE)
    assert isinstance(ended, Failed)
    assert "AnimateRequest" in ended.reason


def test_a_folder_of_something_else_is_found_at_the_start(tiny_sd: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineStartError, match="image_encoder"):
        load_video(str(tiny_sd), CPU, torch.float32)
    with pytest.raises(EngineStartError, match="no model folder"):
        load_video(str(tmp_path / "nothing/there"), CPU, torch.float32)


def test_half_a_file_is_found_at_the_start(tiny_svd: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_svd, tmp_path / "film")
    weights = tmp_path / "film" / "image_encoder" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    with pytest.raises(EngineStartError, match=r"cannot be loaded: .* not fully covered"):
        load_video(str(tmp_path / "film"), CPU, torch.float32)
