"""FLUX.1 (dev, schnell and their fine-tunes): T5 and CLIP text encoders, a transformer over 2x2 patches, a VAE.

Loaded by diffusers; drawn in the order of its FluxPipeline, FluxImg2ImgPipeline and FluxInpaintPipeline. Latents are
`[rows, 16, h, w]` everywhere outside `denoise`, as in other families: only the transformer sees patches as a sequence.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy
import torch
from torch import nn

from engine.config import ModelConfig
from engine.limits import STARTS_FROM_REFERENCES, ModelTraits
from engine.model_folder import PARTS, find_model
from engine.pictures import to_pixels_of_each, to_tensor
from engine.pipelines.interface import Conditioning, DrawClean, Tensors, read_parts
from engine.pipelines.stable_diffusion import choose_samplers
from engine.precision import in_float32, is_half
from engine.previews import TinyDecoder, draw_previews, load_preview_decoder
from engine.protocol import Ability, EngineStartError, ModelInfo, Pixels
from engine.samplers import OWN_SAMPLER, Sampler, start_sampler
from engine.settings import Settings

PATCH = 2  # latents a side
ABILITIES = STARTS_FROM_REFERENCES | {Ability.PARTS, Ability.STOP}
TRAIN_TIMESTEPS = 1000  # diffusers counts a flow's time from 0 to 1000, the transformer from 0 to 1

# T5 tokens, padding included: what the models were published with. The padding is not masked, so that another length is
# another picture. Prompts too long for schnell's 256 are read at 512 rather than cut.
TEXT_LENGTHS, TEXT_LENGTHS_OF_FEW_STEPS = (512,), (256, 512)

# Red, green and blue of each latent channel and where they begin, as published by ComfyUI for FLUX.1.
LATENT_RGB_FACTORS = (
    (-0.0346, 0.0244, 0.0681),
    (0.0034, 0.0210, 0.0687),
    (0.0275, -0.0668, -0.0433),
    (-0.0174, 0.0160, 0.0617),
    (0.0859, 0.0721, 0.0329),
    (0.0004, 0.0383, 0.0115),
    (0.0405, 0.0861, 0.0915),
    (-0.0236, -0.0185, -0.0259),
    (-0.0245, 0.0250, 0.1180),
    (0.1008, 0.0755, -0.0421),
    (-0.0515, 0.0201, 0.0011),
    (0.0428, -0.0012, -0.0036),
    (0.0817, 0.0765, 0.0749),
    (-0.1264, -0.0522, -0.1103),
    (-0.0280, -0.0881, -0.0499),
    (-0.1262, -0.0982, -0.0778),
)
LATENT_RGB_BIAS = (-0.0329, -0.0718, -0.0851)


def load(config: ModelConfig, device: torch.device, dtype: torch.dtype, max_pixels: int) -> "Flux":
    components = _load_single_file(config, dtype) if config.source.endswith(".safetensors") else _load(config, dtype)
    if components.transformer.config.in_channels != PATCH**2 * components.vae.config.latent_channels:
        raise EngineStartError(f"{config.source} is a FLUX model for filling or control; choose dev or schnell")
    if dtype is torch.float16:
        for part in (components.text_encoder, components.text_encoder_2, components.vae):
            part.to(torch.float32)  # their activations overflow in float16
    preview_decoder = load_preview_decoder(config, components.vae.config.latent_channels, device, dtype)
    return Flux(_read_traits(config, components, max_pixels), device, components.to(device), preview_decoder)


def _load(config: ModelConfig, dtype: torch.dtype) -> Any:
    from diffusers import FluxPipeline

    return FluxPipeline.from_pretrained(find_model(config.source, PARTS["flux"]), dtype=dtype, use_safetensors=True)


def _load_single_file(config: ModelConfig, dtype: torch.dtype) -> Any:
    """Such a file holds the transformer; everything else comes from the model it was made from."""
    from diffusers import FluxPipeline, FluxTransformer2DModel

    source = find_model(config.source, PARTS["flux"])
    if not config.base:
        raise EngineStartError(f"{config.source} holds a transformer only; name the folder or id of its model as base")
    others = tuple(part for part in PARTS["flux"] if part != "transformer")
    base = find_model(config.base, others, described=("transformer",))
    transformer = FluxTransformer2DModel.from_single_file(source, config=base, subfolder="transformer", dtype=dtype)
    return FluxPipeline.from_pretrained(base, transformer=transformer, dtype=dtype, use_safetensors=True)


def _read_traits(config: ModelConfig, components: Any, max_pixels: int) -> ModelTraits:
    """Dev was distilled on guidance and takes it as a number; schnell needs none. A model that does not take it, but is
    configured with a scale above 1, is guided by an unconditional half.
    """
    takes_guidance = components.transformer.config.guidance_embeds
    guidance_scale = (3.5 if takes_guidance else 1.0) if config.guidance_scale is None else config.guidance_scale
    is_guided = takes_guidance or guidance_scale > 1
    native = components.default_sample_size * components.vae_scale_factor
    info = ModelInfo(
        name=config.name,
        family=config.family,
        width=config.width or native,
        height=config.height or native,
        steps=config.steps or (28 if takes_guidance else 4),
        supports_negative_prompt=not takes_guidance and guidance_scale > 1,
        guidance_scale=guidance_scale if is_guided else None,
        max_pixels=max_pixels,
        abilities=ABILITIES | ({Ability.GUIDANCE_PER_ROW} if is_guided else set()),
    )
    return ModelTraits(
        info,
        choose_samplers(config, (OWN_SAMPLER,)),
        guidance_scale,
        size_multiple=components.vae_scale_factor * PATCH,
        max_pixels=max_pixels,
        reads_guidance=takes_guidance,
    )


@dataclass(frozen=True, slots=True)
class Flux:
    traits: ModelTraits
    device: torch.device
    components: Any
    preview_decoder: TinyDecoder | None = None

    @property
    def networks(self) -> tuple[nn.Module, ...]:
        parts = self.components
        return (parts.transformer, parts.vae, parts.text_encoder, parts.text_encoder_2)

    def text_length(self, settings: Settings) -> int:
        lengths = TEXT_LENGTHS if self.traits.reads_guidance else TEXT_LENGTHS_OF_FEW_STEPS
        needed = self._count_tokens(*settings.texts)
        if self.traits.info.supports_negative_prompt:
            needed = max(needed, self._count_tokens(settings.negative_prompt))
        return next((length for length in lengths if length >= needed), lengths[-1])

    def _count_tokens(self, *texts: str) -> int:
        """Of the longest."""
        return max(len(self.components.tokenizer_2(text).input_ids) for text in texts)

    def _is_guided(self, settings: Settings) -> bool:
        """By an unconditional half."""
        return self.traits.info.supports_negative_prompt and settings.guidance_scale > 1

    def encode(self, settings: Settings) -> Conditioning:
        length = self.text_length(settings)
        positive = dict(read_parts(settings, lambda text: self._read(text, length)))
        if self.traits.reads_guidance:
            positive["guidance"] = torch.tensor([settings.guidance_scale], device=self.device)
        negative = self._read(settings.negative_prompt, length) if self._is_guided(settings) else None
        return Conditioning(positive, negative, self._notes(settings, length))

    def _notes(self, settings: Settings, length: int) -> tuple[str, ...]:
        notes, needed = [], self._count_tokens(*settings.texts)
        if needed > length:
            notes.append(f"The prompt has {needed} tokens; this model reads the first {length}.")
        if settings.guidance_scale > 1 and self.traits.info.guidance_scale is None:
            notes.append(f"{self.traits.info.name} is not guided; the guidance scale was ignored.")
        return tuple(notes)

    def _read(self, text: str, length: int) -> Tensors:
        embeds, pooled, _ = self.components.encode_prompt(text, device=self.device, max_sequence_length=length)
        return {"prompt_embeds": embeds, "pooled": pooled}

    def start_sampler(self, settings: Settings) -> Sampler:
        """Larger pictures need more of their steps at high noise: the shift grows with their number of patches."""
        from diffusers.pipelines.flux.pipeline_flux import calculate_shift

        noise_scheduler = self.components.scheduler
        _, height, width = self.latent_shape(settings)
        shift = {
            name: noise_scheduler.config.get(key, usual)
            for name, key, usual in (
                ("base_seq_len", "base_image_seq_len", 256),
                ("max_seq_len", "max_image_seq_len", 4096),
                ("base_shift", "base_shift", 0.5),
                ("max_shift", "max_shift", 1.15),
            )
        }
        mu = calculate_shift(height // PATCH * (width // PATCH), **shift)
        sigmas = tuple(numpy.linspace(1.0, 1 / settings.steps, settings.steps).tolist())
        return start_sampler(noise_scheduler, settings.steps, settings.strength, rounds_up=True, sigmas=sigmas, mu=mu)

    def latent_shape(self, settings: Settings) -> tuple[int, int, int]:
        scale = self.components.vae_scale_factor
        return self.components.vae.config.latent_channels, settings.height // scale, settings.width // scale

    def encode_image(self, pixels: Pixels, settings: Settings) -> DrawClean:
        vae = self.components.vae
        picture = to_tensor(pixels, settings.width, settings.height)
        posterior = vae.encode(picture.to(self.device, vae.dtype)).latent_dist
        shift, scale = vae.config.shift_factor, vae.config.scaling_factor
        return lambda generator: (posterior.sample(generator).float() - shift) * scale

    def encode_masked(self, _settings: Settings) -> None:
        return None

    def denoise(self, latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors) -> torch.Tensor:
        transformer = self.components.transformer
        height, width = latents.shape[2:]
        text = conditioning["prompt_embeds"]
        noise_pred = transformer(
            hidden_states=to_patches(latents.to(transformer.dtype)),
            timestep=timesteps / TRAIN_TIMESTEPS,
            guidance=conditioning.get("guidance"),
            pooled_projections=conditioning["pooled"].to(transformer.dtype),
            encoder_hidden_states=text.to(transformer.dtype),
            txt_ids=_text_ids(text.shape[1], self.device),
            img_ids=_image_ids(height // PATCH, width // PATCH, self.device),
            return_dict=False,
        )[0]
        return from_patches(noise_pred, height, width)

    def previews(self, clean_latents: torch.Tensor) -> tuple[Pixels, ...]:
        return draw_previews(clean_latents, self.preview_decoder, LATENT_RGB_FACTORS, LATENT_RGB_BIAS)

    def full_precision(self) -> AbstractContextManager[None] | None:
        return in_float32(self.networks) if is_half(self.components.transformer) else None

    def tiling(self) -> AbstractContextManager["Flux"]:
        """Patches know their places on the canvas, so there is always an edge."""
        raise NotImplementedError

    def decode(self, latents: torch.Tensor) -> tuple[Pixels, ...]:
        vae = self.components.vae
        unscaled = latents / vae.config.scaling_factor + vae.config.shift_factor
        pictures = vae.decode(unscaled.to(vae.dtype), return_dict=False)[0]
        return to_pixels_of_each(pictures)


def to_patches(latents: torch.Tensor) -> torch.Tensor:
    """`[rows, C, h, w]` to `[rows, h/2 * w/2, 4C]`: a patch is one token, its channels outermost."""
    rows, channels, height, width = latents.shape
    patches = latents.reshape(rows, channels, height // PATCH, PATCH, width // PATCH, PATCH)
    return patches.permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2)


def from_patches(tokens: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """The way back, to `height` and `width` in latents."""
    patches = tokens.view(len(tokens), height // PATCH, width // PATCH, -1, PATCH, PATCH)
    return patches.permute(0, 3, 1, 4, 2, 5).flatten(4).flatten(2, 3)


@lru_cache(maxsize=64)
def _image_ids(height: int, width: int, device: torch.device) -> torch.Tensor:
    """`[height * width, 3]`: where each patch stands, in rows and columns. All rows of a batch share them."""
    rows, columns = torch.meshgrid(*(torch.arange(side, device=device) for side in (height, width)), indexing="ij")
    return torch.stack([torch.zeros_like(rows), rows, columns], dim=-1).flatten(0, 1).float()


@lru_cache(maxsize=8)
def _text_ids(length: int, device: torch.device) -> torch.Tensor:
    """Words stand nowhere."""
    return torch.zeros(length, 3, device=device)
