"""Noise schedulers as tables: per step a small matrix that says what a step makes of a row's state.

A row's state is four planes: the latents, the last two converted model outputs, the sample before the last step.
A linear noise scheduler maps them, the model's output and fresh noise to the next state, and does so in the same way
at every pixel; so one step of the real thing on unit vectors tells the whole matrix. Whatever does not obey its
matrix in a trial walk (Heun, clipping, thresholding) is not linear, and says so.
"""

import inspect
import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch

PLANES = 4  # x, h1, h2, last
INPUTS = 6  # the planes, the model's output, fresh noise
_NOISE_SLOTS = 4  # of a probe: pixels where every input but the noise is zero
_TRIAL_PIXELS = 64
_TRIAL_TOLERANCE = 1e-3  # of the largest value so far; a step that clips is off by its own size


@dataclass(frozen=True, slots=True)
class SamplerRecipe:
    """What decides a table: a class, its configuration (JSON) and when the walk begins. Equal ones share a table.

    `more` goes to `set_timesteps`: a flow's sigmas and the shift `mu`. `rounds_up` says what becomes of a broken number
    of steps when the walk begins late.
    """

    scheduler_class: type
    config: str
    steps: int
    strength: float | None
    changes: tuple[tuple[str, Any], ...] = ()
    more: tuple[tuple[str, Any], ...] = ()
    rounds_up: bool = False

    def build(self) -> tuple[Any, int]:
        """A fresh noise scheduler that stands where the walk begins, and how many timesteps that skips."""
        build: Any = self.scheduler_class
        noise_scheduler = build.from_config(json.loads(self.config), **dict(self.changes))
        more = dict(self.more)
        if "sigmas" in more:
            noise_scheduler.set_timesteps(**{**more, "sigmas": list(more["sigmas"])})
        else:
            noise_scheduler.set_timesteps(self.steps, **more)
        if self.strength is None:
            return noise_scheduler, 0
        skipped = self._steps_skipped(self.strength) * noise_scheduler.order
        if hasattr(noise_scheduler, "set_begin_index"):
            noise_scheduler.set_begin_index(skipped)
        return noise_scheduler, skipped

    def _steps_skipped(self, strength: float) -> int:
        walked = self.steps * strength
        if 0 < walked < 1:
            walked = 1.0  # none would leave the picture as it is; stock breaks down here
        return int(self.steps - walked) if self.rounds_up else self.steps - int(walked)


def freeze_config(noise_scheduler: Any) -> str:
    """As `SamplerRecipe` has it, so that equal configurations are equal."""
    return json.dumps(dict(noise_scheduler.config), sort_keys=True, default=lambda array: array.tolist())


@dataclass(frozen=True, slots=True)
class SamplerTable:
    """`steps[T, 30]` float32 on the CPU, one line a step, laid out as `StepNumbers` reads it.

    `begin_weights` are those of clean latents and noise where the walk begins, `noise_scale` that of pure noise.
    """

    steps: torch.Tensor
    draws_noise: tuple[bool, ...]
    skipped: int
    begin_weights: tuple[float, float]
    noise_scale: float
    is_linear: bool


@dataclass(frozen=True, slots=True)
class StepNumbers:
    """Lines of tables, one a row of a batch: `packed[rows, 30]`, on the device."""

    packed: torch.Tensor

    @property
    def timesteps(self) -> torch.Tensor:
        return self.packed[:, 0]

    @property
    def input_scales(self) -> torch.Tensor:
        return self.packed[:, 1].view(-1, 1, 1, 1)

    def clean_estimate(self, noise_pred: torch.Tensor, latents: torch.Tensor) -> torch.Tensor:
        """What the pictures look like from here: x0 from the model's output and the latents before the step."""
        return self._weight(2) * latents + self._weight(3) * noise_pred

    def renoise(self, clean: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Clean latents at the noise level after the step."""
        return self._weight(4) * clean + self._weight(5) * noise

    def advance(self, planes: torch.Tensor, noise_pred: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """`planes[rows, 4, C, h, w]` after the step, all rows at once."""
        inputs = torch.cat([planes, noise_pred.unsqueeze(1), noise.unsqueeze(1)], dim=1)
        updates = self.packed[:, 6:].view(-1, PLANES, INPUTS)
        return torch.bmm(updates, inputs.flatten(2)).view_as(planes)

    def of(self, row: int) -> "StepNumbers":
        return StepNumbers(self.packed[row : row + 1])

    def _weight(self, column: int) -> torch.Tensor:
        return self.packed[:, column].view(-1, 1, 1, 1)


def with_empty_history(latents: torch.Tensor) -> torch.Tensor:
    planes = latents.new_zeros(1, PLANES, *latents.shape[1:])
    planes[:, 0] = latents
    return planes


@lru_cache(maxsize=512)  # a table is a few kilobytes
def compile_table(recipe: SamplerRecipe) -> SamplerTable:
    noise_scheduler, skipped = recipe.build()
    timesteps = noise_scheduler.timesteps[skipped:]
    begin_weights = (1.0, 0.0) if len(timesteps) == 0 else _noise_weights(noise_scheduler, timesteps[0])
    lines, draws = [], []
    for index, timestep in enumerate(timesteps):
        scale = input_scale(noise_scheduler, timestep)
        clean = _clean_weights(noise_scheduler, timestep, skipped + index)
        update, draws_noise = _probe(noise_scheduler, timestep)
        is_last = index == len(timesteps) - 1
        renoise = (1.0, 0.0) if is_last else _noise_weights(noise_scheduler, timesteps[index + 1])
        lines.append(torch.cat([torch.tensor([float(timestep), scale, *clean, *renoise]), update.flatten()]))
        draws.append(draws_noise)
    return SamplerTable(
        steps := torch.stack(lines) if lines else torch.empty(0, 6 + PLANES * INPUTS),
        tuple(draws),
        skipped,
        begin_weights,
        float(getattr(noise_scheduler, "init_noise_sigma", 1.0)),
        is_linear=_obeys(recipe, steps, tuple(draws)),
    )


def _probe(noise_scheduler: Any, timestep: Any) -> tuple[torch.Tensor, bool]:
    """One real step on unit vectors, one input a pixel; the noise it draws is read where all else is zero."""
    pixels = INPUTS + _NOISE_SLOTS
    units = torch.eye(INPUTS, pixels).view(INPUTS, 1, 1, 1, pixels)
    _put_history(noise_scheduler, units[1:PLANES])
    drawn, same = torch.Generator().manual_seed(0), torch.Generator().manual_seed(0)
    stepped = take_step(noise_scheduler, units[PLANES], timestep, units[0], drawn)
    draws_noise = not torch.equal(drawn.get_state(), same.get_state())
    noise = torch.randn(1, 1, 1, pixels, generator=same).flatten()
    update = torch.zeros(PLANES, INPUTS)
    for plane, result in enumerate([stepped, *_history(noise_scheduler)]):
        values = torch.zeros(pixels) if result is None else result.flatten().float()
        if draws_noise:
            of_noise = values[INPUTS:] @ noise[INPUTS:] / noise[INPUTS:].square().sum()
            update[plane, INPUTS - 1] = of_noise
            values = values - of_noise * noise
        update[plane, : INPUTS - 1] = values[: INPUTS - 1]
    return update, draws_noise


def _put_history(noise_scheduler: Any, units: torch.Tensor) -> None:
    """Only where the noise scheduler has something already: what is missing tells it which order to use."""
    outputs = getattr(noise_scheduler, "model_outputs", None) or []
    for place in range(1, min(2, len(outputs)) + 1):
        if outputs[-place] is not None:
            outputs[-place] = units[place - 1]
    if getattr(noise_scheduler, "last_sample", None) is not None:
        noise_scheduler.last_sample = units[2]


def _history(noise_scheduler: Any) -> list[torch.Tensor | None]:
    outputs = list(getattr(noise_scheduler, "model_outputs", None) or [])
    recent = [outputs[-place] if len(outputs) >= place else None for place in (1, 2)]
    return [*recent, getattr(noise_scheduler, "last_sample", None)]


def _obeys(recipe: SamplerRecipe, steps: torch.Tensor, draws_noise: tuple[bool, ...]) -> bool:
    """A trial walk on random numbers, by the table and by the real thing."""
    noise_scheduler, skipped = recipe.build()
    shape = (1, 1, 1, _TRIAL_PIXELS)
    dice, drawn, same = (torch.Generator().manual_seed(seed) for seed in (1, 2, 2))
    latents = torch.randn(shape, generator=dice) * float(getattr(noise_scheduler, "init_noise_sigma", 1.0))
    planes, largest = with_empty_history(latents), 1.0
    for index, timestep in enumerate(noise_scheduler.timesteps[skipped:]):
        noise_pred = torch.randn(shape, generator=dice)
        input_scale(noise_scheduler, timestep)
        latents = take_step(noise_scheduler, noise_pred, timestep, latents, drawn)
        noise = torch.randn(shape, generator=same) if draws_noise[index] else torch.zeros(shape)
        planes = StepNumbers(steps[index : index + 1]).advance(planes, noise_pred, noise)
        largest = max(largest, latents.abs().max().item())
        difference = (planes[:, 0] - latents).abs().max().item()
        if not difference <= _TRIAL_TOLERANCE * largest:  # a NaN does not obey either
            return False
    return torch.equal(drawn.get_state(), same.get_state())


def take_step(
    noise_scheduler: Any, noise_pred: torch.Tensor, timestep: Any, latents: torch.Tensor, generator: torch.Generator
) -> torch.Tensor:
    """Timesteps stay on the CPU: the noise schedulers index with them, and a copy a step would stall the device."""
    takes = inspect.signature(noise_scheduler.step).parameters
    told = {"generator": generator, "eta": 0.0}  # no more noise than is asked for, as the stock pipelines tell it
    more = {name: value for name, value in told.items() if name in takes}
    return noise_scheduler.step(noise_pred, timestep, latents, **more, return_dict=False)[0]


def input_scale(noise_scheduler: Any, timestep: Any) -> float:
    if _is_flow(noise_scheduler):
        return 1.0
    return noise_scheduler.scale_model_input(torch.ones(1, 1, 1, 1), timestep).item()


def _noise_weights(noise_scheduler: Any, timestep: Any) -> tuple[float, float]:
    """Of clean latents and noise at a timestep, as the noise scheduler mixes them where it now stands."""
    clean, noise = torch.eye(2).view(2, 1, 1, 1, 2)
    at = torch.as_tensor(timestep).reshape(1)
    if _is_flow(noise_scheduler):
        mixed = noise_scheduler.scale_noise(clean, at, noise)
    else:
        mixed = noise_scheduler.add_noise(clean, noise, at)
    of_clean, of_noise = mixed.flatten().tolist()
    return of_clean, of_noise


def _clean_weights(noise_scheduler: Any, timestep: Any, index: int) -> tuple[float, float]:
    """Of latents and model output in the estimate of the finished picture."""
    if _is_flow(noise_scheduler):
        return 1.0, -float(noise_scheduler.sigmas[index])
    if float(noise_scheduler.init_noise_sigma) != 1.0:  # x = x0 + sigma * noise
        sigma = float(noise_scheduler.sigmas[index])
        scale = (sigma**2 + 1) ** -0.5
        signal, noise = scale, sigma * scale
    else:
        variance = float(noise_scheduler.alphas_cumprod[int(timestep)])
        scale, signal, noise = 1.0, variance**0.5, (1 - variance) ** 0.5
    match noise_scheduler.config.prediction_type:
        case "v_prediction":
            return signal * scale, -noise
        case "sample":
            return 0.0, 1.0
        case _:
            return scale / signal, -noise / signal


def _is_flow(noise_scheduler: Any) -> bool:
    return type(noise_scheduler).__name__.startswith("FlowMatch")
