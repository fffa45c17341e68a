"""Lays out what a row's walk begins with: its random numbers, its sampler, its first latents.

Random numbers are drawn in the stock pipelines' order, so that the same seed gives the same picture: a picture's
posterior first, then the noise.
"""

from collections.abc import Callable, Sequence
from functools import cache

import torch

from engine.generation import Blend, Row
from engine.pictures import to_mask_tensor
from engine.pipelines.interface import DrawClean, Pipeline
from engine.protocol import Pixels
from engine.settings import Settings, Start

EncodeImage = Callable[[Pixels], DrawClean]


def prepare_rows(rows: Sequence[Row], pipeline: Pipeline) -> None:
    """A picture that several rows start from is encoded once."""
    settings = rows[0].settings

    @cache
    def encode_image(pixels: Pixels) -> DrawClean:
        return pipeline.encode_image(pixels, settings)

    for row in rows:
        _prepare_row(row, pipeline, encode_image)


def _prepare_row(row: Row, pipeline: Pipeline, encode_image: EncodeImage) -> None:
    settings = row.settings
    row.generator = torch.Generator("cpu").manual_seed(row.seed)
    row.sampler = pipeline.start_sampler(settings)
    row.total_steps = settings.steps_taken(row.sampler.total_steps)
    draw_clean = None if settings.start is None else _mean_of(settings.start, encode_image)
    clean, noise = _draw(row.generator, settings, pipeline, draw_clean)
    noise = _blend_noise(noise, settings, pipeline, draw_clean)
    if clean is None or draw_clean is None:
        row.planes = row.sampler.begin_from_noise(noise)
        return
    if settings.mask is not None:
        draw_clean(row.generator)  # stock draws the masked picture's posterior too, and drops it for models like these
        size, latent_size = (settings.width, settings.height), (noise.shape[2], noise.shape[3])
        row.blend = Blend(to_mask_tensor(settings.mask, size, latent_size).to(pipeline.device), clean, noise)
        if settings.strength == 1.0:
            row.planes = row.sampler.begin_from_noise(noise)
            return
    row.planes = row.sampler.begin_from_clean(clean, noise)


def _mean_of(start: Start, encode_image: EncodeImage) -> DrawClean:
    """Of several pictures, the weighted mean of their latents."""
    draws = [encode_image(pixels) for pixels in start.pictures]
    if len(draws) == 1:
        return draws[0]
    return lambda generator: torch.stack(
        [weight * draw(generator) for draw, weight in zip(draws, start.weights, strict=True)]
    ).sum(dim=0)


def _draw(
    generator: torch.Generator, settings: Settings, pipeline: Pipeline, draw_clean: DrawClean | None
) -> tuple[torch.Tensor | None, torch.Tensor]:
    """The clean latents, if the walk starts from any, and the first noise."""
    clean = draw_clean(generator) if draw_clean else None
    return clean, torch.randn(1, *pipeline.latent_shape(settings), generator=generator).to(pipeline.device)


def _blend_noise(
    noise: torch.Tensor, settings: Settings, pipeline: Pipeline, draw_clean: DrawClean | None
) -> torch.Tensor:
    """Turned towards what a row of the other seed would begin with."""
    if settings.noise_blend is None:
        return noise
    other = torch.Generator("cpu").manual_seed(settings.noise_blend.seed)
    _, target = _draw(other, settings, pipeline, draw_clean)
    return turned(noise, target, settings.noise_blend.share)


def turned(noise: torch.Tensor, target: torch.Tensor, share: float) -> torch.Tensor:
    """Spherical interpolation: unlike a plain mean, what lies between is as strong as noise has to be."""
    cosine = torch.nn.functional.cosine_similarity(noise.flatten(), target.flatten(), dim=0)
    angle = torch.acos(cosine.clamp(-1, 1))
    if angle.sin() < 1e-4:  # the same noise
        return noise
    return (torch.sin((1 - share) * angle) * noise + torch.sin(share * angle) * target) / angle.sin()
