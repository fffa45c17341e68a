"""One picture in the manner of another: losses fall, what is shown stays, colours stay where they are to."""

from dataclasses import replace
from pathlib import Path

import numpy
import pytest
import torch
from PIL import Image, ImageDraw
from safetensors.torch import save_file
from torch import nn

from engine import restyle as restyling
from engine.config import EngineConfig
from engine.limits import InvalidRequest
from engine.pictures import to_tensor
from engine.protocol import EngineStartError, Event, Finished, Pixels, Progress, RestyleRequest, Started
from engine.restyle import check_restyle, restyle
from engine.slices import Result, Slices, finish
from engine.style_losses import Losses, Weights, aim, gram, shrunk
from engine.style_network import StyleNetwork, load_vgg
from engine.tasks import Effort
from engine.tools import Tools

CPU = torch.device("cpu")


def a_picture(width: int = 64, height: int = 48) -> Pixels:
    picture = Image.new("RGB", (width, height), (120, 180, 240))
    pen = ImageDraw.Draw(picture)
    pen.ellipse((width // 4, height // 6, width * 3 // 4, height * 5 // 6), fill=(230, 120, 40), outline="black")
    return Pixels(width, height, picture.tobytes())


def a_manner(side: int = 64) -> Pixels:
    """Slanting dark lines on yellow."""
    rows, columns = numpy.mgrid[:side, :side]
    is_line = (rows + 2 * columns) % 9 < 4
    levels = numpy.where(is_line[..., None], (40, 20, 60), (240, 220, 120)).astype(numpy.uint8)
    return Pixels(side, side, levels.tobytes())


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Tools:
    tools = Tools(EngineConfig(cache_dir=tmp_path_factory.mktemp("cache")), CPU, torch.float32)
    with torch.inference_mode():  # as the owner thread loads
        tools.style()
    return tools


def play(request: RestyleRequest, tools: Tools, effort: Effort = Effort()) -> tuple[list[Event], Pixels]:  # noqa: B008
    events: list[Event] = []

    def listen() -> Slices[Result]:
        work = restyle(request, tools.style(), effort)
        while True:
            try:
                event = next(work)
            except StopIteration as done:
                result: Result = done.value
                return result
            if event is not None:
                events.append(event)
            yield

    with torch.inference_mode():
        finished = finish(listen())
    assert isinstance(finished, Finished)
    return events, finished.images[0]


def losses_of(picture: Pixels, content: Pixels, style: Pixels, tools: Tools) -> Losses:
    shown, manner, judged = ((to_tensor(p, p.width, p.height) + 1) / 2 for p in (content, style, picture))
    target = finish(aim(tools.style().slow, shown, manner))
    return finish(target.losses(judged))


def levels(pixels: Pixels) -> numpy.ndarray:
    return numpy.frombuffer(pixels.rgb, numpy.uint8).reshape(pixels.height, pixels.width, 3).astype(float)


@pytest.mark.parametrize(("steps", "style_kept"), [(0, 0.7), (16, 0.35)])
def test_the_manner_comes_nearer_and_what_is_shown_stays(steps: int, style_kept: float, tools: Tools) -> None:
    content, style = a_picture(), a_manner()
    events, picture = play(RestyleRequest("r", content, style, steps=steps), tools)
    assert (picture.width, picture.height) == (64, 48)
    before, after = losses_of(content, content, style, tools), losses_of(picture, content, style, tools)
    assert after.style < style_kept * before.style
    assert after.content < losses_of(style_like(style, content), content, style, tools).content
    total = max(1, steps)
    assert events == [Started(total), *(Progress(number, total) for number in range(1, total + 1))]


def style_like(style: Pixels, content: Pixels) -> Pixels:
    picture = Image.frombytes("RGB", (style.width, style.height), style.rgb).crop((0, 0, content.width, content.height))
    return Pixels(content.width, content.height, picture.tobytes())


def test_a_soft_manner_makes_no_grain(tools: Tools) -> None:
    """Where neither picture has anything fine, as in the sky, little that is fine comes of them."""
    rows = numpy.mgrid[:64, :64][0]
    soft = (130 + 80 * numpy.sin(rows / 9))[..., None].repeat(3, axis=2).astype(numpy.uint8)
    fine = {}
    for name, style in (("soft", Pixels(64, 64, soft.tobytes())), ("lines", a_manner())):
        _, picture = play(RestyleRequest("r", a_picture(64, 64), style), tools)
        fine[name] = numpy.abs(numpy.diff(levels(picture)[2:14, 2:12], axis=1)).mean()
    assert fine["soft"] < 5
    assert fine["lines"] > 15


def test_more_strength_is_nearer_to_the_manner_and_none_changes_nothing(tools: Tools) -> None:
    content, style = a_picture(), a_manner()
    for steps in (0, 12):
        near = []
        for strength in (0.2, 0.6, 1.0):
            _, picture = play(RestyleRequest("r", content, style, strength, steps=steps), tools)
            near.append(losses_of(picture, content, style, tools).style)
        assert near[0] == max(near)  # beyond that the quick way may overshoot, and few steps are as many
        _, unchanged = play(RestyleRequest("r", content, style, 0.0, steps=steps), tools)
        assert unchanged == content


@pytest.mark.parametrize("steps", [0, 6])
def test_colours_stay(steps: int, tools: Tools) -> None:
    content = a_picture()
    _, picture = play(RestyleRequest("r", content, a_manner(), keeps_colours=True, steps=steps), tools)
    _, recoloured = play(RestyleRequest("r", content, a_manner(), steps=steps), tools)
    inside = (levels(picture) > 1).all(axis=-1) & (levels(picture) < 254).all(axis=-1)  # not cut off at black or white
    assert inside.mean() > 0.3

    def hues(pixels: Pixels) -> numpy.ndarray:
        return numpy.diff(levels(pixels), axis=-1)[inside]

    assert numpy.abs(hues(picture) - hues(content)).max() <= 2
    assert numpy.abs(hues(recoloured) - hues(content)).mean() > 10
    assert numpy.abs(levels(picture) - levels(content)).mean() > 5


def test_previews_come_as_often_as_asked(tools: Tools) -> None:
    events, _ = play(RestyleRequest("r", a_picture(), a_manner(), steps=5, preview_every=2), tools)
    shown = [event.step_index for event in events if isinstance(event, Progress) and event.previews]
    assert shown == [2, 4]


def test_a_large_picture_is_worked_at_a_bounded_size_and_given_back_in_full(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restyling, "CPU_SIDE", 32)
    _, picture = play(RestyleRequest("r", a_picture(64, 48), a_manner(), keeps_colours=True), tools)
    assert (picture.width, picture.height) == (64, 48)
    _, four_times = play(RestyleRequest("r", a_picture(320, 160), a_manner()), tools)
    assert (four_times.width, four_times.height) == (128, 64)


def test_out_of_memory_works_at_half_the_size(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restyling, "CPU_SIDE", 48)
    request = RestyleRequest("r", a_picture(48, 48), a_manner(), steps=2, preview_every=1)
    for halvings, side in ((0, 48), (1, 24)):
        events, picture = play(request, tools, Effort(halvings=halvings))
        [preview] = [event.previews[0] for event in events if isinstance(event, Progress) and event.previews]
        assert (preview.width, picture.width) == (side, 48)


@pytest.mark.parametrize(("size", "drawn"), [((175, 75), (175, 75)), ((75, 175), (75, 175)), ((400, 101), (256, 65))])
def test_a_picture_keeps_its_shape_whatever_is_rounded_on_the_way(
    size: tuple[int, int], drawn: tuple[int, int], tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last is enlarged four times, the most there is."""
    monkeypatch.setattr(restyling, "CPU_SIDE", 64)
    for keeps_colours in (False, True):
        request = RestyleRequest("r", a_picture(*size), a_manner(), keeps_colours=keeps_colours)
        _, picture = play(request, tools)
        assert (picture.width, picture.height) == drawn


@pytest.mark.parametrize("steps", [0, 4])
def test_a_long_style_is_looked_at_however_small_the_content_is(steps: int, tools: Tools) -> None:
    for style in (a_picture(256, 16), a_picture(16, 256)):
        _, picture = play(RestyleRequest("r", a_picture(33, 20), style, steps=steps), tools)
        assert (picture.width, picture.height) == (33, 20)


def test_plain_pictures_have_a_manner_too(tools: Tools) -> None:
    """Nothing in them varies; nothing is divided by that."""
    plain = Pixels(32, 32, bytes([90]) * 32 * 32 * 3)
    for steps in (0, 2):
        for content, style in ((plain, plain), (a_picture(), plain), (plain, a_manner())):
            play(RestyleRequest("r", content, style, steps=steps), tools)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"strength": 1.5}, "strength is 1.5"),
        ({"strength": float("nan")}, "strength is nan"),
        ({"steps": -1}, "steps is -1"),
        ({"content": a_picture(10, 20)}, "the content picture is 10x20"),
        ({"style": a_picture(400, 20)}, "too long and thin"),
    ],
)
def test_what_cannot_be_drawn_says_why(changes: dict[str, object], sentence: str) -> None:
    request = RestyleRequest("r", a_picture(), a_manner())
    check_restyle(request)
    with pytest.raises(InvalidRequest, match=sentence):
        check_restyle(replace(request, **changes))  # type: ignore[arg-type]


def test_the_gradient_made_in_slices_is_the_losses_own() -> None:
    """Compared with one graph over everything, on a picture whose edges no scale divides."""
    torch.manual_seed(0)
    stages = (nn.Sequential(nn.Conv2d(3, 5, 3, padding=1), nn.PReLU()), nn.Sequential(nn.Conv2d(5, 4, 3, stride=2)))
    for stage in stages:
        stage.requires_grad_(requires_grad=False)
    network = StyleNetwork(stages, frozenset({0, 1}), (1, 2), 1, 2, CPU)
    content, style, picture = torch.rand(1, 3, 19, 22), torch.rand(1, 3, 16, 16), torch.rand(1, 3, 19, 22)
    with torch.inference_mode():
        target = finish(aim(network, content, style))
        losses, gradient = finish(target.gradient(picture, Weights(0.3, 2.0, 0.1)))

    def answers(of: torch.Tensor, scale: int) -> list[torch.Tensor]:
        first = stages[0](shrunk(of, scale))
        return [first, stages[1](first)]

    wanted = answers(content, 2)[1]
    picture.requires_grad_()
    shown = (answers(picture, 2)[1] - wanted).square().mean() / wanted.var()
    far = [
        (gram(mine) - gram(its)).square().sum() / gram(its).square().sum()
        for scale in (1, 2)
        for mine, its in zip(answers(picture, scale), answers(style, scale), strict=True)
    ]
    manner = torch.stack(far).mean()
    step = picture.diff(dim=3).abs().mean() + picture.diff(dim=2).abs().mean()
    (0.3 * shown + 2.0 * manner + 0.1 * step).backward()
    assert (losses.content, losses.style, losses.variation) == pytest.approx(
        tuple(value.item() for value in (shown, manner, step)), rel=1e-4
    )
    assert picture.grad is not None
    assert (gradient - picture.grad).abs().max().item() < 1e-6 + 1e-4 * picture.grad.abs().max().item()


def save_tiny_vgg(path: Path, convolutions: int = 16) -> dict[str, torch.Tensor]:
    """Numbered as torchvision numbers: a ReLU after each convolution, a pool after the 2nd, 4th, 8th and 12th."""
    torch.manual_seed(0)
    weights, number, channels = {}, 0, 3
    for index in range(1, convolutions + 1):
        weights[f"features.{number}.weight"] = torch.randn(6, channels, 3, 3) * 0.3
        weights[f"features.{number}.bias"] = torch.zeros(6)
        number, channels = number + 2 + (index in (2, 4, 8, 12)), 6
    weights["classifier.0.weight"] = torch.zeros(2, 6)
    save_file(weights, path)
    return weights


def test_a_vgg_of_the_operators_own(tmp_path: Path) -> None:
    save_tiny_vgg(tmp_path / "vgg.safetensors")
    config = EngineConfig(cache_dir=tmp_path, style_features=str(tmp_path / "vgg.safetensors"))
    with torch.inference_mode():
        tools = Tools(config, CPU, torch.float32)
        tools.load_named()
    network = tools.style().slow
    assert len(network.stages) == 6
    with torch.inference_mode():
        seen = torch.zeros(1, 3, 64, 64)
        sides = [(seen := stage(seen)).shape[-1] for stage in network.stages]
    assert sides == [64, 32, 16, 8, 8, 4]  # conv1_1, 2_1, 3_1, 4_1, 4_2 and 5_1
    content, style = a_picture(), a_manner()
    _, picture = play(RestyleRequest("r", content, style, steps=12), tools)
    before, after = losses_of(content, content, style, tools), losses_of(picture, content, style, tools)
    assert after.style < 0.8 * before.style


def test_a_vgg_as_torchvision_publishes_it(tmp_path: Path) -> None:
    torch.save(save_tiny_vgg(tmp_path / "vgg.safetensors"), tmp_path / "vgg.pth")
    one, other = (load_vgg(tmp_path / f"vgg.{suffix}", CPU) for suffix in ("safetensors", "pth"))
    seen = torch.rand(1, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    assert (one.stages[0](seen) == other.stages[0](seen)).all()


class Trap:
    """Would leave a file behind if it were unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.touch, (self.path,)


def test_nothing_in_a_file_is_ever_run(tmp_path: Path) -> None:
    sprung = tmp_path / "sprung"
    torch.save({"features.0.weight": torch.zeros(1), "trap": Trap(sprung)}, tmp_path / "vgg.pth")
    with pytest.raises(EngineStartError, match="is no VGG-19"):
        load_vgg(tmp_path / "vgg.pth", CPU)
    assert not sprung.exists()


def test_files_that_are_no_vgg(tmp_path: Path) -> None:
    (tmp_path / "vgg.ckpt").write_bytes(b"")
    (tmp_path / "vgg.pth").write_bytes(b"")
    torch.save([1], tmp_path / "list.pth")
    (tmp_path / "broken.safetensors").write_bytes(b"broken")
    save_tiny_vgg(tmp_path / "short.safetensors", convolutions=5)
    for name, sentence in (
        ("vgg.ckpt", "can run code when opened"),
        ("vgg.pth", "is no VGG-19"),
        ("list.pth", "it holds no weights by name"),
        ("gone.safetensors", "there is no file of style features"),
        ("broken.safetensors", "is no VGG-19"),
        ("short.safetensors", "it has 5 convolutions"),
    ):
        with pytest.raises(EngineStartError, match=sentence):
            load_vgg(tmp_path / name, CPU)
