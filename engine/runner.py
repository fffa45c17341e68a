"""Computes what the scheduler decided: prepares newcomers, runs one denoising step for a batch, decodes pictures.

The only module that moves tensors between requests and models. It knows nothing of queues, streams or fairness.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch

from engine.embeddings import EmbeddingCache
from engine.failures import failure_from, is_out_of_memory, release_memory
from engine.forwards import Forwards
from engine.generation import Batch, BatchKey, Generation, Row
from engine.pipelines.interface import Conditioning, Pipeline, Tensors
from engine.precision import NotANumber
from engine.preparation import prepare_rows
from engine.protocol import Failed
from engine.settings import Settings
from engine.step import NOT_FINITE, Step, fresh_noise, gather_step, scatter, show_previews

DECODE_PIXELS = 4 * 512 * 512


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


class Runner:
    def __init__(self, pipelines: Mapping[str, Pipeline], forwards: Forwards | None = None) -> None:
        self._pipelines = pipelines
        self._forwards = forwards or Forwards()
        self._embeddings = EmbeddingCache()

    def text_length(self, model: str, settings: Settings) -> int | Failed:
        """What of the text decides who may share a batch."""
        try:
            return self._pipelines[model].text_length(settings)
        except Exception as error:
            return failure_from(error)

    def prepare(self, generation: Generation) -> Failed | None:
        """Encode the prompt and lay out every row's first latents."""
        started = time.perf_counter()
        try:
            return self._prepare_where_it_fits(generation)
        finally:
            generation.engine_seconds += time.perf_counter() - started

    def _prepare_where_it_fits(self, generation: Generation) -> Failed | None:
        """Tried again if room was made."""
        try:
            with self._pipeline(generation.key) as pipeline:
                self._prepare_rows(generation, pipeline)
        except Exception as error:
            failure, has_more_room = failure_from(error), self._make_room(error)
        else:
            return None
        return self._prepare_where_it_fits(generation) if has_more_room else failure

    def _prepare_rows(self, generation: Generation, pipeline: Pipeline) -> None:
        for row in generation.rows:
            row.conditioning = self._embeddings.find_or_encode(
                generation.model, row.settings, pipeline, in_full_precision=generation.in_full_precision
            )
        prepare_rows(generation.rows, pipeline)

    def step(self, batch: Batch) -> StepOutcome:
        """One denoiser forward for all rows, one sampler step for each."""
        started = time.perf_counter()
        failures: dict[Generation, Failed] = {}
        try:
            with self._pipeline(batch.key) as pipeline:
                fitting_rows = self._step_rows(pipeline, batch.rows, failures)
        except Exception as error:  # the weights in float32 did not fit
            fitting_rows = len(batch.rows)
            failures = dict.fromkeys(batch.generations, failure_from(error))
        share = (time.perf_counter() - started) / len(batch.rows)
        for row in batch.rows:
            row.generation.engine_seconds += share
        results = tuple(StepResult(generation, failures.get(generation)) for generation in batch.generations)
        return StepOutcome(results, fitting_rows if fitting_rows < len(batch.rows) else None)

    def decode(self, rows: Sequence[Row]) -> dict[Generation, Failed]:
        """Finished pictures of one key. Bounded work, so that others' steps do not wait for a whole grid."""
        started = time.perf_counter()
        failures: dict[Generation, Failed] = {}
        try:
            with self._pipeline(rows[0].generation.key) as pipeline:
                self._decode_rows(pipeline, rows, failures)
        except Exception as error:
            failures = dict.fromkeys((row.generation for row in rows), failure_from(error))
        share = (time.perf_counter() - started) / len(rows)
        for row in rows:
            row.generation.engine_seconds += share
        return failures

    def can_retry(self, generation: Generation) -> bool:
        """In float32, once."""
        return not generation.in_full_precision and self._pipelines[generation.model].full_precision() is not None

    def decode_rows(self, key: BatchKey) -> int:
        """How many pictures to decode at once: a CPU is as fast one by one, and a VAE's memory grows with pixels."""
        if self._pipelines[key.model].device.type == "cpu":
            return 1
        return max(1, DECODE_PIXELS // (key.width * key.height))

    @contextmanager
    def _pipeline(self, key: BatchKey) -> Iterator[Pipeline]:
        """As rows of this key want it: what they change about the weights is put back for the others."""
        pipeline = self._pipelines[key.model]
        with ExitStack() as changes:
            if key.in_full_precision and (full_precision := pipeline.full_precision()):
                changes.enter_context(full_precision)
            yield changes.enter_context(pipeline.tiling()) if key.tile else pipeline

    def _decode_rows(self, pipeline: Pipeline, rows: Sequence[Row], failures: dict[Generation, Failed]) -> None:
        """One by one as soon as there is trouble; a lone row is tried again if room was made."""
        try:
            latents = torch.cat([_finite(row.latents) for row in rows])
            images = pipeline.decode(latents)
        except Exception as error:
            failure, has_more_room = failure_from(error), self._make_room(error)
            if len(rows) == 1 and not has_more_room:
                failures[rows[0].generation] = failure
                return
            for row in rows:
                self._decode_rows(pipeline, (row,), failures)
            return
        for row, image in zip(rows, images, strict=True):
            row.image = image
            row.planes = row.generator = row.sampler = row.blend = None
            row.told = {}

    def _step_rows(
        self, pipeline: Pipeline, rows: Sequence[Row], failures: dict[Generation, Failed], *, is_retry: bool = False
    ) -> int:
        """Halve on any trouble until it fits or the culprit is alone; returns how many rows fitted at once.

        Nothing of a row has changed by then, so it can be tried again. If room was made, all get one more try.
        """
        try:
            step = gather_step(rows, pipeline.device)
            noise_pred = self._noise_pred(pipeline, step)
            planes = step.numbers.advance(step.planes, noise_pred, fresh_noise(step))
        except Exception as error:
            failure = failure_from(error)
            has_more_room = self._make_room(error)
            if has_more_room and not is_retry:
                return self._step_rows(pipeline, rows, failures, is_retry=True)
            if len(rows) == 1:
                failures[rows[0].generation] = failure
                return 1
            half = len(rows) // 2
            fitting = [self._step_rows(pipeline, part, failures) for part in (rows[:half], rows[half:])]
            return max(fitting) if is_out_of_memory(error) else len(rows)
        show_previews(pipeline, step, noise_pred, failures)
        for index, row in enumerate(rows):
            scatter(step, index, noise_pred, planes, failures)
            row.step_index += 1
        return len(rows)

    def _make_room(self, error: Exception) -> bool:
        """Whether more is free now."""
        has_more_room = is_out_of_memory(error) and self._forwards.release()
        release_memory(error)
        return has_more_room

    def _noise_pred(self, pipeline: Pipeline, step: Step) -> torch.Tensor:
        """`[rows, C, h, w]` float32, guided. Rows without guidance have no unconditional half in the forward."""
        rows, key = step.rows, step.rows[0].generation.key
        guided = [index for index, row in enumerate(rows) if _conditioning_of(row).negative is not None]
        model_input = step.latents * step.numbers.input_scales
        timesteps = step.numbers.timesteps
        conditioning = [{**_conditioning_of(row).positive, **row.told} for row in rows]
        if guided:
            model_input = torch.cat([model_input, model_input[guided]])
            timesteps = torch.cat([timesteps, timesteps[guided]])
            negatives = ((row, _conditioning_of(row).negative) for row in rows)
            conditioning += [{**negative, **row.told} for row, negative in negatives if negative is not None]
        noise_pred = self._forwards.run(pipeline, key, model_input, timesteps, _gather(conditioning)).float()
        conditional, unconditional = noise_pred[: len(rows)], noise_pred[len(rows) :]
        if guided:
            scales = [rows[index].settings.guidance_scale for index in guided]
            guidance_scale = torch.tensor(scales, device=pipeline.device).view(-1, 1, 1, 1)
            conditional[guided] = unconditional + guidance_scale * (conditional[guided] - unconditional)
        return conditional


def _gather(rows: Sequence[Tensors]) -> Tensors:
    return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}


def _finite(latents: torch.Tensor | None) -> torch.Tensor:
    """Asked only where tensors leave the device anyway: at previews and at decode."""
    if latents is None or not bool(torch.isfinite(latents).all()):
        raise NotANumber(NOT_FINITE)
    return latents


def _conditioning_of(row: Row) -> Conditioning:
    assert row.conditioning is not None, "the row was not prepared"
    return row.conditioning
