"""Networks that pause between their layers without knowing of it."""

import pytest
import torch
from torch import nn

from engine.slices import finish, in_slices


def a_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.PReLU(4), nn.Conv2d(4, 2, 3)))


PICTURE = torch.linspace(0, 1, 3 * 8 * 8).view(1, 3, 8, 8)


def test_the_result_is_the_networks_own_and_each_layer_is_a_slice() -> None:
    network = a_network()
    slices = in_slices(lambda: network(PICTURE) + 1, network)
    for _ in range(3):
        next(slices)
    with pytest.raises(StopIteration) as ended:
        next(slices)
    assert torch.equal(ended.value.value, network(PICTURE) + 1)


def test_two_interleaved_on_one_network_do_not_meet() -> None:
    network = a_network()
    first = in_slices(lambda: network(PICTURE), network)
    next(first)
    second = in_slices(lambda: network(PICTURE * 2), network)
    next(second)
    plain = network(PICTURE * 3)
    next(first)
    assert torch.equal(finish(second), network(PICTURE * 2))
    assert torch.equal(finish(first), network(PICTURE))
    assert torch.equal(plain, network(PICTURE * 3))


def test_one_that_is_given_up_ends_where_it_stands() -> None:
    network, ended = a_network(), []

    def compute() -> torch.Tensor:
        try:
            return network(PICTURE)
        finally:
            ended.append(True)

    slices = in_slices(compute, network)
    next(slices)
    assert not ended
    slices.close()
    assert ended
    assert not any(layer._forward_hooks for layer in network.modules())


def test_trouble_inside_comes_out() -> None:
    network = a_network()
    slices = in_slices(lambda: network(torch.zeros(1, 5, 8, 8)), network)
    with pytest.raises(RuntimeError, match="channels"):
        finish(slices)
    assert not any(layer._forward_hooks for layer in network.modules())
