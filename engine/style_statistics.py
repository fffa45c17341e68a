"""The quick way to draw in another's manner: a layer's answers are given the style's mean and covariance, and turned
back into a picture. One pass over a few layers, coarse to fine; nothing is optimised. In slices.

After Li et al., "Universal style transfer via feature transforms" (2017), with the optimal-transport map between the
two normal distributions, and a linear decoder fitted on the spot instead of a trained one: early layers forget little.

What is solved for is small and needs float64, which not every device has: it is solved on the CPU.
"""

import torch
from torch.nn import functional as F

from engine.slices import Slices
from engine.style_losses import shrunk
from engine.style_network import StyleNetwork

PASSES = ((2, 3), (1, 3))
"""(scale, stage): a wide look first, then what it blurred. More of them exaggerate."""
GRAIN = 0.06  # noise that plain areas are given at most, for strokes to grow from
GRAIN_OF_FINE = 0.4  # as much of what is fine in the style: soft bands have no strokes
FINE = 5  # pixels
SMALLEST_SIDE = 12
SAMPLES = 3000  # pixels that a decoder is fitted on
RIDGE = 1e-5
FLOOR = 1e-3  # of the mean variance: what a layer never answers is not blown up


def transfer(
    network: StyleNetwork, content: torch.Tensor, style: torch.Tensor, strength: float
) -> Slices[torch.Tensor]:
    """`content[1, 3, H, W]` and `style[1, 3, h, w]` in [0, 1], to `[1, 3, H, W]`. `strength` is 0 to 1."""
    generator = torch.Generator().manual_seed(0)
    picture = content.lerp(_transported(content, style), strength).clamp(0, 1)
    most = min(GRAIN, GRAIN_OF_FINE * _fineness(style))
    for scale, stage in PASSES:
        seen, manner = shrunk(picture, scale), shrunk(style, scale)
        if min(*seen.shape[2:], *manner.shape[2:]) < SMALLEST_SIDE:
            continue
        grain = torch.randn(seen.shape, generator=generator).to(seen.device)
        changed = yield from _pass(network, (seen + most * strength * grain), manner, stage, strength)
        step = F.interpolate(changed - seen, scale_factor=scale, mode="bilinear")
        height, width = picture.shape[2:]
        step = F.pad(step, (0, width - step.shape[3], 0, height - step.shape[2]), mode="replicate")
        picture = (picture + step).clamp(0, 1)
        yield
    return picture


def _fineness(style: torch.Tensor) -> float:
    """How much of it a blur takes away."""
    blurred = F.avg_pool2d(F.pad(style, (FINE // 2,) * 4, mode="reflect"), FINE, 1)
    return (style - blurred).std().item()


def _pass(
    network: StyleNetwork, picture: torch.Tensor, style: torch.Tensor, stage: int, strength: float
) -> Slices[torch.Tensor]:
    answers = yield from _answers(network, picture, stage)
    wanted = yield from _answers(network, style, stage)
    decoder = _fit_decoder([(picture, answers), (style, wanted)])
    yield
    moved = answers.lerp(_transported(answers, wanted), strength)
    yield
    return _decode(decoder, moved).clamp(0, 1)


def _answers(network: StyleNetwork, picture: torch.Tensor, stage: int) -> Slices[torch.Tensor]:
    answers = picture
    for layer in network.stages[: stage + 1]:
        answers = layer(answers)
        yield
    return answers


def _transported(answers: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """`[1, C, H, W]` moved as little as gives it the mean and covariance of `wanted`."""
    flat, mean, covariance = _moments(answers)
    _, wanted_mean, wanted_covariance = _moments(wanted)
    root, inverse = _power(covariance, 0.5), _power(covariance, -0.5)
    plan = inverse @ _power(root @ wanted_covariance @ root, 0.5) @ inverse
    return (plan.float().to(flat.device) @ (flat - mean) + wanted_mean).view_as(answers)


def _moments(answers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """All of it as `[C, H * W]`, its mean, and its covariance `[C, C]` in float64 on the CPU."""
    flat = answers[0].flatten(1)
    mean = flat.mean(dim=1, keepdim=True)
    covariance = ((flat - mean) @ (flat - mean).T / flat.shape[1]).cpu().double()
    floor = FLOOR * covariance.diagonal().mean() + 1e-12
    return flat, mean, covariance + floor * torch.eye(len(flat))


def _power(symmetric: torch.Tensor, exponent: float) -> torch.Tensor:
    values, vectors = torch.linalg.eigh(symmetric)
    return (vectors * values.clamp(min=1e-12) ** exponent) @ vectors.T


def _fit_decoder(pairs: list[tuple[torch.Tensor, torch.Tensor]]) -> torch.Tensor:
    """`[9C + 1, 3]`: pixels by least squares from the 3x3 answers around them."""
    square, cross = 0.0, 0.0
    for picture, answers in pairs:
        apart = max(1, int((answers.shape[2] * answers.shape[3] / SAMPLES) ** 0.5))
        around = F.unfold(_framed(answers), 3, stride=apart)[0]
        around = torch.cat([around, torch.ones_like(around[:1])])
        pixels = picture[:, :, ::apart, ::apart].flatten(2)[0]
        square = square + (around @ around.T / around.shape[1]).cpu().double()
        cross = cross + (around @ pixels.T / around.shape[1]).cpu().double()
    assert isinstance(square, torch.Tensor), "nothing to fit on"
    ridge = RIDGE * square.diagonal().mean() * torch.eye(len(square))
    return torch.linalg.solve(square + ridge, cross).float().to(pairs[0][0].device)


def _decode(decoder: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
    kernel = decoder[:-1].T.reshape(3, answers.shape[1], 3, 3)
    return F.conv2d(_framed(answers), kernel, decoder[-1])


def _framed(answers: torch.Tensor) -> torch.Tensor:
    return F.pad(answers, (1, 1, 1, 1), mode="reflect")
