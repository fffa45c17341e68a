"""Weights lifted to float32 for one retry. The halves stay where they are: recorded graphs read them there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn


class NotANumber(Exception):
    """Latents or pictures are no longer finite: what would be shown is black."""


@contextmanager
def in_float32(networks: Sequence[nn.Module]) -> Iterator[None]:
    halves = [(tensor, tensor.data) for network in networks for tensor in _tensors(network) if _is_half(tensor)]
    try:
        for tensor, half in halves:
            tensor.data = half.float()
        yield
    finally:
        for tensor, half in halves:
            tensor.data = half


def is_half(network: nn.Module) -> bool:
    return next(network.parameters()).dtype is not torch.float32


def _tensors(network: nn.Module) -> Iterator[torch.Tensor]:
    yield from network.parameters()
    yield from network.buffers()


def _is_half(tensor: torch.Tensor) -> bool:
    return tensor.dtype in (torch.float16, torch.bfloat16)
