"""The samplers that a user may pick, and one row's walk by one of them.

What a walk's steps do is a table (`sampler_tables.py`); where no table can say it, the row keeps a noise scheduler of
diffusers' for itself.
"""

from dataclasses import dataclass
from typing import Any

import torch

from engine.sampler_tables import (
    SamplerRecipe,
    SamplerTable,
    compile_table,
    freeze_config,
    input_scale,
    take_step,
    with_empty_history,
)

# What a user may pick → the diffusers class, and what differs from the model's own scheduler configuration.
SAMPLERS: dict[str, tuple[str, dict[str, Any]]] = {
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_karras": ("EulerDiscreteScheduler", {"use_karras_sigmas": True}),
    "euler_trailing": ("EulerDiscreteScheduler", {"timestep_spacing": "trailing"}),  # as distilled models want it
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "ddim": ("DDIMScheduler", {}),
    "dpmpp_2m": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 2}),
    "dpmpp_2m_karras": (
        "DPMSolverMultistepScheduler",
        {"algorithm_type": "dpmsolver++", "solver_order": 2, "use_karras_sigmas": True},
    ),
    "dpmpp_2m_sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++", "solver_order": 2}),
    "dpmpp_3m": ("DPMSolverMultistepScheduler", {"algorithm_type": "dpmsolver++", "solver_order": 3}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "heun": ("HeunDiscreteScheduler", {}),
    "lcm": ("LCMScheduler", {}),
}
OWN_SAMPLER = "default"  # the scheduler class and configuration that the model was saved with


@dataclass(frozen=True, slots=True)
class Sampler:
    """One row's walk. `private` is the row's own noise scheduler if a table cannot say what it does."""

    table: SamplerTable
    private: Any | None = None

    @property
    def total_steps(self) -> int:
        return len(self.table.steps)

    def begin_from_noise(self, noise: torch.Tensor) -> torch.Tensor:
        return with_empty_history(noise * self.table.noise_scale)

    def begin_from_clean(self, clean: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """The clean latents, noised to where the walk begins; untouched when there is no step to walk."""
        if self.total_steps == 0:
            return with_empty_history(clean)
        of_clean, of_noise = self.table.begin_weights
        return with_empty_history(of_clean * clean + of_noise * noise)

    def numbers(self, index: int) -> torch.Tensor:
        return self.table.steps[index]

    def step_privately(
        self, noise_pred: torch.Tensor, latents: torch.Tensor, index: int, generator: torch.Generator
    ) -> torch.Tensor:
        """For rows without a matrix. Must be called once for each index, in order."""
        assert self.private is not None, "the table says it all"
        timestep = self.private.timesteps[self.table.skipped + index]
        input_scale(self.private, timestep)  # some insist on being asked before each step
        return take_step(self.private, noise_pred, timestep, latents, generator)


def sampler_from(own_noise_scheduler: Any, name: str, steps: int, strength: float | None) -> Sampler:
    """A fresh walk of `steps` steps with the named sampler, configured as the model's own noise scheduler is."""
    import diffusers

    config = freeze_config(own_noise_scheduler)
    if name == OWN_SAMPLER:
        return _begin(SamplerRecipe(type(own_noise_scheduler), config, steps, strength))
    class_name, changes = SAMPLERS[name]
    return _begin(SamplerRecipe(getattr(diffusers, class_name), config, steps, strength, tuple(changes.items())))


def start_sampler(
    noise_scheduler: Any, steps: int, strength: float | None, *, rounds_up: bool = False, **more: Any
) -> Sampler:
    """A walk as this noise scheduler is configured. `strength` None begins at pure noise; otherwise the walk begins
    late, as diffusers' image-to-image does: Stable Diffusion rounds broken numbers of steps down, newer families up.
    `more` goes to `set_timesteps`.
    """
    config = freeze_config(noise_scheduler)
    recipe = SamplerRecipe(
        type(noise_scheduler), config, steps, strength, more=tuple(more.items()), rounds_up=rounds_up
    )
    return _begin(recipe)


def _begin(recipe: SamplerRecipe) -> Sampler:
    table = compile_table(recipe)
    return Sampler(table, None if table.is_linear else recipe.build()[0])
