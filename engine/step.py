"""One denoising step of a batch, row by row: what the rows bring is gathered, what came of it is given back to them.

Knows nothing of forwards, memory or retries; those are the runner's.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from engine.failures import failure_from
from engine.generation import Generation, Row
from engine.pipelines.interface import Pipeline
from engine.precision import NotANumber
from engine.protocol import Failed
from engine.sampler_tables import StepNumbers
from engine.samplers import Sampler

log = logging.getLogger(__name__)

NOT_FINITE = "the latents are not finite; try float32 or another sampler"


@dataclass(frozen=True, slots=True)
class Step:
    """What the rows of a batch bring to one step, gathered: `planes[rows, 4, C, h, w]`. A throw-away view.

    `generators` are copies: a step that fails and is tried again draws the same noise.
    """

    rows: tuple[Row, ...]
    planes: torch.Tensor
    numbers: StepNumbers
    generators: tuple[torch.Generator, ...]

    @property
    def latents(self) -> torch.Tensor:
        return self.planes[:, 0]


def gather_step(rows: Sequence[Row], device: torch.device) -> Step:
    numbers = torch.stack([_sampler_of(row).numbers(row.step_index) for row in rows])
    return Step(
        tuple(rows),
        torch.cat([_planes_of(row) for row in rows]),
        StepNumbers(numbers.to(device)),
        tuple(_generator_of(row).clone_state() for row in rows),
    )


def fresh_noise(step: Step) -> torch.Tensor:
    """`[rows, C, h, w]`: each row's from its own generator, if its sampler asks for any at this step."""
    noise = torch.zeros_like(step.latents)
    for index, row in enumerate(step.rows):
        table = _sampler_of(row).table
        if table.is_linear and table.draws_noise[row.step_index]:
            noise[index] = torch.randn(noise.shape[1:], generator=step.generators[index]).to(noise.device)
    return noise


def show_previews(pipeline: Pipeline, step: Step, noise_pred: torch.Tensor, failures: dict[Generation, Failed]) -> None:
    """All at once. A row without numbers fails here already; a preview that cannot be had is done without."""
    due = [index for index, row in enumerate(step.rows) if _wants_preview(row)]
    if not due:
        return
    try:
        clean = step.numbers.clean_estimate(noise_pred, step.latents)[due]
        is_finite = torch.isfinite(clean).flatten(1).all(dim=1)
        sound = []
        for index, is_sound in zip(due, is_finite.tolist(), strict=True):
            if is_sound:
                sound.append(step.rows[index])
            else:
                failures[step.rows[index].generation] = failure_from(NotANumber(NOT_FINITE))
        previews = pipeline.previews(clean[is_finite]) if sound else ()
    except Exception as error:
        log.warning("no previews: %s", failure_from(error).reason)
        return
    for row, preview in zip(sound, previews, strict=True):
        row.preview = preview


def scatter(
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
    row.planes, row.generator = planes[one], step.generators[index]
    try:
        if not sampler.table.is_linear:
            latents = step.latents[one]
            row.planes[:, 0] = sampler.step_privately(noise_pred[one], latents, row.step_index, row.generator)
        if _stops_early(row):
            row.planes[:, 0] = numbers.clean_estimate(noise_pred[one], step.latents[one])
        if row.blend is not None:
            kept = row.blend.clean if _stops_early(row) else numbers.renoise(row.blend.clean, row.blend.noise)
            row.planes[:, 0] = torch.lerp(kept, row.planes[:, 0], row.blend.mask)
    except Exception as error:
        failures[row.generation] = failure_from(error)


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


def _sampler_of(row: Row) -> Sampler:
    assert row.sampler is not None, "the row was not prepared"
    return row.sampler


def _planes_of(row: Row) -> torch.Tensor:
    assert row.planes is not None, "the row was not prepared"
    return row.planes


def _generator_of(row: Row) -> torch.Generator:
    assert row.generator is not None, "the row was not prepared"
    return row.generator
