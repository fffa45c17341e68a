"""Captioning models of the operator's own: real classes with random numbers, so that only how they are used counts."""

import asyncio
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from engine import captions, owner
from engine.captions import Captioner, NothingSaid, load_captioner, tidy, workable
from engine.config import EngineConfig
from engine.local import LocalEngine
from engine.protocol import (
    Cancelled,
    Described,
    DescribeRequest,
    EngineStartError,
    Event,
    Finished,
    Pixels,
    Request,
    Started,
)
from engine.slices import finish
from tests.engine.test_local import DotPipeline, Gate, a_request, arrived
from tests.engine.tiny_captioners import save_blip, save_florence, save_qwen

CPU = torch.device("cpu")
PICTURE = Pixels(60, 40, bytes(range(240)) * 30)
OTHER = Pixels(60, 40, bytes(reversed(range(240))) * 30)

Save = Callable[[Path], Path]
MAKERS: dict[str, Save] = {
    "florence": save_florence,
    "blip": save_blip,
    "qwen2": lambda folder: save_qwen(folder, "2"),
    "qwen2.5": lambda folder: save_qwen(folder, "2.5"),
}


@pytest.fixture(autouse=True)
def _short_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captions, "MAX_TOKENS", 12)


@pytest.fixture(scope="module", params=MAKERS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return MAKERS[request.param](tmp_path_factory.mktemp("captioner"))


@pytest.fixture(scope="module")
def blip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_blip(tmp_path_factory.mktemp("blip"))


@pytest.mark.usefixtures("inference")
def test_four_sentences_that_the_seed_decides(folder: Path) -> None:
    captioner = load_captioner(str(folder), CPU, torch.float32)
    said = finish(captioner.describe(PICTURE, 4, 1))
    assert len(set(said)) == 4
    torch.manual_seed(99)  # others draw numbers, too
    assert finish(captioner.describe(PICTURE, 4, 1)) == said
    assert finish(captioner.describe(PICTURE, 4, 2)) != said
    assert all(sentence == " ".join(sentence.split()) and sentence.isprintable() for sentence in said)


@pytest.mark.usefixtures("inference")
def test_the_picture_is_looked_at(folder: Path) -> None:
    captioner = load_captioner(str(folder), CPU, torch.float32)
    inputs = [_scores(captioner, pixels) for pixels in (PICTURE, OTHER)]
    assert not torch.allclose(*inputs, atol=1e-6)


def _scores(captioner: Captioner, pixels: Pixels) -> torch.Tensor:
    """Of an answer's first token, before anything is forced."""
    question = captioner._family.questions[1]
    inputs = captioner._family.ask(captioner._asking, workable(pixels), question)
    answer = captioner._network.generate(
        **inputs,
        max_new_tokens=1,
        do_sample=False,
        num_beams=1,
        output_logits=True,
        return_dict_in_generate=True,
    )
    scores: torch.Tensor = answer.logits[0]
    return scores


@pytest.mark.usefixtures("inference")
@pytest.mark.parametrize("size", [(1, 1), (1, 400), (400, 3)])
def test_the_smallest_pictures_are_described(folder: Path, size: tuple[int, int]) -> None:
    captioner = load_captioner(str(folder), CPU, torch.float32)
    width, height = size
    assert finish(captioner.describe(Pixels(width, height, bytes(width * height * 3)), 1, 1))


@pytest.mark.usefixtures("inference")
def test_a_sentence_is_many_slices(folder: Path) -> None:
    captioner = load_captioner(str(folder), CPU, torch.float32)
    layers = sum(1 for module in captioner._network.modules() if next(module.children(), None) is None)
    assert sum(1 for _ in captioner.describe(PICTURE, 1, 1)) > layers


@pytest.mark.parametrize(("save", "processor"), [(save_florence, "Florence2Processor"), (save_blip, "BlipProcessor")])
def test_questions_are_put_as_the_stock_processor_puts_them(save: Save, processor: str, tmp_path: Path) -> None:
    """Qwen's stock processor cannot be built without torchvision."""
    import transformers

    captioner = load_captioner(str(save(tmp_path)), CPU, torch.float32)
    asking, picture = captioner._asking, workable(PICTURE)
    stock = getattr(transformers, processor)(asking.image_processor, asking.tokenizer)
    for question in captioner._family.questions[1:]:
        ours = captioner._family.ask(asking, picture, question)
        theirs = stock(images=picture, text=question, return_tensors="pt")
        for name, tensor in ours.items():
            assert torch.equal(tensor, theirs[name]), name


async def test_nobody_waits_for_a_sentence(blip: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A picture of a few steps, asked for while a description is under way, comes first; one that is cancelled ends."""
    monkeypatch.setattr(owner, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(owner, "SLICE_SHARE", 0.0)
    gate = Gate(steps=0)
    ended: list[str] = []

    async def follow(request: Request) -> list[Event]:
        events = [event async for event in engine.generate(request)]
        ended.append(request.id)
        return events

    config = EngineConfig(describe_model=str(blip), max_rows=4, threads=1, cache_dir=tmp_path)
    engine = LocalEngine(config, load=lambda _: {"dots": DotPipeline(gate)})
    await engine.start()
    try:
        async with asyncio.TaskGroup() as tasks:
            drawing = tasks.create_task(follow(a_request("drawn", steps=5)))
            await arrived(gate)
            describing = tasks.create_task(follow(DescribeRequest("described", PICTURE, fairness_key="a")))
            leaving = tasks.create_task(follow(DescribeRequest("left", PICTURE, fairness_key="b")))
            await asyncio.sleep(0)  # they are submitted
            engine.cancel("left")
            gate.open()
    finally:
        await engine.stop()
    assert isinstance(drawing.result()[-1], Finished)
    assert ended.index("drawn") < ended.index("described")
    assert isinstance(leaving.result()[-1], Cancelled)
    _, started, described = describing.result()
    assert started == Started(1)
    assert isinstance(described, Described)
    assert len(described.texts) == 4
    assert described.texts[1].startswith("a picture of")


def test_a_model_that_says_nothing_is_told(blip: Path) -> None:
    captioner = load_captioner(str(blip), CPU, torch.float32)
    network: Any = captioner._network

    class Silent(torch.nn.Identity):
        dtype = torch.float32

        def generate(self, **_: object) -> torch.Tensor:
            return torch.full((1, 3), network.config.text_config.pad_token_id)

    captioner._network = Silent()
    with pytest.raises(NothingSaid, match="found no words"):
        finish(captioner.describe(PICTURE, 2, 1))


def broken(blip: Path, folder: Path, **config: object) -> Path:
    shutil.copytree(blip, folder)
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | config))
    return folder


def test_what_cannot_be_loaded_says_why(blip: Path, tmp_path: Path) -> None:
    other = broken(blip, tmp_path / "other", model_type="clip")
    with_code = broken(blip, tmp_path / "code", auto_map={"AutoModelForCausalLM": "modeling.Model"})
    empty = broken(blip, tmp_path / "empty")
    (empty / "model.safetensors").unlink()
    pickled = broken(blip, tmp_path / "pickled")
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    cut = broken(blip, tmp_path / "cut")
    (cut / "model.safetensors").write_bytes((blip / "model.safetensors").read_bytes()[:-1000])
    deeper = broken(blip, tmp_path / "deeper")
    settings = json.loads((deeper / "config.json").read_text())
    settings["text_config"]["num_hidden_layers"] = 3
    (deeper / "config.json").write_text(json.dumps(settings))
    for source, sentence in (
        (tmp_path / "gone", "there is no model folder"),
        (other, "of the kind 'clip', which describes no pictures here; choose one of florence2, blip, qwen2_vl"),
        (with_code, "wants to run code of its own, which is not done here"),
        (empty, "is missing its weights"),
        (pickled, "holds pickled weights only, which can run code when opened"),
        (cut, r"cannot be loaded: .* not fully covered"),
        (deeper, "and would talk nonsense"),
    ):
        with pytest.raises(EngineStartError, match=sentence):
            load_captioner(str(source), CPU, torch.float32)


async def test_a_wrong_name_is_found_at_the_start(tmp_path: Path) -> None:
    config = EngineConfig(describe_model="easel/nobody", max_rows=1, threads=1, cache_dir=tmp_path)
    with pytest.raises(EngineStartError, match="easel/nobody is not wholly on this machine"):
        await LocalEngine(config, load=lambda _: {"dots": DotPipeline()}).start()


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("The image shows a fox\nin the  snow.", "a fox in the snow"),
        ('"A quiet lake"', "A quiet lake"),
        ("a fox. " * 100, "a fox. " * 49 + "a fox"),
        ("fox " * 200, ("fox " * 87).strip()),
        ("\x00\ufffd", ""),
    ],
)
def test_answers_are_one_line_of_moderate_length(said: str, kept: str) -> None:
    assert tidy(said) == kept


def test_a_line_of_pixels_is_widened() -> None:
    assert workable(Pixels(1, 300, bytes(900))).size == (28, 300)
    assert isinstance(workable(PICTURE), Image.Image)
