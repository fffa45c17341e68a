"""A row's walk from noise to picture. Wraps one private diffusers noise scheduler, which hides its own step index.

This is the seam for compiled samplers: whoever replaces `Sampler.step` by a table keeps `start_sampler`'s meaning.
"""

import inspect
from dataclasses import dataclass
from typing import Any

import torch

# What a user may pick → the diffusers class, and what differs from the model's own scheduler configuration.
SAMPLERS: dict[str, tuple[str, dict[str, Any]]] = {
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_karras": ("EulerDiscreteScheduler", {"use_karras_sigmas": True}),
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


def sampler_from(own_noise_scheduler: Any, name: str, steps: int, strength: float | None) -> "Sampler":
    """A fresh walk of `steps` steps with the named sampler, configured as the model's own noise scheduler is."""
    import diffusers

    if name == OWN_SAMPLER:
        fresh = type(own_noise_scheduler).from_config(own_noise_scheduler.config)
    else:
        class_name, changes = SAMPLERS[name]
        fresh = getattr(diffusers, class_name).from_config(own_noise_scheduler.config, **changes)
    return start_sampler(fresh, steps, strength)


def start_sampler(noise_scheduler: Any, steps: int, strength: float | None) -> "Sampler":
    """`strength` None begins at pure noise; otherwise the walk begins late, as diffusers' image-to-image does.

    Timesteps stay on the CPU: the noise schedulers index with them, and a copy per step would stall the device.
    """
    noise_scheduler.set_timesteps(steps)
    skipped = 0
    if strength is not None:
        skipped = (steps - min(int(steps * strength), steps)) * noise_scheduler.order
        if hasattr(noise_scheduler, "set_begin_index"):
            noise_scheduler.set_begin_index(skipped)
    accepted = inspect.signature(noise_scheduler.step).parameters
    return Sampler(
        noise_scheduler=noise_scheduler,
        timesteps=noise_scheduler.timesteps[skipped:],
        begin_index=skipped,
        takes_generator="generator" in accepted,
    )


@dataclass(frozen=True, slots=True)
class Sampler:
    """Latents are `[1, C, H, W]` float32. `step` must be called once for each index, in order."""

    noise_scheduler: Any
    timesteps: torch.Tensor
    begin_index: int
    takes_generator: bool

    @property
    def total_steps(self) -> int:
        return len(self.timesteps)

    def begin_from_noise(self, noise: torch.Tensor) -> torch.Tensor:
        return noise * float(getattr(self.noise_scheduler, "init_noise_sigma", 1.0))

    def begin_from_clean(self, clean: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """The clean latents, noised to where the walk begins; untouched when there is no step to walk."""
        if self.total_steps == 0:
            return clean
        if self._is_flow:
            return self.noise_scheduler.scale_noise(clean, self.timesteps[:1], noise)
        return self.noise_scheduler.add_noise(clean, noise, self.timesteps[:1])

    def model_input(self, latents: torch.Tensor, index: int) -> torch.Tensor:
        if self._is_flow:
            return latents
        return self.noise_scheduler.scale_model_input(latents, self.timesteps[index])

    def step(
        self, noise_pred: torch.Tensor, latents: torch.Tensor, index: int, generator: torch.Generator
    ) -> torch.Tensor:
        more = {"generator": generator} if self.takes_generator else {}
        return self.noise_scheduler.step(noise_pred, self.timesteps[index], latents, **more, return_dict=False)[0]

    def clean_estimate(self, noise_pred: torch.Tensor, latents: torch.Tensor, index: int) -> torch.Tensor:
        """What the picture looks like from here: x0 from the model's output and the latents before the step."""
        if self._is_flow:
            return latents - self.noise_scheduler.sigmas[self.begin_index + index] * noise_pred
        prediction_type = self.noise_scheduler.config.prediction_type
        signal, noise, latents = self._signal_and_noise(latents, index)
        if prediction_type == "v_prediction":
            return signal * latents - noise * noise_pred
        if prediction_type == "sample":
            return noise_pred
        return (latents - noise * noise_pred) / signal

    def _signal_and_noise(self, latents: torch.Tensor, index: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Square roots of signal and noise variance, and the latents in that variance-preserving space."""
        if float(self.noise_scheduler.init_noise_sigma) != 1.0:  # x = x0 + sigma * noise
            sigma = self.noise_scheduler.sigmas[self.begin_index + index]
            scale = (sigma**2 + 1) ** -0.5
            return scale, sigma * scale, latents * scale
        signal_variance = self.noise_scheduler.alphas_cumprod[int(self.timesteps[index])]
        return signal_variance**0.5, (1 - signal_variance) ** 0.5, latents

    @property
    def _is_flow(self) -> bool:
        return type(self.noise_scheduler).__name__.startswith("FlowMatch")
