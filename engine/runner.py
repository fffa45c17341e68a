"""Computes what the scheduler decided: prepares newcomers, runs one denoising step for a batch, decodes pictures.

The only module that moves tensors between requests and models. It knows nothing of queues, streams or fairness.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import torch

from engine.embeddings import EmbeddingCache
from engine.forwards import Forwards
from engine.generation import Batch, BatchKey, Generation, Row
from engine.pipelines.interface import Conditioning, Pipeline, Tensors
from engine.precision import NotANumber
from engine.preparation import prepare_rows
from engine.protocol import Failed, FailureCode
from engine.samplers import Sampler, StepNumbers

log = logging.getLogger(__name__)

DECODE_PIXELS = 4 * 512 * 512
NOT_FINITE = "the latents are not finite; try float32 or another sampler"


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

    def prepare(self, generation: Generation) -> Failed | None:
        """Encode the prompt and lay out every row's first latents."""
        started = time.perf_counter()
        try:
            with self._pipeline(generation.key) as pipeline:
                self._prepare_rows(generation, pipeline)
        except Exception as error:
            return failure_from(error)
        finally:
            generation.engine_seconds += time.perf_counter() - started
        return None

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
        except torch.OutOfMemoryError as error:  # the weights in float32 did not fit
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
        except torch.OutOfMemoryError as error:
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
        """One by one as soon as there is trouble."""
        try:
            latents = torch.cat([_finite(row.latents) for row in rows])
            images = pipeline.decode(latents)
        except Exception as error:
            failure = failure_from(error)
            if len(rows) == 1:
                failures[rows[0].generation] = failure
                return
            self._make_room(error)
            for row in rows:
                self._decode_rows(pipeline, (row,), failures)
            return
        for row, image in zip(rows, images, strict=True):
            row.image = image
            row.planes = row.generator = row.sampler = row.blend = None
            row.told = {}

    def _step_rows(
        self, pipeline: Pipeline, rows: Sequence[Row], failures: dict[Generation, Failed], *, is_last_try: bool = False
    ) -> int:
        """Halve on any trouble until it fits or the culprit is alone; returns how many rows fitted at once.

        A forward changes nothing, so its rows can be tried again. A lone row gets a second try if room was made for it.
        """
        try:
            step = _gather_step(rows, pipeline.device)
            noise_pred = self._noise_pred(pipeline, step)
            planes = step.numbers.advance(step.planes, noise_pred, _fresh_noise(step))
        except Exception as error:
            failure = failure_from(error)
            has_more_room = self._make_room(error)
            if len(rows) == 1 and has_more_room and not is_last_try:
                return self._step_rows(pipeline, rows, failures, is_last_try=True)
            if len(rows) == 1:
                failures[rows[0].generation] = failure
                return 1
            half = len(rows) // 2
            fitting = [self._step_rows(pipeline, part, failures) for part in (rows[:half], rows[half:])]
            return max(fitting) if is_out_of_memory(error) else len(rows)
        _show_previews(pipeline, step, noise_pred, failures)
        for index, row in enumerate(rows):
            _scatter(step, index, noise_pred, planes, failures)
            row.step_index += 1
        return len(rows)

    def _make_room(self, error: Exception) -> bool:
        """Whether more is free now."""
        has_more_room = is_out_of_memory(error) and self._forwards.release()
        release_memory(error)
        return has_more_room

    def _noise_pred(self, pipeline: Pipeline, step: "Step") -> torch.Tensor:
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


@dataclass(frozen=True, slots=True)
class Step:
    """What the rows of a batch bring to one step, gathered: `planes[rows, 4, C, h, w]`. A throw-away view."""

    rows: tuple[Row, ...]
    planes: torch.Tensor
    numbers: StepNumbers

    @property
    def latents(self) -> torch.Tensor:
        return self.planes[:, 0]


def _gather_step(rows: Sequence[Row], device: torch.device) -> Step:
    numbers = torch.stack([_sampler_of(row).numbers(row.step_index) for row in rows])
    return Step(tuple(rows), torch.cat([_planes_of(row) for row in rows]), StepNumbers(numbers.to(device)))


def _fresh_noise(step: Step) -> torch.Tensor:
    """`[rows, C, h, w]`: each row's from its own generator, if its sampler asks for any at this step."""
    noise = torch.zeros_like(step.latents)
    for index, row in enumerate(step.rows):
        table = _sampler_of(row).table
        if table.is_linear and table.draws_noise[row.step_index]:
            noise[index] = torch.randn(noise.shape[1:], generator=_generator_of(row)).to(noise.device)
    return noise


def _show_previews(
    pipeline: Pipeline, step: Step, noise_pred: torch.Tensor, failures: dict[Generation, Failed]
) -> None:
    """All at once. A row without numbers fails here already; a preview that cannot be had is done without."""
    due = [index for index, row in enumerate(step.rows) if _wants_preview(row)]
    if not due:
        return
    clean = step.numbers.clean_estimate(noise_pred, step.latents)[due]
    is_finite = torch.isfinite(clean).flatten(1).all(dim=1)
    rows = [step.rows[index] for index in due]
    for row, is_sound in zip(rows, is_finite.tolist(), strict=True):
        if not is_sound:
            failures[row.generation] = failure_from(NotANumber(NOT_FINITE))
    sound = [row for row, is_sound in zip(rows, is_finite.tolist(), strict=True) if is_sound]
    try:
        previews = pipeline.previews(clean[is_finite]) if sound else ()
    except Exception as error:
        log.warning("no previews: %s", failure_from(error).reason)
        return
    for row, preview in zip(sound, previews, strict=True):
        row.preview = preview


def _scatter(
    step: Step,
    index: int,
    noise_pred: torch.Tensor,
    planes: torch.Tensor,
    failures: dict[Generation, Failed],
) -> None:
    """One row's next state, out of the batch's. What is no table's business is done here, row by row."""
    row = step.rows[index]
    if row.generation in failures:
        return
    sampler, one, numbers = _sampler_of(row), slice(index, index + 1), step.numbers.of(index)
    row.planes = planes[one]
    try:
        if not sampler.table.is_linear:
            latents = step.latents[one]
            row.planes[:, 0] = sampler.step_privately(noise_pred[one], latents, row.step_index, _generator_of(row))
        if _stops_early(row):
            row.planes[:, 0] = numbers.clean_estimate(noise_pred[one], step.latents[one])
        if row.blend is not None:
            kept = row.blend.clean if _stops_early(row) else numbers.renoise(row.blend.clean, row.blend.noise)
            row.planes[:, 0] = torch.lerp(kept, row.planes[:, 0], row.blend.mask)
    except Exception as error:
        failures[row.generation] = failure_from(error)


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


def release_memory(error: Exception) -> None:
    """The traceback keeps the failed forward's tensors alive; the retry needs their room."""
    error.__traceback__ = None
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _gather(rows: Sequence[Tensors]) -> Tensors:
    return {name: torch.cat([row[name] for row in rows]) for name in rows[0]}


def _wants_preview(row: Row) -> bool:
    """Not of a step that was reported already, before its generation was drawn again."""
    every, done = row.generation.request.preview_every, row.step_index + 1
    is_due = every > 0 and done % every == 0
    return is_due and done > row.generation.reported_steps and not _is_last(row)


def _is_last(row: Row) -> bool:
    return row.steps_left == 1


def _stops_early(row: Row) -> bool:
    """With the step about to be done, before its walk's end. What is shown then is the estimate of the finished
    picture, blurry as it is by then: the latents themselves are still full of noise.
    """
    return _is_last(row) and row.step_index + 1 < _sampler_of(row).total_steps


def _finite(latents: torch.Tensor | None) -> torch.Tensor:
    """Asked only where tensors leave the device anyway: at previews and at decode."""
    if latents is None or not bool(torch.isfinite(latents).all()):
        raise NotANumber(NOT_FINITE)
    return latents


def _sampler_of(row: Row) -> Sampler:
    assert row.sampler is not None, "the row was not prepared"
    return row.sampler


def _planes_of(row: Row) -> torch.Tensor:
    assert row.planes is not None, "the row was not prepared"
    return row.planes


def _generator_of(row: Row) -> torch.Generator:
    assert row.generator is not None, "the row was not prepared"
    return row.generator


def _conditioning_of(row: Row) -> Conditioning:
    assert row.conditioning is not None, "the row was not prepared"
    return row.conditioning
