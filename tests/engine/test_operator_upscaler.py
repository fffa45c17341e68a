"""Upscaling networks of the operator's own. Runs where the optional spandrel can be imported."""

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from engine.esrgan import ResidualNet
from engine.operator_upscaler import load_operator_upscaler
from engine.protocol import EngineStartError
from engine.slices import finish

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def _spandrel() -> Any:
    try:
        import spandrel
    except (ImportError, RuntimeError) as error:  # the latter: a torchvision that was built for another torch
        pytest.skip(f"needs spandrel: {error}")
    return spandrel


def published_names(network: ResidualNet) -> dict[str, torch.Tensor]:
    """The weights as Real-ESRGAN's training code calls them."""
    names = {"first": "conv_first", "after_body": "conv_body", "detail": "conv_hr", "last": "conv_last"}
    names |= {"up.0": "conv_up1", "up.1": "conv_up2"}
    named = {}
    for name, tensor in network.state_dict().items():
        layer, _, kind = name.rpartition(".")
        if layer not in names:
            _, number, _, block, _, convolution = layer.split(".")
            layer = f"body.{number}.rdb{int(block) + 1}.conv{int(convolution) + 1}"
        named[f"{names.get(layer, layer)}.{kind}"] = tensor.clone()
    return named


@pytest.mark.usefixtures("_spandrel")
def test_a_file_of_the_esrgan_family_computes_what_its_network_does(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = ResidualNet(depth=1)
    save_file(published_names(network), tmp_path / "own.safetensors")
    upscaler = load_operator_upscaler(tmp_path / "own.safetensors", CPU, torch.float16)
    part = torch.rand(1, 3, 12, 10)
    with torch.inference_mode():
        own = finish(upscaler.enlarge_part(part, 4)).float()
        plain = network(part).clamp(0, 1)
    assert (upscaler.scale, own.shape) == (4, (1, 3, 48, 40))
    assert (own - plain).abs().max().item() < 0.01


@pytest.mark.usefixtures("_spandrel")
def test_a_file_that_is_no_upscaler(tmp_path: Path) -> None:
    save_file({"layer.weight": torch.zeros(2, 2)}, tmp_path / "other.safetensors")
    (tmp_path / "broken.safetensors").write_bytes(b"broken")
    for name in ("other", "broken"):
        with pytest.raises(EngineStartError, match="is no upscaler"):
            load_operator_upscaler(tmp_path / f"{name}.safetensors", CPU, torch.float32)
