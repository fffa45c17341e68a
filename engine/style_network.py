"""The layers whose answers say what a picture shows and in what manner: the upscaler's own, or VGG-19 from a file.

A Gram matrix of early layers, at several sizes of the picture, holds strokes, edges and palette; the answers
themselves, of one layer at one size, hold what is where.
"""

import copy
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from engine.esrgan import CompactNet
from engine.protocol import EngineStartError

COMPACT_LAYERS = 4  # of seventeen: deeper ones know of sharpness, no more of manner
VGG_POOLS_AFTER = (2, 4, 8, 12)  # convolutions
VGG_SEEN = (1, 3, 5, 9, 10, 13)  # conv1_1, 2_1, 3_1, 4_1, 4_2 and 5_1 in their order
VGG_CONTENT = 10
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet, which VGG was trained on


@dataclass(frozen=True, slots=True)
class StyleNetwork:
    """`stages` run one after the other; what each answers may be looked at.

    The manner is that of `style_stages` at each of `scales` (a picture is looked at in full, halved, quartered); what
    is shown is `content_stage` at `content_scale`. Weights are float32 and may be differentiated through.
    """

    stages: tuple[nn.Module, ...]
    style_stages: frozenset[int]
    scales: tuple[int, ...]
    content_stage: int
    content_scale: int
    device: torch.device


def from_upscaler(network: CompactNet, device: torch.device) -> StyleNetwork:
    """On small layers, so that a picture costs little; seeing it at three sizes makes up for how near they look."""
    layers = list(network.layers)
    pairs = [nn.Sequential(*layers[2 * index : 2 * index + 2]) for index in range(COMPACT_LAYERS)]
    return StyleNetwork(
        stages=tuple(_differentiable(pair, device) for pair in pairs),
        style_stages=frozenset(range(COMPACT_LAYERS)),
        scales=(1, 2, 4),
        content_stage=COMPACT_LAYERS - 1,
        content_scale=2,
        device=device,
    )


def load_vgg(path: Path, device: torch.device) -> StyleNetwork:
    """A VGG-19 as torchvision names its weights (`features.0.weight`, ...). Raises `EngineStartError`."""
    if path.suffix not in (".safetensors", ".pth"):
        raise EngineStartError(f"{path} is neither a .safetensors nor a .pth file; others can run code when opened")
    if not path.is_file():
        raise EngineStartError(f"there is no file of style features {path}")
    try:
        convolutions = _convolutions(_read(path))
    except (
        SafetensorError,
        UnpicklingError,
        OSError,
        ValueError,
        TypeError,
        RuntimeError,
        KeyError,
        EOFError,
    ) as error:
        raise EngineStartError(f"{path} is no VGG-19: {textwrap.shorten(str(error), 200)}") from error
    stages = _in_stages(convolutions, device)
    content = VGG_SEEN.index(VGG_CONTENT)
    manner = frozenset(range(len(stages))) - {content}
    return StyleNetwork(stages, manner, (1,), content, 1, device)


def _in_stages(convolutions: list[nn.Conv2d], device: torch.device) -> tuple[nn.Module, ...]:
    """Each ends where the network is looked at."""
    stages: list[nn.Module] = []
    layers: list[nn.Module] = [_Standardise()]
    for number, convolution in enumerate(convolutions, start=1):
        layers += [convolution, nn.ReLU()]
        if number in VGG_SEEN:
            stages.append(_differentiable(nn.Sequential(*layers), device))
            layers = []
        if number in VGG_POOLS_AFTER:
            layers.append(nn.AvgPool2d(2))
    return tuple(stages)


def _read(path: Path) -> dict[str, torch.Tensor]:
    """Of a .pth file its tensors alone: whatever else it holds is refused, not run."""
    if path.suffix == ".safetensors":
        return load_file(path)
    loaded = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(loaded, dict):
        raise TypeError("it holds no weights by name")
    return {str(name): value for name, value in loaded.items() if isinstance(value, torch.Tensor)}


def _convolutions(weights: dict[str, torch.Tensor]) -> list[nn.Conv2d]:
    """The first thirteen, by their number in the file."""
    names = {name for name in weights if re.fullmatch(r"(features\.)?\d+\.weight", name)}
    kernels = sorted((name for name in names if weights[name].dim() == 4), key=lambda name: int(name.split(".")[-2]))
    if len(kernels) < VGG_SEEN[-1]:
        raise ValueError(f"it has {len(kernels)} convolutions named features.N.weight; VGG-19 has 16")
    found = []
    for name in kernels[: VGG_SEEN[-1]]:
        convolution = nn.Conv2d(weights[name].shape[1], weights[name].shape[0], 3, padding=1)
        convolution.load_state_dict({"weight": weights[name], "bias": weights[name.replace("weight", "bias")]})
        found.append(convolution)
    return found


def _differentiable(stage: nn.Module, device: torch.device) -> nn.Module:
    """A copy that is no inference tensor: what was loaded in inference mode cannot be differentiated through."""
    with torch.inference_mode(False):
        stage = copy.deepcopy(stage)
        for module in stage.modules():
            for name, parameter in module.named_parameters(recurse=False):
                plain = parameter.detach().to(device, torch.float32, copy=True)
                setattr(module, name, nn.Parameter(plain, requires_grad=False))
        return stage


class _Standardise(nn.Module):
    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        mean, deviation = (picture.new_tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
        return (picture - mean) / deviation
