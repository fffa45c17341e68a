"""Weights lifted to float32 for one retry, and put back: bfloat16 and float16 survive the round trip bit for bit."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn


class NotANumber(Exception):
    """Latents or pictures are no longer finite: what would be shown is black."""


@contextmanager
def in_float32(networks: Sequence[nn.Module]) -> Iterator[None]:
    dtypes = [next(network.parameters()).dtype for network in networks]
    try:
        for network in networks:
            network.to(torch.float32)
        yield
    finally:
        for network, dtype in zip(networks, dtypes, strict=True):
            network.to(dtype)


def is_half(network: nn.Module) -> bool:
    return next(network.parameters()).dtype is not torch.float32
