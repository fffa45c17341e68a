"""Rows of one request may differ, stop early and be asked for in parts: each is still the stock pipeline's picture."""

from collections.abc import Mapping
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.limits import STARTS_FROM_REFERENCES
from engine.pipelines.interface import Pipeline
from engine.preparation import turned
from engine.protocol import GenerateRequest, InitImage, NoiseBlend, Reference, ReferenceRole, WeightedPart
from engine.runner import Runner
from engine.samplers import OWN_SAMPLER
from tests.engine.parity import (
    a_mask,
    a_picture,
    a_request,
    assert_close,
    draw,
    generation_of,
    pipelines_of,
    stock,
    stock_of,
)

pytestmark = [
    pytest.mark.usefixtures("inference"),
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning"),  # diffusers' schedulers
]

FOLDERS = {"stable-diffusion": "tiny_sd", "sdxl": "tiny_sdxl", "flux": "tiny_flux_dev"}


@pytest.fixture(params=FOLDERS)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(family: str, request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(FOLDERS[family])
    return found


def singles(folder: Path, family: str, request: GenerateRequest, **of_rows: Any) -> torch.Tensor:
    """What stock makes of each row by itself."""
    rows = []
    for index, seed in enumerate(request.seeds):
        changes = {name: values[index] for name, values in of_rows.items()}
        rows.append(stock(folder, family, replace(request, seeds=(seed,), **changes)))
    return torch.cat(rows)


def test_each_row_is_guided_by_its_own_scale(family: str, folder: Path) -> None:
    request, scales = a_request(seeds=(1, 2, 3)), (1.0, 3.0, 7.5)
    latents, _ = draw(pipelines_of(folder, family), [replace(request, guidance_scales=scales)])
    assert_close(latents["r"], singles(folder, family, request, guidance_scale=scales))


def test_a_distilled_model_is_told_each_rows_scale(tiny_sd_lcm: Path) -> None:
    request, scales = a_request(sampler="lcm"), (2.0, 8.0)
    latents, _ = draw(pipelines_of(tiny_sd_lcm, "stable-diffusion"), [replace(request, guidance_scales=scales)])
    assert_close(latents["r"], singles(tiny_sd_lcm, "stable-diffusion", request, guidance_scale=scales))


@pytest.mark.parametrize("is_masked", [False, True])
def test_each_row_starts_from_its_own_picture(family: str, folder: Path, is_masked: bool) -> None:
    """Their walks differ in length; a picture that was asked for twice is the same as asked for once."""
    mask = a_mask() if is_masked else None
    request = a_request(seeds=(1, 2, 3), steps=5, mask=mask)
    upside_down = replace(a_picture(), rgb=a_picture().rgb[::-1])
    images = (InitImage(a_picture(), 0.4), InitImage(upside_down, 0.8), InitImage(a_picture(), 0.8))
    latents, _ = draw(pipelines_of(folder, family), [replace(request, init_images=images)])
    assert_close(latents["r"], singles(folder, family, request, init_image=images))


def test_progress_counts_the_longest_walk(tiny_sd: Path) -> None:
    pipelines = pipelines_of(tiny_sd, "stable-diffusion")
    images = (InitImage(a_picture(), 0.2), InitImage(a_picture(), 0.8), InitImage(a_picture(), 0.0))
    generation = generation_of(a_request(seeds=(1, 2, 3), steps=10, init_images=images), pipelines)
    assert generation.row_steps_left == 30
    assert Runner(pipelines).prepare(generation) is None
    assert (generation.total_steps, generation.steps_done, generation.row_steps_left) == (8, 0, 10)
    for row in generation.rows[:2]:
        row.step_index += 2
    assert (generation.steps_done, generation.row_steps_left) == (2, 6)
    assert [row.is_denoised for row in generation.rows] == [True, False, True]


def first_noise(seed: int) -> torch.Tensor:
    return torch.randn(1, 4, 16, 16, generator=torch.Generator("cpu").manual_seed(seed))


def test_noise_is_turned_towards_that_of_another_seed(tiny_sd: Path) -> None:
    request = a_request(seeds=(1, 1, 1))
    blends = (NoiseBlend(9, 0.0), NoiseBlend(9, 0.3), NoiseBlend(9, 1.0))
    latents, _ = draw(pipelines_of(tiny_sd, "stable-diffusion"), [replace(request, noise_blends=blends)])
    own, other = first_noise(1), first_noise(9)
    between = turned(own, other, 0.3)
    expected = stock(tiny_sd, "stable-diffusion", request, latents=torch.cat([own, between, other]))
    assert_close(latents["r"], expected)
    assert abs(between.std().item() - 1) < 0.05
    assert 0 < (between - own).norm() < (other - own).norm()


def test_with_a_picture_the_other_seeds_noise_is_what_it_would_draw_after_the_picture(tiny_sd: Path) -> None:
    init = InitImage(a_picture(), 0.7)
    blended = a_request("blended", seeds=(1,), init_image=init, noise_blends=(NoiseBlend(9, 1.0),), steps=6)
    other = a_request("other", seeds=(9,), init_image=init, steps=6)
    pipelines = pipelines_of(tiny_sd, "stable-diffusion")
    made = {name: generation_of(request, pipelines) for name, request in (("a", blended), ("b", other))}
    for generation in made.values():
        assert Runner(pipelines).prepare(generation) is None
    noises = []
    for generation in made.values():
        [row] = generation.rows
        assert row.sampler is not None
        assert row.latents is not None
        clean = pipelines["tiny"].encode_image(a_picture(), row.settings)(torch.Generator("cpu").manual_seed(row.seed))
        of_clean, of_noise = row.sampler.table.begin_weights
        noises.append((row.latents - of_clean * clean) / of_noise)
    assert (noises[0] - noises[1]).abs().max() < 1e-4


def test_models_that_cannot_look_start_from_the_mean_of_references(family: str, folder: Path) -> None:
    """Drawn in turn by the row's generator, each by its weight, then noised as any picture is."""
    pipelines = pipelines_of(folder, family)
    assert pipelines["tiny"].traits.info.abilities.issuperset(STARTS_FROM_REFERENCES)
    upside_down = replace(a_picture(), rgb=a_picture().rgb[::-1])
    references = (
        Reference(ReferenceRole.IMAGE, a_picture(), 1.5),
        Reference(ReferenceRole.CHARACTER, upside_down, 0.5),
        Reference(ReferenceRole.OBJECT, upside_down, 0.0),
    )
    generation = generation_of(a_request(steps=8, references=references), pipelines)
    assert [note.split(";")[0] for note in generation.notes] == ["tiny cannot single out the character of a picture"]
    assert Runner(pipelines).prepare(generation) is None
    for row in generation.rows:
        generator = torch.Generator("cpu").manual_seed(row.seed)
        draws = [pipelines["tiny"].encode_image(one, row.settings)(generator) for one in (a_picture(), upside_down)]
        mean = 0.75 * draws[0] + 0.25 * draws[1]
        noise = torch.randn(mean.shape, generator=generator)
        assert row.total_steps == 6  # of 8: a quarter is kept
        assert row.sampler is not None
        assert row.latents is not None
        of_clean, of_noise = row.sampler.table.begin_weights
        assert (row.latents - (of_clean * mean + of_noise * noise)).abs().max() < 1e-4


class _Stopped(Exception):
    pass


def stock_estimate(folder: Path, request: GenerateRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The finished picture as the stock noise scheduler estimates it in the last step that is taken."""
    family = "stable-diffusion"
    pipeline = stock_of(folder, family, "" if request.init_image is None else "Img2Img")
    estimates: list[torch.Tensor] = []

    def record(noise_scheduler: Any) -> Any:
        step = type(noise_scheduler).step

        @wraps(step)
        def recorded(self: Any, *arguments: Any, **more: Any) -> Any:
            done = step(self, *arguments, **{**more, "return_dict": True})
            of_dpm = getattr(self, "model_outputs", [None])[-1]
            estimates.append(of_dpm if of_dpm is not None else done.pred_original_sample)
            if len(estimates) == request.stop_step:
                raise _Stopped
            return (done.prev_sample,)

        monkeypatch.setattr(type(noise_scheduler), "step", recorded)

    import diffusers

    from engine.samplers import SAMPLERS

    for class_name in {type(pipeline.scheduler).__name__, *(SAMPLERS[request.sampler or OWN_SAMPLER][0],)}:
        record(getattr(diffusers, class_name)())
    with pytest.raises(_Stopped):
        stock(folder, family, request)
    monkeypatch.undo()
    return estimates[-1]


@pytest.mark.parametrize("sampler", ["ddim", "euler", "euler_a", "dpmpp_2m"])
def test_a_walk_that_stops_early_shows_the_picture_as_it_is_estimated_then(
    tiny_sd: Path, sampler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = a_request(sampler=sampler, steps=10, stop_step=4)
    latents, _ = draw(pipelines_of(tiny_sd, "stable-diffusion"), [request, a_request("whole", steps=6)])
    assert_close(latents["r"], stock_estimate(tiny_sd, request, monkeypatch))
    assert_close(latents["whole"], stock(tiny_sd, "stable-diffusion", a_request(steps=6)))


def test_a_walk_from_a_picture_stops_after_the_same_share(tiny_sd: Path) -> None:
    pipelines = pipelines_of(tiny_sd, "stable-diffusion")
    images = (InitImage(a_picture(), 0.5), InitImage(a_picture(), 1.0), InitImage(a_picture(), 0.0))
    generation = generation_of(a_request(steps=10, seeds=(1, 2, 3), init_images=images, stop_step=4), pipelines)
    assert generation.row_steps_left == 12
    assert Runner(pipelines).prepare(generation) is None
    assert [row.total_steps for row in generation.rows] == [2, 4, 0]


@pytest.mark.parametrize("sampler", ["ddim", "heun"])
def test_what_a_mask_keeps_is_whole_however_early_it_stops(tiny_sd: Path, sampler: str) -> None:
    pipelines = pipelines_of(tiny_sd, "stable-diffusion")
    init = InitImage(a_picture(), 0.9)
    stopped = a_request(init_image=init, mask=a_mask(), stop_step=2, steps=6, sampler=sampler)
    kept = a_request("kept", init_image=InitImage(a_picture(), 0.0))
    latents, _ = draw(pipelines, [stopped, kept])
    assert torch.equal(latents["r"][..., :6], latents["kept"][..., :6])
    assert (latents["r"][..., 8:] - latents["kept"][..., 8:]).abs().min() > 0


def told_of_mean(folder: Path, family: str, texts: Mapping[str, float], rows: int) -> dict[str, Any]:
    """What stock is given in the place of a prompt: the weighted mean of what it reads in each."""
    pipeline = stock_of(folder, family, "")
    total = sum(texts.values())
    more = {"stable-diffusion": {"num_images_per_prompt": 1}, "sdxl": {}, "flux": {"max_sequence_length": 512}}[family]
    read = {text: pipeline.encode_prompt(text, device="cpu", **_unguided(family), **more) for text in texts}

    def mean(place: int) -> torch.Tensor:
        parts = [weight / total * read[text][place] for text, weight in texts.items()]
        return torch.stack(parts).sum(dim=0).repeat(rows, *[1] * (parts[0].ndim - 1))

    none: dict[str, Any] = {"prompt": None}
    if family == "stable-diffusion":
        return none | {"prompt_embeds": mean(0), "negative_prompt": [""] * rows}
    if family == "flux":
        return none | {"prompt_embeds": mean(0), "pooled_prompt_embeds": mean(1)}
    negative = pipeline.encode_prompt("", device="cpu")
    return none | {
        "prompt_embeds": mean(0),
        "pooled_prompt_embeds": mean(2),
        "negative_prompt_embeds": negative[1].repeat(rows, 1, 1),
        "negative_pooled_prompt_embeds": negative[3].repeat(rows, 1),
    }


def _unguided(family: str) -> dict[str, Any]:
    return {} if family == "flux" else {"do_classifier_free_guidance": False}


def test_parts_are_read_apart_and_weighed(family: str, folder: Path) -> None:
    parts = (WeightedPart("hot", 3.0), WeightedPart("dog", 1.0))
    request = a_request(prompt="hot, dog", parts=parts)
    latents, _ = draw(pipelines_of(folder, family), [request])
    expected = stock(folder, family, request, **told_of_mean(folder, family, {"hot": 3.0, "dog": 1.0}, rows=2))
    assert_close(latents["r"], expected)


def test_one_part_is_the_prompt_whatever_it_weighs(tiny_sd: Path) -> None:
    request = a_request(prompt="ignored", parts=(WeightedPart("the fox", 0.3),))
    latents, _ = draw(pipelines_of(tiny_sd, "stable-diffusion"), [request])
    assert_close(latents["r"], stock(tiny_sd, "stable-diffusion", replace(request, prompt="the fox")))


def test_a_part_that_is_too_long_is_told(tiny_sd: Path, tiny_flux_dev: Path) -> None:
    parts = (WeightedPart("the fox"), WeightedPart("the fox " * 40))
    pipelines: Mapping[str, Pipeline] = pipelines_of(tiny_sd, "stable-diffusion")
    [row, _] = generation_of(a_request(parts=parts), pipelines).rows
    said = "A part of the prompt has 82 tokens; this model reads the first 77."
    assert pipelines["tiny"].encode(row.settings).notes == (said,)


@pytest.mark.parametrize("kind", ["stable-diffusion", "sdxl"])
def test_rows_of_all_kinds_share_a_batch(tiny_sd: Path, tiny_sdxl: Path, kind: str) -> None:
    folder = tiny_sd if kind == "stable-diffusion" else tiny_sdxl
    parts = (WeightedPart("hot", 3.0), WeightedPart("dog", 1.0))
    images = (InitImage(a_picture(), 0.5), InitImage(a_picture(), 0.8))
    plain = a_request("plain", sampler="unipc", steps=7)
    guided, guidance_scales = a_request("guided", sampler="euler_a", steps=6), (1.0, 9.0)
    weighed = a_request("weighed", prompt="hot, dog", parts=parts, steps=5)
    started = a_request("started", sampler="dpmpp_2m", steps=6)
    others = [
        a_request("blended", noise_blends=(NoiseBlend(4, 0.2), NoiseBlend(5, 0.9)), steps=6),
        a_request("stopped", stop_step=3, steps=8, sampler="heun"),
    ]
    pipelines = pipelines_of(folder, kind)
    requests = [
        plain,
        replace(guided, guidance_scales=guidance_scales),
        weighed,
        replace(started, init_images=images),
    ]
    latents, _ = draw(pipelines, [*requests, *others])
    assert_close(latents["plain"], stock(folder, kind, plain))
    assert_close(latents["guided"], singles(folder, kind, guided, guidance_scale=guidance_scales))
    assert_close(latents["started"], singles(folder, kind, started, init_image=images))
    told = told_of_mean(folder, kind, {"hot": 3.0, "dog": 1.0}, rows=2)
    assert_close(latents["weighed"], stock(folder, kind, weighed, **told))
    for request in others:
        alone, _ = draw(pipelines, [request])
        assert_close(latents[request.id], alone[request.id])
