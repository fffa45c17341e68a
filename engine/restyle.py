"""Draws one picture in the manner of another: quickly by statistics, or slowly by optimising the pixels.

Works at a bounded size and enlarges the result to the content's own. In slices of a layer.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch
from torch.nn import functional as F

from engine.limits import InvalidRequest, check_between
from engine.pictures import to_pixels, to_tensor
from engine.protocol import Finished, Pixels, Progress, RestyleRequest, Started
from engine.slices import Slices, Work
from engine.style_losses import Target, Weights, aim
from engine.style_network import StyleNetwork
from engine.style_statistics import transfer
from engine.tasks import Effort
from engine.upscale import SCALE, Upscaler

MAX_STEPS = 1000
CPU_SIDE, GPU_SIDE = 256, 768  # the longer edge while working
STAGES = ((4, 0.4), (2, 0.35), (1, 0.25))
"""The picture is optimised at a quarter of its size for a share of the steps, then at a half, then in full."""
SMALLEST_SIDE = 48
SMALLEST_EDGE = 16  # of a picture: the networks halve it four times
LEARNING_RATE = 0.03
CONTENT_WEIGHT = 1.0  # at strength 1/2; more of it below, less above
VARIATION_WEIGHT = 0.03
SMALLEST_LOSS = 1e-3
SHINES_THROUGH = 0.5  # below this strength the content does, because few steps forget it anyway


@dataclass(frozen=True, slots=True)
class StyleTools:
    """`fast` and `slow` are networks; `upscaler` enlarges results, and is asked for only when one is too small."""

    fast: StyleNetwork
    slow: StyleNetwork
    upscaler: Callable[[], Upscaler]


def check_restyle(request: RestyleRequest) -> None:
    """Raises `InvalidRequest`."""
    for name, picture in (("content", request.content), ("style", request.style)):
        if min(picture.width, picture.height) < SMALLEST_EDGE:
            raise InvalidRequest(
                f"the {name} picture is {picture.width}x{picture.height}; {SMALLEST_EDGE} pixels is the least"
            )
        if max(picture.width, picture.height) > 16 * min(picture.width, picture.height):
            raise InvalidRequest(f"the {name} picture is {picture.width}x{picture.height}, which is too long and thin")
    check_between("strength", request.strength, 0, 1)
    check_between("steps", request.steps, 0, MAX_STEPS)


def restyle(request: RestyleRequest, tools: StyleTools, effort: Effort) -> Work:
    """`steps` 0 is one fast pass, which counts as one step."""
    device = tools.slow.device
    side = (CPU_SIDE if device.type == "cpu" else GPU_SIDE) >> effort.halvings
    content = _to_tensor(request.content, side, device)
    style = _to_tensor(request.style, max(content.shape[2:]), device)
    yield Started(max(1, request.steps))
    if request.strength == 0:
        picture = content
    elif request.steps == 0:
        picture = yield from transfer(tools.fast, *_plain(request, content, style), request.strength)
        yield Progress(1, 1)
    else:
        picture = yield from _optimise(request, tools.slow, content, style)
    full = yield from _enlarged(picture, request.content, tools, effort)
    if request.keeps_colours:
        height, width = full.shape[2:]
        full = _with_colours_of(_at_size(request.content, height, width, device), full)
    return Finished((to_pixels(full * 2 - 1),), 0.0)


def _optimise(
    request: RestyleRequest, network: StyleNetwork, content: torch.Tensor, style: torch.Tensor
) -> Generator[Progress | None, None, torch.Tensor]:
    """Adam on the pixels, coarse to fine: what is wide is settled where it is cheap."""
    picture, done = content, 0
    for shrink, steps in _plan(request.steps, min(*content.shape[2:], *style.shape[2:])):
        seen, manner = _resized(content, shrink), _resized(style, shrink)
        seen_plain, manner_plain = _plain(request, seen, manner)
        target = yield from aim(network, seen_plain, manner_plain)
        weights = yield from _weights(target, seen_plain, manner_plain, request.strength)
        picture = F.interpolate(picture, seen.shape[2:], mode="bicubic", antialias=True).clamp(0, 1)
        walk = _Adam(picture)
        for _ in range(steps):
            _, gradient = yield from target.gradient(walk.picture, weights)
            walk.step(gradient)
            done += 1
            yield Progress(done, request.steps, _previews(request, done, walk.picture, seen))
        picture = walk.picture
    return content.lerp(picture, min(1.0, request.strength / SHINES_THROUGH))


def _weights(target: Target, content: torch.Tensor, style: torch.Tensor, strength: float) -> Slices[Weights]:
    """So that 1 is the style loss of the content picture, and the content loss of the style picture: a faint style does
    not drown what is shown.
    """
    near = yield from target.losses(content)
    far = yield from target.losses(F.interpolate(style, content.shape[2:], mode="bilinear"))
    content_weight = CONTENT_WEIGHT * (1 / strength - 1) / max(far.content, SMALLEST_LOSS)
    return Weights(content_weight, 1 / max(near.style, SMALLEST_LOSS), VARIATION_WEIGHT)


class _Adam:
    """Kingma and Ba 2015, on one picture that stays in [0, 1]."""

    def __init__(self, picture: torch.Tensor) -> None:
        self.picture = picture
        self._mean = torch.zeros_like(picture)
        self._square = torch.zeros_like(picture)
        self._steps = 0

    def step(self, gradient: torch.Tensor) -> None:
        self._steps += 1
        self._mean = self._mean.lerp(gradient, 0.1)
        self._square = self._square.lerp(gradient.square(), 0.001)
        mean = self._mean / (1 - 0.9**self._steps)
        square = self._square / (1 - 0.999**self._steps)
        self.picture = (self.picture - LEARNING_RATE * mean / (square.sqrt() + 1e-8)).clamp(0, 1)


def _plan(steps: int, side: int) -> list[tuple[int, int]]:
    """(how many times smaller, steps there), without sizes that would be too small; each step is somewhere."""
    stages = [(shrink, share) for shrink, share in STAGES if shrink == 1 or side // shrink >= SMALLEST_SIDE]
    total = sum(share for _, share in stages)
    counts = [int(steps * share / total) for _, share in stages]
    counts[-1] += steps - sum(counts)
    return [(shrink, count) for (shrink, _), count in zip(stages, counts, strict=True) if count]


def _previews(request: RestyleRequest, done: int, picture: torch.Tensor, content: torch.Tensor) -> tuple[Pixels, ...]:
    if not request.preview_every or done % request.preview_every or done == request.steps:
        return ()
    shown = _with_colours_of(content, picture) if request.keeps_colours else picture
    return (to_pixels(shown * 2 - 1),)


def _plain(request: RestyleRequest, content: torch.Tensor, style: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Both in grey, the style as bright and as rich in contrast as the content, where colours are to stay."""
    if not request.keeps_colours:
        return content, style
    content, style = _brightness(content), _brightness(style)
    matched = (style - style.mean()) / (style.std() + 1e-6) * content.std() + content.mean()
    return content.repeat(1, 3, 1, 1), matched.repeat(1, 3, 1, 1)


def _brightness(picture: torch.Tensor) -> torch.Tensor:
    """`[1, 1, H, W]`: the Y of YIQ."""
    weights = picture.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    return (picture * weights).sum(dim=1, keepdim=True)


def _with_colours_of(content: torch.Tensor, picture: torch.Tensor) -> torch.Tensor:
    """Its brightness, the content's I and Q of YIQ; each of red, green and blue moves by the same step."""
    return (content + _brightness(picture) - _brightness(content)).clamp(0, 1)


def _enlarged(picture: torch.Tensor, content: Pixels, tools: StyleTools, effort: Effort) -> Slices[torch.Tensor]:
    """To the content's own size, at most four times the size it was worked at."""
    size = _size_within(content, max(picture.shape[2:]) * SCALE)
    if max(size) > max(picture.shape[2:]):
        picture = yield from tools.upscaler().eased(effort).in_tiles(picture, SCALE)
    return F.interpolate(picture.float(), size, mode="bicubic", antialias=True).clamp(0, 1)


def _resized(picture: torch.Tensor, shrink: int) -> torch.Tensor:
    height, width = picture.shape[2:]
    return F.interpolate(picture, (height // shrink, width // shrink), mode="bicubic", antialias=True).clamp(0, 1)


def _to_tensor(pixels: Pixels, longest: int, device: torch.device) -> torch.Tensor:
    """`[1, 3, H, W]` in [0, 1], as `_size_within` says."""
    return _at_size(pixels, *_size_within(pixels, longest), device)


def _at_size(pixels: Pixels, height: int, width: int, device: torch.device) -> torch.Tensor:
    """`[1, 3, height, width]` in [0, 1]."""
    return ((to_tensor(pixels, width, height) + 1) / 2).to(device)


def _size_within(pixels: Pixels, longest: int) -> tuple[int, int]:
    """Height and width in its shape: the longer edge at most so long, unless too little is left of the shorter."""
    edges = pixels.height, pixels.width
    scale = min(1.0, max(longest / max(edges), SMALLEST_EDGE / min(edges)))
    return round(pixels.height * scale), round(pixels.width * scale)
