"""Stable Diffusion XL (base, Turbo, Lightning, LCM): two CLIP text encoders, a UNet told of sizes, a VAE.

Loaded by diffusers; drawn in the order of its StableDiffusionXLPipeline, StableDiffusionXLImg2ImgPipeline and
StableDiffusionXLInpaintPipeline, the last also for fine-tunes with 9 channels.
Refiners, which expect an aesthetic score, are not of this family.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from engine.config import ModelConfig
from engine.limits import ModelTraits
from engine.model_folder import PARTS, find_model
from engine.pictures import to_pixels_of_each, to_tensor
from engine.pipelines.image_adapter import ImageAdapter, load_image_adapter, read_references, told_of_pictures
from engine.pipelines.interface import Conditioning, DrawClean, DrawTold, Tensors, read_parts
from engine.pipelines.stable_diffusion import (
    beside_masked,
    check_channels,
    encode_masked,
    note_truncation,
    read_traits,
)
from engine.precision import in_float32, is_half
from engine.previews import TinyDecoder, draw_previews, load_preview_decoder
from engine.protocol import EngineStartError, Pixels
from engine.samplers import Sampler, sampler_from
from engine.settings import Settings
from engine.tiling import wrapping_around

# Red, green and blue of each latent channel, as published for SDXL by StAlKeR7779.
LATENT_RGB_FACTORS = (
    (0.3816, 0.4930, 0.5320),
    (-0.3753, 0.1631, 0.1739),
    (0.1770, 0.3588, -0.2048),
    (-0.4350, -0.2644, -0.4289),
)


def load(config: ModelConfig, device: torch.device, dtype: torch.dtype, max_pixels: int) -> "StableDiffusionXL":
    from diffusers import StableDiffusionXLPipeline

    source = find_model(config.source, PARTS["sdxl"])
    if source.endswith(".safetensors"):
        components = StableDiffusionXLPipeline.from_single_file(
            source,
            config=find_model(config.base, (), PARTS["sdxl"]) if config.base else None,
            dtype=dtype,
            add_watermarker=False,
        )
    else:
        components = StableDiffusionXLPipeline.from_pretrained(
            source, dtype=dtype, use_safetensors=True, add_watermarker=False
        )
    if components.text_encoder is None or components.config.get("requires_aesthetics_score", False):
        raise EngineStartError(f"{config.source} is an SDXL refiner; choose the base model")
    check_channels(config, components)
    components.to(device)
    if dtype is torch.float16 and components.vae.config.force_upcast:
        components.vae.to(torch.float32)  # this VAE overflows in float16 and draws black
    preview_decoder = load_preview_decoder(config, components.vae.config.latent_channels, device, dtype)
    image_adapter = load_image_adapter(config, components, device)
    traits = read_traits(config, components, max_pixels)
    return StableDiffusionXL(traits, device, components, preview_decoder, image_adapter)


@dataclass(frozen=True, slots=True)
class StableDiffusionXL:
    traits: ModelTraits
    device: torch.device
    components: Any
    preview_decoder: TinyDecoder | None = None
    image_adapter: ImageAdapter | None = None

    @property
    def networks(self) -> tuple[nn.Module, ...]:
        parts = self.components
        seeing = () if self.image_adapter is None else (parts.image_encoder,)
        return (parts.unet, parts.vae, parts.text_encoder, parts.text_encoder_2, *seeing)

    def text_length(self, _settings: Settings) -> int:
        return 0

    def encode(self, settings: Settings) -> Conditioning:
        """No negative prompt is passed on as None: the model's own configuration then decides on zeros."""
        own = {"time_ids": self._time_ids(settings)}
        if self.traits.reads_guidance:
            own["timestep_cond"] = self._guidance_embedding(settings.guidance_scale)
        seen, unseen = read_references(self.image_adapter, settings)
        positive = {**read_parts(settings, self._read), **own, **seen}
        is_guided = settings.guidance_scale > 1 and not self.traits.reads_guidance
        negative = {**self._read_negative(settings), **own, **unseen} if is_guided else None
        return Conditioning(positive, negative, note_truncation(self.components.tokenizer, settings))

    def _read(self, text: str) -> Tensors:
        embeds, _, pooled, _ = self.components.encode_prompt(
            prompt=text, device=self.device, do_classifier_free_guidance=False
        )
        return {"prompt_embeds": embeds, "text_embeds": pooled}

    def _read_negative(self, settings: Settings) -> Tensors:
        _, embeds, _, pooled = self.components.encode_prompt(
            prompt="", device=self.device, negative_prompt=settings.negative_prompt or None
        )
        return {"prompt_embeds": embeds, "text_embeds": pooled}

    def _time_ids(self, settings: Settings) -> torch.Tensor:
        """Original size, crop corner and target size, each as (height, width) and (top, left)."""
        size = [settings.height, settings.width]
        return torch.tensor([[*size, 0, 0, *size]], dtype=self.components.unet.dtype, device=self.device)

    def _guidance_embedding(self, guidance_scale: float) -> torch.Tensor:
        unet = self.components.unet
        return self.components.get_guidance_scale_embedding(
            torch.tensor([guidance_scale - 1]), embedding_dim=unet.config.time_cond_proj_dim
        ).to(self.device, unet.dtype)

    def start_sampler(self, settings: Settings) -> Sampler:
        return sampler_from(self.components.scheduler, settings.sampler, settings.steps, settings.strength)

    def latent_shape(self, settings: Settings) -> tuple[int, int, int]:
        scale = self.components.vae_scale_factor
        return self.components.vae.config.latent_channels, settings.height // scale, settings.width // scale

    def encode_image(self, pixels: Pixels, settings: Settings) -> DrawClean:
        vae = self.components.vae
        picture = to_tensor(pixels, settings.width, settings.height)
        posterior = vae.encode(picture.to(self.device, vae.dtype)).latent_dist
        mean, std = self._latent_statistics()
        scale = vae.config.scaling_factor / std
        return lambda generator: (posterior.sample(generator).float() - mean) * scale

    def encode_masked(self, settings: Settings) -> DrawTold | None:
        return encode_masked(self.components, settings, self.device)

    def denoise(self, latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors) -> torch.Tensor:
        unet = self.components.unet
        seen, how_loudly = told_of_pictures(latents, conditioning)
        return unet(
            beside_masked(latents, conditioning).to(unet.dtype),
            timesteps,
            encoder_hidden_states=conditioning["prompt_embeds"],
            timestep_cond=conditioning.get("timestep_cond"),
            added_cond_kwargs={name: conditioning[name] for name in ("text_embeds", "time_ids")} | seen,
            cross_attention_kwargs=how_loudly,
            return_dict=False,
        )[0]

    def previews(self, clean_latents: torch.Tensor) -> tuple[Pixels, ...]:
        return draw_previews(clean_latents, self.preview_decoder, LATENT_RGB_FACTORS)

    def full_precision(self) -> AbstractContextManager[None] | None:
        return in_float32(self.networks) if is_half(self.components.unet) else None

    @contextmanager
    def tiling(self) -> Iterator["StableDiffusionXL"]:
        """Attention here knows no places, so that with wrapped convolutions no place is an edge."""
        with wrapping_around((self.components.unet, self.components.vae)):
            yield self

    def decode(self, latents: torch.Tensor) -> tuple[Pixels, ...]:
        vae = self.components.vae
        mean, std = self._latent_statistics()
        unscaled = latents * std / vae.config.scaling_factor + mean
        pictures = vae.decode(unscaled.to(vae.dtype), return_dict=False)[0]
        return to_pixels_of_each(pictures)

    def _latent_statistics(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and deviation per channel, for the fine-tunes whose VAE states them."""
        config = self.components.vae.config
        mean, std = getattr(config, "latents_mean", None), getattr(config, "latents_std", None)
        if mean is None or std is None:
            return torch.zeros(1, device=self.device), torch.ones(1, device=self.device)
        shape = (1, -1, 1, 1)
        return torch.tensor(mean, device=self.device).view(shape), torch.tensor(std, device=self.device).view(shape)
