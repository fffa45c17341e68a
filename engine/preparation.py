"""Lays out what a row's walk begins with: its random numbers, its sampler, its first latents.

Random numbers are drawn in the stock pipelines' order, so that the same seed gives the same picture: the picture's
posterior, the noise, the masked picture's posterior.
"""

from collections.abc import Callable, Sequence
from functools import cache

import torch

from engine.generation import Blend, Row
from engine.pictures import shrink_mask, to_mask_tensor
from engine.pipelines.interface import DrawClean, DrawTold, Pipeline
from engine.protocol import Pixels
from engine.settings import Settings, Start

EncodeImage = Callable[[Pixels], DrawClean]


def prepare_rows(rows: Sequence[Row], pipeline: Pipeline) -> None:
    """What several rows start from is encoded once."""
    settings = rows[0].settings
    draws_told: dict[Start | None, DrawTold | None] = {}

    @cache
    def encode_image(pixels: Pixels) -> DrawClean:
        return pipeline.encode_image(pixels, settings)

    for row in rows:
        start = row.settings.start
        if start not in draws_told:
            draws_told[start] = pipeline.encode_masked(row.settings)
        _prepare_row(row, pipeline, None if start is None else _mean_of(start, encode_image), draws_told[start])


def _prepare_row(row: Row, pipeline: Pipeline, draw_clean: DrawClean | None, draw_told: DrawTold | None) -> None:
    settings, is_told = row.settings, draw_told is not None
    starts_anew = draw_clean is None or (settings.strength == 1.0 and (settings.mask is not None or is_told))
    if is_told and starts_anew:
        draw_clean = None  # it is not even looked at
    row.generator = torch.Generator("cpu").manual_seed(row.seed)
    row.sampler = pipeline.start_sampler(settings)
    row.total_steps = settings.steps_taken(row.sampler.total_steps)
    clean, noise = _draw(row.generator, settings, pipeline, draw_clean)
    noise = _blend_noise(noise, settings, pipeline, draw_clean)
    if draw_told is not None:
        row.told = draw_told(row.generator)
    elif settings.mask is not None and draw_clean is not None and clean is not None:
        draw_clean(row.generator)  # stock draws what is masked for all models, and drops it for those that are not told
        mask = shrink_mask(to_mask_tensor(settings.mask, settings.width, settings.height), tuple(noise.shape[2:]))
        row.blend = Blend(mask.to(pipeline.device), clean, noise)
    if starts_anew or clean is None:
        row.planes = row.sampler.begin_from_noise(noise)
    else:
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
