"""Pictures whose opposite edges meet: convolutions that look around the edge, and the part of a picture that repeats.

Knows no model family.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def wrapping_around(networks: Sequence[nn.Module]) -> Iterator[None]:
    """Inside, every convolution sees the opposite edge where it saw zeros, so that no place is an edge.

    A network of convolutions and attention without positions is then blind to where a picture begins.
    """
    convolutions = [
        module
        for network in networks
        for module in network.modules()
        if isinstance(module, nn.Conv2d) and module.padding_mode == "zeros"
    ]
    try:
        for convolution in convolutions:
            convolution.padding_mode = "circular"
        yield
    finally:
        for convolution in convolutions:
            convolution.padding_mode = "zeros"


def periodic_part(pictures: torch.Tensor) -> torch.Tensor:
    """`[rows, C, h, w]` without the smooth part that makes opposite edges differ, in float32.

    The periodic component of L. Moisan, "Periodic plus smooth image decomposition" (2011): what is taken away has no
    detail inside (its Laplacian is zero), so that the picture keeps its own and its shades drift towards a common edge.
    """
    pictures = pictures.float()
    height, width = pictures.shape[-2:]
    jumps = torch.zeros_like(pictures)
    across, down = pictures[..., :, -1] - pictures[..., :, 0], pictures[..., -1, :] - pictures[..., 0, :]
    jumps[..., :, 0] += across
    jumps[..., :, -1] -= across
    jumps[..., 0, :] += down
    jumps[..., -1, :] -= down
    waves = [2 * torch.cos(2 * math.pi * torch.arange(side, device=pictures.device) / side) for side in (height, width)]
    curvature = waves[0][:, None] + waves[1] - 4
    curvature[0, 0] = 1.0  # the mean, of which the jumps have none
    return pictures - torch.fft.ifft2(torch.fft.fft2(jumps) / curvature).real
