"""Small pictures of rows that are not finished: by a tiny decoder if the operator named one, else by a linear map from
latent channels to colours. Knows nothing of when a preview is due.
"""

import logging
import textwrap
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn import functional as F

from engine.config import ModelConfig
from engine.model_folder import check_part
from engine.pictures import to_pixels_of_each
from engine.protocol import EngineStartError, Pixels

log = logging.getLogger(__name__)

LONGEST_SIDE = 256  # pixels; a preview is looked at for a second, beside three others

RgbFactors = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class TinyDecoder:
    """TAESD and its kin: diffusers' AutoencoderTiny, trained to show the latents of one family of models."""

    network: Any

    def draw(self, clean_latents: torch.Tensor) -> tuple[Pixels, ...]:
        """The latents are known to be finite; what overflows in here is shown as grey."""
        config = self.network.config
        latents = clean_latents / config.scaling_factor + config.shift_factor
        picture = self.network.decode(latents.to(self.network.dtype), return_dict=False)[0].float()
        height, width = picture.shape[2:]
        shrink = max(1.0, max(height, width) / LONGEST_SIDE)
        size = (max(1, round(height / shrink)), max(1, round(width / shrink)))
        return to_pixels_of_each(torch.nan_to_num(F.interpolate(picture, size=size, mode="area")))


def load_preview_decoder(
    config: ModelConfig, latent_channels: int, device: torch.device, dtype: torch.dtype
) -> TinyDecoder | None:
    """None if the model's configuration names none. Raises `EngineStartError`."""
    source = config.preview_decoder
    if not source:
        return None
    from diffusers import AutoencoderTiny

    check_part(source)
    try:
        described = AutoencoderTiny.load_config(source)
        _check_described(described, config, latent_channels)
        network = AutoencoderTiny.from_pretrained(source, dtype=dtype, use_safetensors=True)
    except (OSError, ValueError, RuntimeError, KeyError) as error:  # diffusers, safetensors and the hub raise these
        gist = textwrap.shorten(str(error), 300)
        raise EngineStartError(f"model {config.name}: its preview decoder {source} cannot be loaded: {gist}") from error
    return TinyDecoder(network.to(device).eval())


def _check_described(described: Any, config: ModelConfig, latent_channels: int) -> None:
    """diffusers would load other networks too, and leave what it does not find at random."""
    kind, channels = described.get("_class_name"), described.get("latent_channels", 4)
    if kind != "AutoencoderTiny":
        raise EngineStartError(
            f"model {config.name}: its preview decoder {config.preview_decoder} is a {kind}; choose an AutoencoderTiny"
        )
    if channels != latent_channels:
        raise EngineStartError(
            f"model {config.name} has latents of {latent_channels} channels, its preview decoder "
            f"{config.preview_decoder} shows {channels}; choose the decoder made for this family"
        )


def draw_previews(
    clean_latents: torch.Tensor,
    decoder: TinyDecoder | None,
    rgb_factors: RgbFactors,
    rgb_bias: tuple[float, float, float] = (0.0, 0.0, 0.0),
) -> tuple[Pixels, ...]:
    """Without a decoder, one pixel a latent."""
    if decoder is not None:
        return decoder.draw(clean_latents)
    factors, bias = (torch.tensor(values, device=clean_latents.device) for values in (rgb_factors, rgb_bias))
    return to_pixels_of_each(torch.einsum("bchw,cr->brhw", clean_latents.float(), factors) + bias.view(3, 1, 1))
