"""What a model family offers the runner. A pipeline holds weights and settings, never a request's state."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from engine.limits import ModelTraits
from engine.protocol import Pixels
from engine.samplers import Sampler
from engine.settings import Settings

Tensors = Mapping[str, torch.Tensor]
"""What a denoiser is told beside latents and timestep: by name, one row each along the first dimension."""


DrawClean = Callable[[torch.Generator], torch.Tensor]
"""The clean latents of a picture for one row, float32; may draw from the row's generator."""


DrawTold = Callable[[torch.Generator], Tensors]
"""What the denoiser is told of one row alone; may draw from the row's generator."""


@dataclass(frozen=True, slots=True)
class Conditioning:
    """What one row is told. `negative` is None when guidance is off for it.

    `notes` say what of the prompt the model could not take in.
    """

    positive: Tensors
    negative: Tensors | None
    notes: tuple[str, ...] = ()


def read_parts(settings: Settings, read: Callable[[str], Tensors]) -> Tensors:
    """What `read` makes of the prompt; of a prompt in parts the weighted mean, each part read by itself.

    A mean lies between what its parts mean, and costs one forward a step however many there are. Adding up what the
    denoiser predicts for each part costs a forward for each.
    """
    if not settings.parts:
        return read(settings.prompt)
    total = sum(part.weight for part in settings.parts)
    readings = [(part.weight / total, read(part.text)) for part in settings.parts]
    return {
        name: torch.stack([share * reading[name] for share, reading in readings]).sum(dim=0) for name in readings[0][1]
    }


class Pipeline(Protocol):
    """Everything runs in the owner thread, under inference mode. Latents are `[rows, C, h, w]`."""

    @property
    def traits(self) -> ModelTraits: ...

    @property
    def device(self) -> torch.device: ...

    @property
    def networks(self) -> Sequence[nn.Module]:
        """The weights that a picture goes through."""
        ...

    def text_length(self, settings: Settings, /) -> int:
        """How many tokens, padding included, the denoiser sees of such a prompt; 0 if always the same number."""
        ...

    def encode(self, settings: Settings, /) -> Conditioning: ...

    def start_sampler(self, settings: Settings, /) -> Sampler:
        """A private walk for one row."""
        ...

    def latent_shape(self, settings: Settings, /) -> tuple[int, int, int]: ...

    def encode_image(self, pixels: Pixels, settings: Settings, /) -> DrawClean:
        """A picture to start from, at the size that is drawn; once for all rows."""
        ...

    def encode_masked(self, settings: Settings, /) -> DrawTold | None:
        """For models that are told what stands around the mask, encoded once for all rows. None for all others: what
        is not masked is then put back after each step.
        """
        ...

    def denoise(self, latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors) -> torch.Tensor:
        """One forward for all rows, each at its own timestep; guidance is the caller's business."""
        ...

    def previews(self, clean_latents: torch.Tensor) -> tuple[Pixels, ...]:
        """A small, cheap picture of each row. They are finite."""
        ...

    def full_precision(self) -> AbstractContextManager[None] | None:
        """Everything inside computes in float32. None if it does so anyway."""
        ...

    def tiling(self) -> AbstractContextManager["Pipeline"]:
        """Gives a pipeline that draws pictures whose opposite edges meet. Asked only of those with `Ability.TILE`."""
        ...

    def decode(self, latents: torch.Tensor) -> tuple[Pixels, ...]:
        """The finished pictures of a few rows. Raises `NotANumber`."""
        ...
