"""Compiled forwards: the same pictures as uncompiled ones, few compilations, no silence when one is not to be had."""

import logging
import random
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from engine.forwards import BUCKETS, Forwards
from engine.generation import BatchKey
from engine.pipelines.interface import Tensors
from tests.engine import parity

KEY = BatchKey("small", 16, 16)


@pytest.fixture(autouse=True)
def _inference() -> Iterator[None]:
    torch.set_num_threads(1)
    with torch.inference_mode():
        yield


class SmallPipeline:
    """As much of a pipeline as a forward needs. `sign` is what a compiled forward takes for granted."""

    def __init__(self, *, breaks: bool = False) -> None:
        torch.manual_seed(0)
        self.device = torch.device("cpu")
        self.network = nn.Sequential(nn.Conv2d(4, 8, 3, padding=1), nn.SiLU(), nn.Conv2d(8, 4, 3, padding=1)).eval()
        self.sign = 1.0
        self.rows: list[int] = []
        self._breaks = breaks

    def denoise(self, latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors) -> torch.Tensor:
        if self._breaks and latents.sum().item() > 0:  # what is decided by a number cannot be compiled
            latents = latents * 1.0
        times = (timesteps / 1000).view(-1, 1, 1, 1)
        return self.sign * self.network(latents + conditioning["embeds"].view(-1, 4, 1, 1)) * times


class CountingBackend:
    def __init__(self) -> None:
        self.rows: list[int] = []

    def __call__(self, module: Any, inputs: Sequence[torch.Tensor]) -> Any:
        self.rows.append(next(len(tensor) for tensor in inputs if tensor.dim() == 4 and tensor.shape[1:] == (4, 4, 4)))
        return module.forward


def inputs_of(rows: int) -> tuple[torch.Tensor, torch.Tensor, Tensors]:
    """As the runner gathers them: timesteps may be a column of a larger table."""
    dice = torch.Generator().manual_seed(rows)
    table = torch.randn(rows, 30, generator=dice)
    return torch.randn(rows, 4, 4, 4, generator=dice), table[:, 0], {"embeds": torch.randn(rows, 4, generator=dice)}


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "engine.forwards"]


def assert_right(forwards: Forwards, pipeline: Any, rows: int, key: BatchKey = KEY) -> None:
    expected = pipeline.denoise(*inputs_of(rows))
    assert (forwards.run(pipeline, key, *inputs_of(rows)) - expected).abs().max().item() <= 1e-5


def test_buckets_bound_the_compilations_whatever_row_counts_come() -> None:
    backend, pipeline = CountingBackend(), SmallPipeline()
    forwards = Forwards("on", backend=backend, eager_first=0)
    row_counts = [*range(1, 41)] * 2
    random.Random(0).shuffle(row_counts)
    for rows in row_counts:
        assert_right(forwards, pipeline, rows)
    assert sorted(backend.rows) == list(BUCKETS)
    counts = forwards.counts("small")
    assert (counts.compiled, counts.given_up, counts.eager_forwards) == (len(BUCKETS), 0, 0)


def test_uncompiled_no_row_is_added_and_fixed_rows_are_always_as_many() -> None:
    pipeline: Any = SmallPipeline()
    assert Forwards("off").sizes(pipeline, 5) == ()
    assert Forwards("auto").sizes(pipeline, 5) == ()  # no CUDA
    assert Forwards("on").sizes(pipeline, 5) == (1, 2, 4, 8)
    assert Forwards("on", fixed_rows=6).sizes(pipeline, 5) == (6,)
    for rows in (3, 6, 7):
        assert_right(Forwards("off", fixed_rows=6), pipeline, rows)


def test_what_changed_since_it_was_compiled_is_noticed(caplog: pytest.LogCaptureFixture) -> None:
    pipeline = SmallPipeline()
    forwards = Forwards("on", backend="eager", eager_first=0)
    assert_right(forwards, pipeline, 2)
    pipeline.sign = -1.0
    with caplog.at_level(logging.ERROR, "engine"):
        assert_right(forwards, pipeline, 2)
        assert_right(forwards, pipeline, 2)
    counts = forwards.counts("small")
    assert (counts.compiled, counts.changed, counts.eager_forwards) == (0, 1, 2)
    [message] = said(caplog)
    assert "model small at 16x16 for 2 rows changed since it was compiled" in message


def test_more_shapes_than_the_limit_are_said_aloud_and_counted(caplog: pytest.LogCaptureFixture) -> None:
    backend, pipeline = CountingBackend(), SmallPipeline()
    forwards = Forwards("on", backend=backend, eager_first=0, max_shapes=2)
    with caplog.at_level(logging.ERROR, "engine"):
        for rows in (1, 2, 4, 4, 1):
            assert_right(forwards, pipeline, rows)
    assert backend.rows == [1, 2]
    counts = forwards.counts("small")
    assert (counts.compiled, counts.over_limit, counts.eager_forwards) == (2, 1, 2)
    [message] = said(caplog)
    assert "for 4 rows stays uncompiled, and slower: 2 shapes are compiled already" in message
    assert_right(forwards, pipeline, 1, BatchKey("another model", 16, 16))
    assert forwards.counts("another model").compiled == 1


def test_what_cannot_be_compiled_is_drawn_and_said_aloud(caplog: pytest.LogCaptureFixture) -> None:
    pipeline = SmallPipeline(breaks=True)
    forwards = Forwards("on", backend="eager", eager_first=0)
    with caplog.at_level(logging.ERROR, "engine"):
        assert_right(forwards, pipeline, 2)
        assert_right(forwards, pipeline, 2)
    counts = forwards.counts("small")
    assert (counts.compiled, counts.failed, counts.eager_forwards) == (0, 1, 2)
    [message] = said(caplog)
    assert "cannot be compiled, and runs uncompiled" in message


def test_a_shape_that_nobody_warmed_up_is_compiled_once_it_has_come_often() -> None:
    backend, pipeline = CountingBackend(), SmallPipeline()
    forwards = Forwards("on", backend=backend, eager_first=3)
    for _ in range(3):
        assert_right(forwards, pipeline, 4)
    assert backend.rows == []
    assert_right(forwards, pipeline, 3)
    assert backend.rows == [4]
    with forwards.warming_up():
        assert_right(forwards, pipeline, 1)
    assert backend.rows == [4, 1]
    assert forwards.counts("small").eager_forwards == 3


def test_every_kind_of_rows_has_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """Size and key of a batch; what is drawn again in float32 is not compiled."""
    backend, pipeline = CountingBackend(), SmallPipeline()
    forwards = Forwards("on", backend=backend, eager_first=0)
    for key in (KEY, BatchKey("small", 16, 16, text_length=77), BatchKey("small", 16, 16, in_full_precision=True)):
        assert_right(forwards, pipeline, 2, key)
    assert backend.rows == [2, 2]
    assert forwards.counts("small").eager_forwards == 0


def test_no_more_rows_are_asked_for_than_fill_a_bucket_that_fits() -> None:
    pipeline: Any = SmallPipeline()
    assert [Forwards("on").whole_rows(pipeline, rows) for rows in (1, 3, 4, 7, 16)] == [1, 2, 4, 4, 16]
    assert Forwards("off").whole_rows(pipeline, 7) == 7


@pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")  # torch uses it itself
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch compiles for a CPU with the machine's C++ compiler")
def test_compiled_by_torchs_own_backend_the_numbers_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    pipeline = SmallPipeline()
    forwards = Forwards("on", eager_first=0)
    for rows in (3, 4):
        assert_right(forwards, pipeline, rows)
    assert forwards.counts("small").compiled == 1
    assert forwards.counts("small").given_up == 0


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers' schedulers
@pytest.mark.parametrize(("family", "fixed_rows"), [("starter", 0), ("stable-diffusion", 8)])
def test_compiled_pictures_are_the_uncompiled_ones_among_strangers(
    tiny_sd: Path, random_starter: Path, family: str, fixed_rows: int
) -> None:
    """Two to six rows of a mixed batch, filled up to buckets or to a fixed size."""
    pipelines = parity.pipelines_of(random_starter if family == "starter" else tiny_sd, family)
    samplers = [None] * 3 if family == "starter" else ["unipc", "euler_a", "dpmpp_2m_sde"]
    requests = [
        parity.a_request("a", sampler=samplers[0], seeds=(1,), steps=3),
        parity.a_request("b", sampler=samplers[1], seeds=(2, 3, 4), steps=4, guidance_scale=1.0),
        parity.a_request("c", sampler=samplers[2], seeds=(5,), steps=5),
    ]
    forwards = Forwards("on", fixed_rows, backend="aot_eager", eager_first=0)
    compiled, _ = parity.draw(pipelines, requests, forwards=forwards)
    plain, _ = parity.draw(pipelines, requests)
    for request in requests:
        parity.assert_close(compiled[request.id], plain[request.id])
    counts = forwards.counts("tiny")
    assert (counts.given_up, counts.eager_forwards) == (0, 0)
    assert counts.compiled == (1 if fixed_rows else 2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU to record graphs on")
def test_recorded_as_a_graph_the_numbers_are_the_same_and_the_memory_can_be_given_back() -> None:
    pipeline: Any = SmallPipeline()
    pipeline.device = torch.device("cuda")
    pipeline.network.to("cuda")
    forwards = Forwards("auto", eager_first=0)

    def assert_same(rows: int) -> None:
        latents, timesteps, conditioning = inputs_of(rows)
        inputs = (latents.cuda(), timesteps.cuda(), {name: value.cuda() for name, value in conditioning.items()})
        difference = forwards.run(pipeline, KEY, *inputs) - pipeline.denoise(*inputs)
        assert difference.abs().max().item() <= 1e-2  # TF32

    for rows in (3, 4, 2, 3):
        assert_same(rows)
    counts = forwards.counts("small")
    assert (counts.compiled, counts.recorded, counts.given_up, counts.eager_forwards) == (2, 2, 0, 0)
    assert forwards.release()
    assert not forwards.release()
    assert_same(4)
