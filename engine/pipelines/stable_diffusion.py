"""Stable Diffusion 1.x and 2.x, with epsilon or v-prediction: a CLIP text encoder, a UNet and a VAE.

Loaded by diffusers; drawn in the order of its StableDiffusionPipeline and StableDiffusionImg2ImgPipeline, so that the
same seed gives the same picture. Fine-tunes for inpainting, which see mask and masked picture beside the latents (9
channels), are drawn as StableDiffusionInpaintPipeline does; without a mask they redraw everything.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from engine.config import ModelConfig
from engine.limits import STARTS_FROM_REFERENCES, ModelTraits
from engine.model_folder import PARTS, find_model
from engine.pictures import shrink_mask, to_mask_tensor, to_pixels_of_each, to_tensor
from engine.pipelines.image_adapter import ImageAdapter, load_image_adapter, read_references, told_of_pictures
from engine.pipelines.interface import Conditioning, DrawClean, DrawTold, Tensors, read_parts
from engine.precision import in_float32, is_half
from engine.previews import TinyDecoder, draw_previews, load_preview_decoder
from engine.protocol import Ability, EngineStartError, ModelInfo, Pixels
from engine.samplers import OWN_SAMPLER, SAMPLERS, Sampler, sampler_from
from engine.settings import Settings
from engine.tiling import wrapping_around

ABILITIES = STARTS_FROM_REFERENCES | {Ability.PARTS, Ability.STOP, Ability.TILE}

# Red, green and blue of each latent channel, as published on the Hugging Face forum by torridgristle.
LATENT_RGB_FACTORS = (
    (0.3444, 0.1385, 0.0670),
    (0.1247, 0.4027, 0.1494),
    (-0.3192, 0.2513, 0.2103),
    (-0.1307, -0.1874, -0.7445),
)


def load(config: ModelConfig, device: torch.device, dtype: torch.dtype, max_pixels: int) -> "StableDiffusion":
    from diffusers import StableDiffusionPipeline

    source = find_model(config.source, PARTS["stable-diffusion"])
    if source.endswith(".safetensors"):
        components = StableDiffusionPipeline.from_single_file(
            source,
            config=find_model(config.base, (), PARTS["stable-diffusion"]) if config.base else None,
            dtype=dtype,
            safety_checker=None,
            requires_safety_checker=False,
        )
    else:
        components = StableDiffusionPipeline.from_pretrained(
            source,
            dtype=dtype,
            use_safetensors=True,
            safety_checker=None,
            feature_extractor=None,
            requires_safety_checker=False,
        )
    check_channels(config, components)
    preview_decoder = load_preview_decoder(config, components.vae.config.latent_channels, device, dtype)
    components.to(device)
    image_adapter = load_image_adapter(config, components, device)
    traits = read_traits(config, components, max_pixels)
    return StableDiffusion(traits, device, components, preview_decoder, image_adapter)


def check_channels(config: ModelConfig, components: Any) -> None:
    channels, latents = components.unet.config.in_channels, components.vae.config.latent_channels
    if channels not in (latents, 2 * latents + 1):
        raise EngineStartError(
            f"{config.source} is made for another purpose (its denoiser has {channels} channels); "
            "choose a model that draws from words, or one for inpainting"
        )


def read_traits(config: ModelConfig, components: Any, max_pixels: int) -> ModelTraits:
    """What the saved model says of itself, unless the operator said otherwise."""
    multiple = components.vae_scale_factor
    native = components.unet.config.sample_size * multiple
    reads_guidance = components.unet.config.time_cond_proj_dim is not None
    guidance_scale = 7.0 if config.guidance_scale is None else config.guidance_scale
    info = ModelInfo(
        name=config.name,
        family=config.family,
        width=config.width or native,
        height=config.height or native,
        steps=config.steps or 30,
        supports_negative_prompt=not reads_guidance,
        guidance_scale=guidance_scale if guidance_scale > 1 else None,
        max_pixels=max_pixels,
        abilities=ABILITIES
        | ({Ability.GUIDANCE_PER_ROW} if guidance_scale > 1 else set())
        | ({Ability.STYLE_REFERENCE} if config.image_adapter else set()),
    )
    return ModelTraits(
        info,
        choose_samplers(config, (OWN_SAMPLER, *SAMPLERS)),
        guidance_scale,
        size_multiple=multiple,
        max_pixels=max_pixels,
        reads_guidance=reads_guidance,
        reads_references=bool(config.image_adapter),
    )


def choose_samplers(config: ModelConfig, samplers: tuple[str, ...]) -> tuple[str, ...]:
    """The operator's choice first."""
    if config.sampler is None:
        return samplers
    if config.sampler not in samplers:
        raise EngineStartError(
            f"model {config.name}: there is no sampler {config.sampler!r}; choose from {', '.join(samplers)}"
        )
    return config.sampler, *(name for name in samplers if name != config.sampler)


@dataclass(frozen=True, slots=True)
class StableDiffusion:
    traits: ModelTraits
    device: torch.device
    components: Any
    preview_decoder: TinyDecoder | None = None
    image_adapter: ImageAdapter | None = None

    @property
    def networks(self) -> tuple[nn.Module, ...]:
        parts = self.components
        seeing = () if self.image_adapter is None else (parts.image_encoder,)
        return (parts.unet, parts.vae, parts.text_encoder, *seeing)

    def text_length(self, _settings: Settings) -> int:
        return 0

    def encode(self, settings: Settings) -> Conditioning:
        """Models distilled on guidance take the scale as an embedding instead of an unconditional half."""
        seen, unseen = read_references(self.image_adapter, settings)
        positive = {**read_parts(settings, self._read), **seen}
        notes = note_truncation(self.components.tokenizer, settings)
        if self.traits.reads_guidance:
            positive["timestep_cond"] = self._guidance_embedding(settings.guidance_scale)
            return Conditioning(positive, None, notes)
        negative = {**self._read(settings.negative_prompt), **unseen} if settings.guidance_scale > 1 else None
        return Conditioning(positive, negative, notes)

    def _read(self, text: str) -> Tensors:
        prompt_embeds, _ = self.components.encode_prompt(text, self.device, 1, False)
        return {"prompt_embeds": prompt_embeds}

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
        return lambda generator: posterior.sample(generator).float() * vae.config.scaling_factor

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
            added_cond_kwargs=seen or None,
            cross_attention_kwargs=how_loudly,
            return_dict=False,
        )[0]

    def previews(self, clean_latents: torch.Tensor) -> tuple[Pixels, ...]:
        return draw_previews(clean_latents, self.preview_decoder, LATENT_RGB_FACTORS)

    def full_precision(self) -> AbstractContextManager[None] | None:
        return in_float32(self.networks) if is_half(self.components.unet) else None

    @contextmanager
    def tiling(self) -> Iterator["StableDiffusion"]:
        """Attention here knows no places, so that with wrapped convolutions no place is an edge."""
        with wrapping_around((self.components.unet, self.components.vae)):
            yield self

    def decode(self, latents: torch.Tensor) -> tuple[Pixels, ...]:
        vae = self.components.vae
        pictures = vae.decode((latents / vae.config.scaling_factor).to(vae.dtype), return_dict=False)[0]
        return to_pixels_of_each(pictures)


def encode_masked(components: Any, settings: Settings, device: torch.device) -> DrawTold | None:
    """For inpainting models `[1, 1 + C, h, w]`: mask and masked picture. Without a mask everything is masked."""
    vae, width, height = components.vae, settings.width, settings.height
    if components.unet.config.in_channels == vae.config.latent_channels:
        return None
    mask, picture = torch.ones(1, 1, height, width), torch.zeros(1, 3, height, width)
    if settings.mask is not None:
        mask = to_mask_tensor(settings.mask, width, height)
    if settings.start is not None:
        picture = to_tensor(settings.start.pictures[0], width, height)
    masked_picture = (picture * (mask < 0.5)).clone(memory_format=torch.channels_last)  # as stock lays it out:
    # on a plain area group norms divide rounding errors by next to nothing, and another layout rounds otherwise
    posterior = vae.encode(masked_picture.to(device, vae.dtype)).latent_dist
    scale = components.vae_scale_factor
    small = shrink_mask(mask, (height // scale, width // scale)).to(device)

    def draw(generator: torch.Generator) -> Tensors:
        masked = posterior.sample(generator).float() * vae.config.scaling_factor
        return {"masked": torch.cat([small, masked], dim=1)}

    return draw


def beside_masked(latents: torch.Tensor, conditioning: Tensors) -> torch.Tensor:
    """The channels that an inpainting model sees; the latents alone for others."""
    masked = conditioning.get("masked")
    return latents if masked is None else torch.cat([latents, masked], dim=1)


def note_truncation(tokenizer: Any, settings: Settings) -> tuple[str, ...]:
    """Each part of a prompt is read by itself, so the longest counts."""
    length, limit = max(len(tokenizer(text).input_ids) for text in settings.texts), tokenizer.model_max_length
    if length <= limit:
        return ()
    what = "A part of the prompt" if settings.parts else "The prompt"
    return (f"{what} has {length} tokens; this model reads the first {limit}.",)
