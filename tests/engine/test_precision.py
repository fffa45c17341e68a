"""One retry in float32: inside, everything computes in full; outside, the halves are the same ones as before."""

from pathlib import Path

import pytest
import torch
from torch import nn

from engine.config import EngineConfig, ModelConfig
from engine.generation import Batch
from engine.models import load_models
from engine.precision import in_float32
from engine.runner import Runner
from tests.engine.parity import a_request, generation_of


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("is_born_in_inference", [True, False])
def test_halves_stay_where_they_are(dtype: torch.dtype, is_born_in_inference: bool) -> None:
    with torch.inference_mode(is_born_in_inference):
        network = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)).to(dtype).eval()
    tensors = [*network.parameters(), *(buffer for buffer in network.buffers() if buffer.is_floating_point())]
    before = [(tensor.data_ptr(), tensor.detach().clone()) for tensor in tensors]
    with torch.inference_mode():
        with in_float32((network,)):
            assert {tensor.dtype for tensor in tensors} == {torch.float32}
            assert network(torch.ones(2, 3)).dtype is torch.float32
        assert network(torch.ones(2, 3, dtype=dtype)).dtype is dtype
    for tensor, (address, values) in zip(tensors, before, strict=True):
        assert tensor.data_ptr() == address
        assert torch.equal(tensor, values)


def test_an_error_inside_puts_them_back_too() -> None:
    network = nn.Linear(2, 2).to(torch.bfloat16)
    with pytest.raises(ZeroDivisionError), in_float32((network,)):
        raise ZeroDivisionError
    assert network.weight.dtype is torch.bfloat16


def drawn(folder: Path, family: str, dtype: str, *, is_lifted: bool = False) -> torch.Tensor:
    """Latents after two steps."""
    models = (ModelConfig("tiny", family, str(folder)),)
    pipelines = load_models(EngineConfig(models=models, device="cpu", dtype=dtype))
    runner, generation = Runner(pipelines), generation_of(a_request(steps=2), pipelines)
    if is_lifted:
        assert runner.can_retry(generation)
        generation.restart_in_full_precision()
    assert runner.prepare(generation) is None
    for _ in range(2):
        [result] = runner.step(Batch(generation.key, generation.rows)).results
        assert result.failure is None
    return torch.cat([row.latents for row in generation.rows if row.latents is not None])


@pytest.mark.usefixtures("inference")
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers' schedulers
@pytest.mark.parametrize(
    ("family", "fixture"), [("stable-diffusion", "tiny_sd"), ("sdxl", "tiny_sdxl"), ("flux", "tiny_flux_dev")]
)
def test_a_lifted_model_reads_and_draws_in_full(family: str, fixture: str, request: pytest.FixtureRequest) -> None:
    """What is left are the weights' own halves."""
    folder: Path = request.getfixturevalue(fixture)
    full, half = drawn(folder, family, "float32"), drawn(folder, family, "bfloat16")
    lifted = drawn(folder, family, "bfloat16", is_lifted=True)
    assert (lifted - full).abs().max() < 0.5 * (half - full).abs().max()
