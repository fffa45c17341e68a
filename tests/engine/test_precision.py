"""One retry in float32: inside, everything computes in full; outside, the halves are the same ones as before."""

import pytest
import torch
from torch import nn

from engine.precision import in_float32


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
