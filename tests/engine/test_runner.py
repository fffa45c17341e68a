"""The picture of any request is the stock diffusers pipeline's, alone or among strangers at other steps."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import pytest
import torch

from engine.generation import Generation
from engine.pipelines.interface import Pipeline, Tensors
from engine.protocol import FailureCode, GenerateRequest, InitImage
from engine.runner import Runner
from engine.sampler_tables import StepNumbers
from engine.samplers import OWN_SAMPLER, SAMPLERS
from engine.scheduler import Scheduler
from engine.settings import resolve
from engine.step import gather_step
from tests.engine.conftest import stable_diffusion
from tests.engine.parity import (
    LEVEL_TOLERANCE,
    SIDE,
    a_mask,
    a_picture,
    a_request,
    assert_close,
    draw,
    pipelines_of,
    stock,
)

pytestmark = [
    pytest.mark.usefixtures("inference"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers' schedulers
]

SAMPLER_CASES = [OWN_SAMPLER, *SAMPLERS]


@pytest.mark.parametrize("sampler", SAMPLER_CASES)
def test_every_sampler_draws_the_stock_pictures(tiny_sd: Path, sampler: str) -> None:
    request = a_request(sampler=sampler)
    latents, _ = draw(pipelines_of(tiny_sd, "stable-diffusion"), [request])
    assert_close(latents["r"], stock(tiny_sd, "stable-diffusion", request))


def test_a_model_of_its_own_sampler_draws_the_stock_pictures(tmp_path: Path) -> None:
    """TCD draws noise at each step unless it is told not to, as the stock pipelines do."""
    from diffusers import TCDScheduler

    pipeline = stable_diffusion()
    pipeline.scheduler = TCDScheduler.from_config(pipeline.scheduler.config)
    pipeline.save_pretrained(tmp_path)
    latents, _ = draw(pipelines_of(tmp_path, "stable-diffusion"), [a_request()])
    assert_close(latents["r"], stock(tmp_path, "stable-diffusion", a_request()))


@pytest.mark.parametrize("sampler", SAMPLER_CASES)
def test_every_sampler_starts_from_a_picture_as_stock_does(tiny_sd: Path, sampler: str) -> None:
    request = a_request(sampler=sampler, init_image=InitImage(a_picture(), 0.6), steps=5)
    latents, _ = draw(pipelines_of(tiny_sd, "stable-diffusion"), [request])
    assert_close(latents["r"], stock(tiny_sd, "stable-diffusion", request))


@pytest.mark.parametrize("strength", [0.6, 1.0])
@pytest.mark.parametrize("sampler", SAMPLER_CASES)
def test_every_sampler_redraws_behind_a_mask_as_stock_does(tiny_sd: Path, sampler: str, strength: float) -> None:
    request = a_request(sampler=sampler, init_image=InitImage(a_picture(), strength), mask=a_mask(), steps=5)
    latents, _ = draw(pipelines_of(tiny_sd, "stable-diffusion"), [request])
    assert_close(latents["r"], stock(tiny_sd, "stable-diffusion", request))


def test_a_mask_keeps_what_is_black_whatever_its_size(tiny_sd: Path) -> None:
    pipelines = pipelines_of(tiny_sd, "stable-diffusion")
    masks = [a_mask(2 * SIDE), a_mask()]
    requests = [a_request(str(n), init_image=InitImage(a_picture(), 0.9), mask=mask) for n, mask in enumerate(masks)]
    kept = a_request("kept", init_image=InitImage(a_picture(), 0.0))
    latents, _ = draw(pipelines, [*requests, kept])
    assert_close(latents["0"], latents["1"])
    assert torch.equal(latents["0"][..., :6], latents["kept"][..., :6])
    assert (latents["0"][..., 8:] - latents["kept"][..., 8:]).abs().min() > 0


@pytest.mark.parametrize("family", ["stable-diffusion", "sdxl"])
def test_a_batch_of_strangers_changes_nobodys_picture(tiny_sd: Path, tiny_sdxl: Path, family: str) -> None:
    """Other prompts, samplers, lengths, guidance and modes, each joining at another step."""
    folder = tiny_sd if family == "stable-diffusion" else tiny_sdxl
    requests = [
        a_request("a", sampler="euler_a", steps=6),
        a_request("b", sampler="dpmpp_2m", prompt="a red kite", seeds=(7,), guidance_scale=1.0),
        a_request("c", sampler="ddim", negative_prompt="blue", seeds=(2**40,), guidance_scale=9.0),
        a_request("d", sampler="lcm", init_image=InitImage(a_picture(), 0.8), steps=6),
        a_request("e", sampler="unipc", prompt="", steps=3),
        a_request("f", sampler="dpmpp_2m_sde", init_image=InitImage(a_picture(), 0.7), mask=a_mask(), steps=6),
        a_request("g", sampler="heun", steps=3),
    ]
    latents, pictures = draw(pipelines_of(folder, family), requests)
    for request in requests:
        assert_close(latents[request.id], stock(folder, family, request))
        expected = stock(folder, family, request, output_type="np")
        for picture, values in zip(pictures[request.id], expected, strict=True):
            levels = numpy.frombuffer(picture.rgb, numpy.uint8).reshape(SIDE, SIDE, 3).astype(int)
            assert abs(levels - (values * 255).round()).max() <= LEVEL_TOLERANCE


def test_another_shape_than_square(tiny_sd: Path) -> None:
    request = a_request(width=48, height=24)
    latents, pictures = draw(pipelines_of(tiny_sd, "stable-diffusion"), [request])
    assert_close(latents["r"], stock(tiny_sd, "stable-diffusion", request))
    assert (pictures["r"][0].width, pictures["r"][0].height) == (48, 24)


@pytest.mark.parametrize("sampler", [OWN_SAMPLER, "euler", "dpmpp_2m"])
def test_v_prediction(tiny_sd_v: Path, sampler: str) -> None:
    request = a_request(sampler=sampler)
    latents, _ = draw(pipelines_of(tiny_sd_v, "stable-diffusion"), [request])
    assert_close(latents["r"], stock(tiny_sd_v, "stable-diffusion", request))


def test_a_model_that_takes_guidance_as_an_embedding(tiny_sd_lcm: Path) -> None:
    requests = [a_request("r", sampler="lcm"), a_request("s", sampler="lcm", guidance_scale=2.0)]
    latents, _ = draw(pipelines_of(tiny_sd_lcm, "stable-diffusion"), requests)
    for request in requests:
        assert_close(latents[request.id], stock(tiny_sd_lcm, "stable-diffusion", request))


@pytest.mark.parametrize("sampler", [OWN_SAMPLER, "dpmpp_2m_sde"])
@pytest.mark.parametrize("strength", [None, 0.5])
def test_sdxl(tiny_sdxl: Path, sampler: str, strength: float | None) -> None:
    init = None if strength is None else InitImage(a_picture(), strength)
    request = a_request(sampler=sampler, init_image=init)
    latents, _ = draw(pipelines_of(tiny_sdxl, "sdxl"), [request])
    assert_close(latents["r"], stock(tiny_sdxl, "sdxl", request))


def test_a_row_budget_smaller_than_the_request_changes_nothing(tiny_sd: Path) -> None:
    request = a_request(seeds=(1, 2, 3))
    latents, _ = draw(pipelines_of(tiny_sd, "stable-diffusion"), [request], max_rows=2)
    assert_close(latents["r"], stock(tiny_sd, "stable-diffusion", request))


def test_padded_to_a_fixed_size_the_bits_are_the_same_whatever_the_neighbours(tiny_sd: Path) -> None:
    pipelines = pipelines_of(tiny_sd, "stable-diffusion")
    request = a_request(sampler="dpmpp_2m_sde", steps=6)
    strangers = [
        a_request("a", steps=9, seeds=(5, 6, 7), sampler="unipc"),
        a_request("b", prompt="a red kite", seeds=(8,), guidance_scale=1.0, sampler="euler_a"),
    ]
    alone, _ = draw(pipelines, [request], fixed_rows=8)
    among, _ = draw(pipelines, [*strangers, request], fixed_rows=8)
    assert torch.equal(alone["r"], among["r"])
    assert_close(alone["r"], stock(tiny_sd, "stable-diffusion", request))


@pytest.mark.parametrize("family", ["stable-diffusion", "sdxl"])
def test_what_of_a_long_prompt_is_read_is_said(tiny_sd: Path, tiny_sdxl: Path, family: str) -> None:
    pipeline = pipelines_of(tiny_sd if family == "stable-diffusion" else tiny_sdxl, family)["tiny"]
    settings = resolve(a_request(prompt="the fox " * 40), pipeline.traits)
    assert pipeline.encode(settings).notes == ("The prompt has 82 tokens; this model reads the first 77.",)
    assert pipeline.encode(replace(settings, prompt="the fox")).notes == ()


def test_strength_zero_keeps_the_picture(tiny_sd: Path) -> None:
    pipelines = pipelines_of(tiny_sd, "stable-diffusion")
    request = a_request(init_image=InitImage(a_picture(), 0.0), seeds=(1,))
    _, pictures = draw(pipelines, [request])
    settings = resolve(request, pipelines["tiny"].traits)
    once = pipelines["tiny"].encode_image(a_picture(), settings)(torch.Generator("cpu").manual_seed(1))
    assert pictures["r"] == list(pipelines["tiny"].decode(once))


def prepared(pipeline: Pipeline, *requests: GenerateRequest) -> tuple[Runner, Scheduler]:
    runner, scheduler = Runner({"tiny": pipeline}), Scheduler(16)
    for request in requests:
        scheduler.add(Generation(request, resolve(request, pipeline.traits), "tiny"))
    for generation in scheduler.admit():
        assert runner.prepare(generation) is None
    return runner, scheduler


@pytest.mark.parametrize("sampler", SAMPLER_CASES)
@pytest.mark.parametrize("kind", ["epsilon", "v_prediction"])
def test_previews_near_the_end_look_like_the_picture(tiny_sd: Path, tiny_sd_v: Path, sampler: str, kind: str) -> None:
    """The clean estimate of the last step is where the step itself lands, but for the noise some samplers add."""
    folder = tiny_sd if kind == "epsilon" else tiny_sd_v
    pipeline = pipelines_of(folder, "stable-diffusion")["tiny"]
    request = a_request(sampler=sampler, steps=8, seeds=(1,), guidance_scale=1.0)
    estimate = torch.zeros(())
    runner, scheduler = prepared(pipeline, request)
    row = scheduler.generations[0].rows[0]
    while batch := scheduler.schedule():
        step = gather_step(batch.rows, pipeline.device)
        estimate = step.numbers.clean_estimate(runner._noise_pred(pipeline, step), step.latents)
        runner.step(batch)
    assert row.latents is not None
    spread = row.latents.std().item()
    assert (estimate - row.latents).abs().mean().item() <= 0.1 * spread


class Troubled:
    """A pipeline whose forward fails for certain rows, or for more than so many at once."""

    def __init__(self, pipeline: Pipeline, *, fits: int = 99, bad_prompt: str = "", poison: str = "") -> None:
        self._pipeline = pipeline
        self._fits = fits
        self._bad = self._mark(bad_prompt)
        self._poison = self._mark(poison)

    def _mark(self, prompt: str) -> torch.Tensor | None:
        if not prompt:
            return None
        settings = resolve(a_request(prompt=prompt), self._pipeline.traits)
        return self._pipeline.encode(settings).positive["prompt_embeds"]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pipeline, name)

    def denoise(self, latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors) -> torch.Tensor:
        if len(latents) > self._fits:
            raise torch.OutOfMemoryError(f"{len(latents)} rows do not fit")
        rows = conditioning["prompt_embeds"]
        if self._bad is not None and any(torch.equal(row, self._bad[0]) for row in rows):
            raise ValueError("cannot draw this")
        noise_pred = self._pipeline.denoise(latents, timesteps, conditioning)
        if self._poison is not None:
            noise_pred[[torch.equal(row, self._poison[0]) for row in rows]] = float("nan")
        return noise_pred


def test_the_time_of_a_step_is_shared_by_its_rows(tiny_sd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What each request took of the machine, and no second of it twice. Rows of one batch cost the same."""
    pipeline = pipelines_of(tiny_sd, "stable-diffusion")["tiny"]
    runner, scheduler = prepared(pipeline, a_request("one", seeds=(9,)), a_request("three", seeds=(1, 2, 3)))
    before = {generation.id: generation.engine_seconds for generation in scheduler.generations}
    batch = scheduler.schedule()
    assert batch is not None
    clock = iter((100.0, 106.0))
    monkeypatch.setattr("engine.runner.time.perf_counter", lambda: next(clock))
    runner.step(batch)
    took = {generation.id: generation.engine_seconds - before[generation.id] for generation in scheduler.generations}
    assert took == pytest.approx({"one": 1.5, "three": 4.5})


def test_a_row_that_fails_fails_alone(tiny_sd: Path) -> None:
    pipeline = pipelines_of(tiny_sd, "stable-diffusion")["tiny"]
    good, bad = a_request("good"), a_request("bad", prompt="a bad one")
    runner, scheduler = prepared(Troubled(pipeline, bad_prompt="a bad one"), good, bad)
    batch = scheduler.schedule()
    assert batch is not None
    results = {result.generation.id: result.failure for result in runner.step(batch).results}
    assert results["good"] is None
    assert results["bad"] is not None
    assert (results["bad"].code, results["bad"].reason) == (FailureCode.INTERNAL, "ValueError: cannot draw this")


def test_out_of_memory_halves_the_rows_and_loses_nothing(tiny_sd: Path) -> None:
    pipelines = pipelines_of(tiny_sd, "stable-diffusion")
    request = a_request(seeds=(1, 2, 3, 4, 5), guidance_scale=1.0)
    pipeline = Troubled(pipelines["tiny"], fits=2)
    runner, scheduler = prepared(pipeline, request)
    batch = scheduler.schedule()
    assert batch is not None
    outcome = runner.step(batch)
    assert [result.failure for result in outcome.results] == [None]
    assert outcome.fitting_rows == 2
    latents, _ = draw({"tiny": pipeline}, [request])
    expected, _ = draw(pipelines, [request])
    assert_close(latents["r"], expected["r"])


def test_a_step_tried_again_draws_the_same_noise(tiny_sd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The memory may run out after the noise was drawn; the same seed is the same picture all the same."""
    pipelines = pipelines_of(tiny_sd, "stable-diffusion")
    request = a_request(sampler="euler_a", seeds=(1, 2))
    expected, _ = draw(pipelines, [request])
    advance, failures = StepNumbers.advance, [torch.OutOfMemoryError("no room for the update")]

    def advance_in_need(numbers: StepNumbers, *tensors: torch.Tensor) -> torch.Tensor:
        if failures:
            raise failures.pop()
        return advance(numbers, *tensors)

    monkeypatch.setattr(StepNumbers, "advance", advance_in_need)
    latents, _ = draw(pipelines, [request])
    assert not failures
    assert_close(latents["r"], expected["r"])


def test_a_preview_that_does_not_fit_is_done_without(tiny_sd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The step itself is done: nobody has to fail for a small picture."""
    pipeline = pipelines_of(tiny_sd, "stable-diffusion")["tiny"]
    runner, scheduler = prepared(pipeline, a_request("shown", preview_every=1), a_request("other"))
    batch = scheduler.schedule()
    assert batch is not None

    def fill_up(_: torch.Tensor) -> None:
        raise torch.OutOfMemoryError("no room to ask")

    with monkeypatch.context() as full:
        full.setattr(torch, "isfinite", fill_up)
        results = runner.step(batch).results
    assert [result.failure for result in results] == [None, None]
    assert {row.step_index for row in batch.rows} == {1}
    assert all(row.preview is None for row in batch.rows)


def test_what_does_not_fit_alone_fails_as_out_of_memory(tiny_sd: Path) -> None:
    pipeline = Troubled(pipelines_of(tiny_sd, "stable-diffusion")["tiny"], fits=0)
    runner, scheduler = prepared(pipeline, a_request())
    batch = scheduler.schedule()
    assert batch is not None
    [result] = runner.step(batch).results
    assert result.failure is not None
    assert result.failure.code is FailureCode.OUT_OF_MEMORY


@pytest.mark.parametrize("preview_every", [0, 1])
def test_latents_that_are_no_numbers_are_not_shown_as_black(tiny_sd: Path, preview_every: int) -> None:
    pipeline = Troubled(pipelines_of(tiny_sd, "stable-diffusion")["tiny"], poison="a poisoned one")
    good = a_request("good", preview_every=preview_every)
    runner, scheduler = prepared(pipeline, good, replace(good, id="bad", prompt="a poisoned one"))
    failures: dict[str, FailureCode] = {}
    while batch := scheduler.schedule():
        for result in runner.step(batch).results:
            if result.failure is not None:
                failures[result.generation.id] = result.failure.code
                scheduler.remove(result.generation)
    while row := scheduler.next_decode():
        for generation, failure in runner.decode(scheduler.rows_to_decode(row, 9)).items():
            failures[generation.id] = failure.code
            scheduler.remove(generation)
    assert failures == {"bad": FailureCode.NOT_A_NUMBER}
