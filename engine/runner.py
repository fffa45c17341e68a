"""Computes what the scheduler decided: prepares newcomers, runs one denoising step for a batch, decodes pictures.

The only module that moves tensors between requests and models. It knows nothing of queues, streams or fairness.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from engine.generation import Batch, Generation, Row
from engine.pipelines.interface import Conditioning, DrawClean, Pipeline, Tensors
from engine.protocol import Failed, FailureCode
from engine.samplers import Sampler


@dataclass(frozen=True, slots=True)
class StepResult:
    """What became of one generation in a step: `failure` is None if its rows moved on."""

    generation: Generation
    failure: Failed | None = None


@dataclass(frozen=True, slots=True)
class StepOutcome:
    """One result a generation. `fitting_rows` is set when the batch was too large for the memory."""

    results: tuple[StepResult, ...]
    fitting_rows: int | None = None


class NotANumber(Exception):
    """The latents are no longer finite: the picture would be black."""


class Runner:
    def __init__(self, pipelines: Mapping[str, Pipeline]) -> None:
        self._pipelines = pipelines

    def prepare(self, generation: Generation) -> Failed | None:
        """Encode the prompt and lay out every row's first latents."""
        pipeline = self._pipelines[generation.model]
        started = time.perf_counter()
        try:
            generation.conditioning = pipeline.encode(generation.settings)
            has_image = generation.settings.init_image is not None
            draw_clean = pipeline.encode_image(generation.settings) if has_image else None
            for row in generation.rows:
                _prepare_row(row, pipeline, draw_clean)
            generation.total_steps = _sampler_of(generation.rows[0]).total_steps
        except Exception as error:
            return failure_from(error)
        finally:
            generation.engine_seconds += time.perf_counter() - started
        return None

    def step(self, batch: Batch) -> StepOutcome:
        """One denoiser forward for all rows, one sampler step for each."""
        started = time.perf_counter()
        failures: dict[Generation, Failed] = {}
        fitting_rows = self._step_rows(batch.rows, failures)
        share = (time.perf_counter() - started) / len(batch.rows)
        for row in batch.rows:
            row.generation.engine_seconds += share
        results = tuple(StepResult(generation, failures.get(generation)) for generation in batch.generations)
        return StepOutcome(results, fitting_rows if fitting_rows < len(batch.rows) else None)

    def decode(self, row: Row) -> Failed | None:
        """One finished picture. Bounded work, so that others' steps do not wait for a whole grid."""
        pipeline = self._pipelines[row.generation.model]
        started = time.perf_counter()
        try:
            row.image = pipeline.decode(_finite(row.latents))
            row.latents = row.generator = row.sampler = None
        except Exception as error:
            return failure_from(error)
        finally:
            row.generation.engine_seconds += time.perf_counter() - started
        return None

    def _step_rows(self, rows: Sequence[Row], failures: dict[Generation, Failed]) -> int:
        """Halve on any trouble until it fits or the culprit is alone; returns how many rows fitted at once.

        A forward changes nothing, so its rows can be tried again.
        """
        try:
            noise_pred = self._noise_pred(rows)
        except Exception as error:
            failure = failure_from(error)
            if len(rows) == 1:
                failures[rows[0].generation] = failure
                return 1
            half = len(rows) // 2
            _release_memory(error)
            fitting = [self._step_rows(part, failures) for part in (rows[:half], rows[half:])]
            return max(fitting) if is_out_of_memory(error) else len(rows)
        for row, row_noise_pred in zip(rows, noise_pred.split(1), strict=True):
            self._advance(row, row_noise_pred, failures)
        return len(rows)

    def _noise_pred(self, rows: Sequence[Row]) -> torch.Tensor:
        """`[rows, C, h, w]` float32, guided. Rows without guidance have no unconditional half in the forward."""
        pipeline = self._pipelines[rows[0].generation.model]
        guided = [index for index, row in enumerate(rows) if _conditioning_of(row).negative is not None]
        model_input = torch.cat([_sampler_of(row).model_input(_latents_of(row), row.step_index) for row in rows])
        timesteps = torch.stack([_sampler_of(row).timesteps[row.step_index].float() for row in rows])
        conditioning = [_conditioning_of(row).positive for row in rows]
        if guided:
            model_input = torch.cat([model_input, model_input[guided]])
            timesteps = torch.cat([timesteps, timesteps[guided]])
            conditioning += [negative for row in rows if (negative := _conditioning_of(row).negative) is not None]
        noise_pred = pipeline.denoise(model_input, timesteps.to(pipeline.device), _gather(conditioning)).float()
        conditional, unconditional = noise_pred[: len(rows)], noise_pred[len(rows) :]
        if guided:
            scales = [rows[index].generation.settings.guidance_scale for index in guided]
            guidance_scale = torch.tensor(scales, device=pipeline.device).view(-1, 1, 1, 1)
            conditional[guided] = unconditional + guidance_scale * (conditional[guided] - unconditional)
        return conditional

    def _advance(self, row: Row, noise_pred: torch.Tensor, failures: dict[Generation, Failed]) -> None:
        generation, sampler, latents = row.generation, _sampler_of(row), _latents_of(row)
        if generation in failures or row.generator is None:
            return
        try:
            if _wants_preview(row):
                clean = sampler.clean_estimate(noise_pred, latents, row.step_index)
                row.preview = self._pipelines[generation.model].preview(_finite(clean))
            row.latents = sampler.step(noise_pred, latents, row.step_index, row.generator)
        except Exception as error:
            failures[generation] = failure_from(error)
        row.step_index += 1


def failure_from(error: Exception) -> Failed:
    """The reason is in the error's own words, for the operator. A fault of the device is nobody's: raised again."""
    if isinstance(error, torch.AcceleratorError) and not is_out_of_memory(error):
        raise error
    if isinstance(error, NotANumber):
        return Failed(FailureCode.NOT_A_NUMBER, str(error))
    if is_out_of_memory(error):
        return Failed(FailureCode.OUT_OF_MEMORY, str(error).partition("\n")[0])
    return Failed(FailureCode.INTERNAL, f"{type(error).__name__}: {error}")


def is_out_of_memory(error: Exception) -> bool:
    """torch has its own error for devices, and a plain RuntimeError for the CPU's allocator."""
    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        isinstance(error, RuntimeError) and "not enough memory" in str(error)
    )


def _release_memory(error: Exception) -> None:
    """The traceback keeps the failed forward's tensors alive; the retry needs their room."""
    error.__traceback__ = None
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _prepare_row(row: Row, pipeline: Pipeline, draw_clean: DrawClean | None) -> None:
    """Draws in the stock pipelines' order: the init image's posterior first, then the noise."""
    settings = row.generation.settings
    row.generator = torch.Generator("cpu").manual_seed(row.seed)
    row.sampler = pipeline.start_sampler(settings)
    clean = draw_clean(row.generator) if draw_clean else None
    noise = torch.randn(1, *pipeline.latent_shape(settings), generator=row.generator).to(pipeline.device)
    if clean is None:
        row.latents = row.sampler.begin_from_noise(noise)
    else:
        row.latents = row.sampler.begin_from_clean(clean, noise)


def _gather(rows: Sequence[Tensors]) -> Tensors:
    return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}


def _wants_preview(row: Row) -> bool:
    every, done = row.generation.request.preview_every, row.step_index + 1
    return every > 0 and done % every == 0 and done < _sampler_of(row).total_steps


def _finite(latents: torch.Tensor | None) -> torch.Tensor:
    """Asked only where tensors leave the device anyway: at previews and at decode."""
    if latents is None or not bool(torch.isfinite(latents).all()):
        raise NotANumber("the latents are not finite; try float32 or another sampler")
    return latents


def _sampler_of(row: Row) -> Sampler:
    assert row.sampler is not None, "the row was not prepared"
    return row.sampler


def _latents_of(row: Row) -> torch.Tensor:
    assert row.latents is not None, "the row was not prepared"
    return row.latents


def _conditioning_of(row: Row) -> Conditioning:
    assert row.generation.conditioning is not None, "the generation was not prepared"
    return row.generation.conditioning
