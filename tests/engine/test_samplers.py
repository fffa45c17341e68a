"""Which samplers a table can say, and what happens to those it cannot. Parity with stock is in test_runner."""

from typing import Any

import pytest
import torch
from diffusers import DDIMScheduler, FlowMatchEulerDiscreteScheduler

from engine.sampler_tables import StepNumbers
from engine.samplers import OWN_SAMPLER, SAMPLERS, Sampler, sampler_from, start_sampler

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers' schedulers

SCHEDULE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
    "timestep_spacing": "leading",
}


def stable_diffusion_schedule(**changes: Any) -> DDIMScheduler:
    return DDIMScheduler(**{**SCHEDULE, "clip_sample": False, **changes})


@pytest.mark.parametrize("strength", [None, 0.6, 0.0])
@pytest.mark.parametrize("name", [OWN_SAMPLER, *SAMPLERS])
def test_every_sampler_but_heun_is_a_table(name: str, strength: float | None) -> None:
    sampler = sampler_from(stable_diffusion_schedule(), name, 10, strength)
    has_no_steps = strength == 0.0
    assert sampler.table.is_linear == (name != "heun" or has_no_steps)
    assert (sampler.private is None) == sampler.table.is_linear


@pytest.mark.parametrize("changes", [{"clip_sample": True}, {"thresholding": True}])
def test_a_sampler_that_clips_keeps_a_private_copy(changes: dict[str, Any]) -> None:
    own = stable_diffusion_schedule(**changes)
    one, other = (sampler_from(own, OWN_SAMPLER, 10, None) for _ in range(2))
    assert not one.table.is_linear
    assert one.private is not other.private
    assert sampler_from(own, "euler", 10, None).table.is_linear  # Euler has no such option


def test_equal_walks_share_one_table() -> None:
    def table(steps: int, strength: float | None, **changes: Any) -> object:
        return sampler_from(stable_diffusion_schedule(**changes), "unipc", steps, strength).table

    assert table(8, None) is table(8, None)
    assert len({id(table(8, None)), id(table(9, None)), id(table(8, 0.5)), id(table(8, None, beta_end=0.02))}) == 4


@pytest.mark.parametrize("more", [{}, {"sigmas": (1.0, 0.7, 0.4), "mu": 0.6}])
def test_a_flow_walks_straight_to_where_its_velocity_points(more: dict[str, Any]) -> None:
    noise_scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=bool(more))
    sampler = start_sampler(noise_scheduler, 3, None, **more)
    noise, target = torch.randn(1, 2, 4, 4), torch.randn(1, 2, 4, 4)
    planes = walk(sampler, sampler.begin_from_noise(noise), noise - target)
    assert (planes[:, 0] - target).abs().max() <= 1e-5


def walk(sampler: Sampler, planes: torch.Tensor, velocity: torch.Tensor) -> torch.Tensor:
    for index in range(sampler.total_steps):
        numbers = StepNumbers(sampler.numbers(index).unsqueeze(0))
        planes = numbers.advance(planes, velocity, torch.zeros_like(velocity))
    return planes
