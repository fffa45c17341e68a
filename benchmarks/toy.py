"""Models of random weights to measure with: a UNet in a pipeline without text encoder and VAE, and the stock loop."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from engine.limits import ModelTraits
from engine.pipelines.interface import Conditioning, DrawClean, Tensors
from engine.pipelines.stable_diffusion import LATENT_RGB_FACTORS
from engine.previews import TinyDecoder, draw_previews
from engine.protocol import GenerateRequest, ModelInfo, Pixels
from engine.samplers import Sampler, sampler_from
from engine.settings import Settings

SCHEDULE = {
    "beta_start": 0.00085,
    "beta_end": 0.012,
    "beta_schedule": "scaled_linear",
    "steps_offset": 1,
    "timestep_spacing": "leading",
}
TEXT_LENGTH, TEXT_WIDTH, PIXELS_PER_LATENT = 16, 64, 8


def a_unet(channels: tuple[int, ...], side: int) -> Any:
    from diffusers import UNet2DConditionModel

    torch.manual_seed(0)
    return UNet2DConditionModel(
        sample_size=side // PIXELS_PER_LATENT,
        block_out_channels=channels,
        layers_per_block=1,
        norm_num_groups=8,
        attention_head_dim=8,
        cross_attention_dim=TEXT_WIDTH,
        down_block_types=("DownBlock2D",) + ("CrossAttnDownBlock2D",) * (len(channels) - 1),
        up_block_types=("CrossAttnUpBlock2D",) * (len(channels) - 1) + ("UpBlock2D",),
    ).eval()


@dataclass(frozen=True, slots=True)
class ToyPipeline:
    """Its pictures are one grey pixel: what is measured is denoising."""

    traits: ModelTraits
    unet: Any
    noise_scheduler: Any
    device: torch.device
    preview_decoder: TinyDecoder | None = None

    @property
    def networks(self) -> tuple[nn.Module, ...]:
        return (self.unet,)

    def text_length(self, _settings: Settings) -> int:
        return 0

    def encode(self, settings: Settings) -> Conditioning:
        positive, negative = (text_embeds(prompt) for prompt in (settings.prompt, ""))
        return Conditioning({"embeds": positive}, {"embeds": negative} if settings.guidance_scale > 1 else None)

    def start_sampler(self, settings: Settings) -> Sampler:
        return sampler_from(self.noise_scheduler, settings.sampler, settings.steps, None)

    def latent_shape(self, settings: Settings, /) -> tuple[int, int, int]:
        return 4, settings.height // PIXELS_PER_LATENT, settings.width // PIXELS_PER_LATENT

    def encode_image(self, pixels: Pixels, settings: Settings) -> DrawClean:
        raise NotImplementedError("it starts from noise only")

    def encode_masked(self, _settings: Settings) -> None:
        return None

    def denoise(self, latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors) -> torch.Tensor:
        return self.unet(latents, timesteps, conditioning["embeds"], return_dict=False)[0]

    def previews(self, clean_latents: torch.Tensor) -> tuple[Pixels, ...]:
        return draw_previews(clean_latents, self.preview_decoder, LATENT_RGB_FACTORS)

    def full_precision(self) -> AbstractContextManager[None] | None:
        return None

    def tiling(self) -> AbstractContextManager["ToyPipeline"]:
        raise NotImplementedError("it draws no tiles")

    def decode(self, latents: torch.Tensor) -> tuple[Pixels, ...]:
        return (Pixels(1, 1, b"\x80\x80\x80"),) * len(latents)


def text_embeds(prompt: str) -> torch.Tensor:
    generator = torch.Generator().manual_seed(sum(prompt.encode()))
    return torch.randn(1, TEXT_LENGTH, TEXT_WIDTH, generator=generator)


def a_pipeline(channels: tuple[int, ...], side: int) -> ToyPipeline:
    from diffusers import DDIMScheduler

    info = ModelInfo("toy", "toy", side, side, 20, supports_negative_prompt=True)
    samplers = ("euler", "euler_karras", "euler_a", "ddim", "dpmpp_2m", "dpmpp_2m_sde", "unipc")
    traits = ModelTraits(info, samplers, guidance_scale=5.0)
    return ToyPipeline(
        traits, a_unet(channels, side), DDIMScheduler(**SCHEDULE, clip_sample=False), torch.device("cpu")
    )


def with_tiny_decoder(pipeline: ToyPipeline) -> ToyPipeline:
    """As small beside its UNet as TAESD is beside that of Stable Diffusion: an eighth of its width."""
    from diffusers import AutoencoderTiny

    widths = (8, 8, 8, 8)
    network = AutoencoderTiny(encoder_block_out_channels=widths, decoder_block_out_channels=widths)
    return replace(pipeline, preview_decoder=TinyDecoder(network.eval()))


def draw_serially(pipeline: ToyPipeline, request: GenerateRequest, settings: Settings) -> torch.Tensor:
    """As the stock pipeline does: one request, both halves of guidance in one forward, the scheduler's own step."""
    sampler_table = sampler_from(pipeline.noise_scheduler, settings.sampler, settings.steps, None)
    noise_scheduler = fresh_noise_scheduler(pipeline, settings.sampler)
    noise_scheduler.set_timesteps(settings.steps)
    generator = torch.Generator().manual_seed(request.seeds[0])
    latents = torch.randn(1, *pipeline.latent_shape(settings), generator=generator) * sampler_table.table.noise_scale
    is_guided = settings.guidance_scale > 1
    embeds = text_embeds(settings.prompt)
    if is_guided:
        embeds = torch.cat([text_embeds(""), embeds])
    takes_generator = settings.sampler in ("euler", "euler_karras", "euler_a", "ddim", "dpmpp_2m", "dpmpp_2m_sde")
    more = {"generator": generator} if takes_generator else {}
    for timestep in noise_scheduler.timesteps:
        model_input = torch.cat([latents] * 2) if is_guided else latents
        model_input = noise_scheduler.scale_model_input(model_input, timestep)
        noise_pred = pipeline.unet(model_input, timestep, embeds, return_dict=False)[0]
        if is_guided:
            without, with_prompt = noise_pred.chunk(2)
            noise_pred = without + settings.guidance_scale * (with_prompt - without)
        latents = noise_scheduler.step(noise_pred, timestep, latents, **more, return_dict=False)[0]
    return latents


def fresh_noise_scheduler(pipeline: ToyPipeline, sampler: str) -> Any:
    import diffusers

    from engine.samplers import SAMPLERS

    class_name, changes = SAMPLERS[sampler]
    return getattr(diffusers, class_name).from_config(pipeline.noise_scheduler.config, **changes)
