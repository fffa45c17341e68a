"""An upscaling network of the operator's own, of the ESRGAN family, from a .safetensors file. Needs spandrel."""

import textwrap
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from engine.protocol import EngineStartError
from engine.upscale import Upscaler, upscaler_from

INSTALL = 'install it: .venv/bin/pip install --constraint constraints.txt --editable ".[upscalers]"'


def load_operator_upscaler(path: Path, device: torch.device, dtype: torch.dtype) -> Upscaler:
    """Raises `EngineStartError` with a sentence for the operator."""
    if path.suffix != ".safetensors":
        raise EngineStartError(
            f"{path} is not a .safetensors file; others can run code when opened, so convert it to .safetensors"
        )
    if not path.is_file():
        raise EngineStartError(f"there is no upscaler file {path}")
    try:
        from spandrel import ImageModelDescriptor, ModelLoader, UnsupportedModelError
    except (ImportError, RuntimeError) as error:  # the latter: a torchvision that was built for another torch
        raise EngineStartError(f"{path} needs spandrel, which cannot be used ({error}); {INSTALL}") from error
    try:
        model = ModelLoader("cpu").load_from_state_dict(load_file(path))
    except (UnsupportedModelError, SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise EngineStartError(f"{path} is no upscaler: {textwrap.shorten(str(error), 300)}") from error
    if not isinstance(model, ImageModelDescriptor) or model.purpose != "SR":
        raise EngineStartError(f"{path} holds a network that does not enlarge pictures")
    _check(path, model)
    half = dtype if model.supports_half or dtype is torch.float32 else torch.float32
    return upscaler_from(PaddedNetwork(model), model.scale, device, half)


def _check(path: Path, model: Any) -> None:
    if model.input_channels != 3 or model.output_channels != 3:
        raise EngineStartError(f"{path} is for pictures of {model.input_channels} channels; colour ones have 3")
    if model.scale not in (2, 4, 8):
        raise EngineStartError(f"{path} enlarges {model.scale} times; choose a file that does 2, 4 or 8 times")


class PaddedNetwork(nn.Module):
    """Pads each picture as spandrel says that this network wants it."""

    def __init__(self, descriptor: Any) -> None:
        super().__init__()
        self.network = descriptor.model
        self._descriptor = descriptor

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        return self._descriptor(picture)
