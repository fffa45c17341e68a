"""How far a picture is from showing one thing in the manner of another, and which way is nearer. In slices.

The losses are those of Gatys, Ecker and Bethge ("A neural algorithm of artistic style", 2015), each divided by the size
of what it is compared with, so that they weigh the same whatever the network: style is the squared distance of Gram
matrices, content that of answers, and total variation the mean step between neighbouring pixels.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from engine.slices import Slices
from engine.style_network import StyleNetwork

TINY = 1e-9  # plain pictures have neither contrast nor manner


@dataclass(frozen=True, slots=True)
class Weights:
    content: float
    style: float
    variation: float


@dataclass(frozen=True, slots=True)
class Losses:
    content: float
    style: float
    variation: float


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be shown, and the Gram matrices of the manner by (scale, stage)."""

    network: StyleNetwork
    answers: torch.Tensor
    grams: Mapping[tuple[int, int], torch.Tensor]

    def gradient(self, picture: torch.Tensor, weights: Weights) -> Slices[tuple[Losses, torch.Tensor]]:
        """Of the weighted sum of losses, by each pixel. `picture[1, 3, H, W]` in [0, 1]."""
        gradient, variation = _variation(picture)
        gradient = gradient * weights.variation
        content = style = 0.0
        for scale in self.network.scales:
            looked = yield from self._look_at(picture, scale, weights)
            content, style = content + looked.content, style + looked.style
            gradient = gradient + _spread(looked.gradient, scale, picture)
        return Losses(content, style, variation), gradient

    def losses(self, picture: torch.Tensor) -> Slices[Losses]:
        losses, _ = yield from self.gradient(picture, Weights(1.0, 1.0, 0.0))
        return losses

    def _look_at(self, picture: torch.Tensor, scale: int, weights: Weights) -> "Slices[_Look]":
        """Forward a stage a slice, then back a stage a slice: each keeps only its own part of the graph."""
        passes: list[tuple[torch.Tensor, torch.Tensor]] = []
        answers = shrunk(picture, scale)
        for stage in self.network.stages:
            with differentiating():
                entered = answers.clone().requires_grad_()
                passes.append((entered, stage(entered)))
            answers = passes[-1][1].detach()
            yield
        content = style = 0.0
        behind: torch.Tensor | None = None
        for number in reversed(range(len(passes))):
            entered, left = passes.pop()
            with differentiating():
                here_content, here_style = self._losses_at(scale, number, left)
                total = weights.content * here_content + weights.style * here_style
                total = total if behind is None else total + (left * behind).sum()
                (behind,) = torch.autograd.grad(total, entered)
            content, style = content + here_content.item(), style + here_style.item()
            yield
        assert behind is not None, "the network has no stages"
        return _Look(content, style, behind)

    def _losses_at(self, scale: int, stage: int, answers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        content = style = answers.sum() * 0
        if (scale, stage) == (self.network.content_scale, self.network.content_stage):
            content = (answers - self.answers).square().mean() / (self.answers.var() + TINY)
        wanted = self.grams.get((scale, stage))
        if wanted is not None:
            style = (gram(answers) - wanted).square().sum() / (wanted.square().sum() + TINY) / len(self.grams)
        return content, style


@dataclass(frozen=True, slots=True)
class _Look:
    content: float
    style: float
    gradient: torch.Tensor


def aim(network: StyleNetwork, content: torch.Tensor, style: torch.Tensor) -> Slices[Target]:
    """`content[1, 3, H, W]` and `style[1, 3, h, w]` in [0, 1]."""
    answers = yield from _answers(network, shrunk(content, network.content_scale))
    grams: dict[tuple[int, int], torch.Tensor] = {}
    for scale in network.scales:
        seen = yield from _answers(network, shrunk(style, scale))
        grams |= {(scale, stage): gram(seen[stage]) for stage in network.style_stages}
    return Target(network, answers[network.content_stage], grams)


def _answers(network: StyleNetwork, picture: torch.Tensor) -> Slices[list[torch.Tensor]]:
    answers = [picture]
    for stage in network.stages:
        with differentiating(), torch.no_grad():
            answers.append(stage(answers[-1].clone()))
        yield
    return answers[1:]


def gram(answers: torch.Tensor) -> torch.Tensor:
    flat = answers[0].flatten(1)
    return flat @ flat.T / flat.shape[1]


def shrunk(picture: torch.Tensor, scale: int) -> torch.Tensor:
    return F.avg_pool2d(picture, scale) if scale > 1 else picture


@contextmanager
def differentiating() -> Iterator[None]:
    """Within one slice: a generator must not leave such a state to whoever runs in between."""
    with torch.inference_mode(False), torch.enable_grad():
        yield


def _spread(gradient: torch.Tensor, scale: int, picture: torch.Tensor) -> torch.Tensor:
    """Back from the shrunk picture: each of its pixels was the mean of scale x scale."""
    if scale == 1:
        return gradient
    spread = F.interpolate(gradient, scale_factor=scale) / scale**2
    return F.pad(spread, (0, picture.shape[3] - spread.shape[3], 0, picture.shape[2] - spread.shape[2]))


def _variation(picture: torch.Tensor) -> tuple[torch.Tensor, float]:
    """Its gradient and itself."""
    with differentiating():
        pixels = picture.clone().requires_grad_()
        across = (pixels[..., 1:] - pixels[..., :-1]).abs().mean()
        down = (pixels[..., 1:, :] - pixels[..., :-1, :]).abs().mean()
        variation = across + down
        (gradient,) = torch.autograd.grad(variation, pixels)
    return gradient, variation.item()
