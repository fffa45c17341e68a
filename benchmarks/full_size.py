"""Denoisers of published sizes with random weights, behind the engine's own pipelines; values do not change speed.

No text encoder and no VAE: what is measured with them is denoising, and previews by a tiny decoder of TAESD's size.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn

from benchmarks.toy import SCHEDULE, a_unet
from engine.limits import ModelTraits
from engine.pipelines.flux import LATENT_RGB_FACTORS as FLUX_FACTORS
from engine.pipelines.flux import Flux
from engine.pipelines.interface import Conditioning, DrawClean, Pipeline, Tensors
from engine.pipelines.sdxl import StableDiffusionXL
from engine.pipelines.stable_diffusion import LATENT_RGB_FACTORS, StableDiffusion
from engine.previews import TinyDecoder, draw_previews
from engine.protocol import ModelInfo, Pixels
from engine.samplers import Sampler, sampler_from, start_sampler
from engine.settings import Settings

MIXED_STEPS = (4, 8, 20, 30, 50)
FEW_STEPS = (1, 2, 4, 4, 8)


@dataclass(frozen=True, slots=True)
class Case:
    """`told` are the shapes of what the denoiser is told beside latents and timestep; `speedup`, `p95_over_fifo` the
    bounds that the engine has to keep, None where there is none.
    """

    name: str
    family: str
    side: int
    guidance_scale: float
    told: dict[str, tuple[int, ...]]
    build: Callable[[], Any]
    step_counts: tuple[int, ...] = MIXED_STEPS
    speedup: float | None = None
    p95_over_fifo: float | None = None
    engine_over_best: float | None = 0.90


def sd15_unet() -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(sample_size=64, cross_attention_dim=768)


def sdxl_unet() -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=128,
        block_out_channels=(320, 640, 1280),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        transformer_layers_per_block=(1, 2, 10),
        attention_head_dim=(5, 10, 20),
        cross_attention_dim=2048,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2816,
        use_linear_projection=True,
    )


def flux_transformer() -> Any:
    from diffusers import FluxTransformer2DModel

    return FluxTransformer2DModel(guidance_embeds=False)


def toy_transformer() -> Any:
    from diffusers import FluxTransformer2DModel

    return FluxTransformer2DModel(
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        axes_dims_rope=(4, 4, 8),
        guidance_embeds=False,
    )


SDXL_TOLD = {"prompt_embeds": (77, 2048), "text_embeds": (1280,), "time_ids": (6,)}
FULL_SIZE = {
    "sd15": Case(
        "SD1.5 512", "stable-diffusion", 512, 7.0, {"prompt_embeds": (77, 768)}, sd15_unet, MIXED_STEPS, 2.0, 0.5
    ),
    "sdxl-turbo": Case("SDXL-Turbo 512", "sdxl", 512, 1.0, SDXL_TOLD, sdxl_unet, MIXED_STEPS, 4.0, 0.5),
    "sdxl": Case("SDXL 1024", "sdxl", 1024, 7.0, SDXL_TOLD, sdxl_unet, MIXED_STEPS, 1.1),
    "flux": Case(
        "FLUX-schnell 1024",
        "flux",
        1024,
        1.0,
        {"prompt_embeds": (256, 4096), "pooled": (768,)},
        flux_transformer,
        FEW_STEPS,
        0.98,
    ),
}
SMALL_FORM = {
    "toy-unet": Case(
        "toy UNet 64",
        "stable-diffusion",
        64,
        5.0,
        {"prompt_embeds": (16, 64)},
        lambda: a_unet((24, 32), 64),
        FEW_STEPS,
        engine_over_best=None,
    ),
    "toy-flux": Case(
        "toy FLUX 64",
        "flux",
        64,
        1.0,
        {"prompt_embeds": (8, 32), "pooled": (32,)},
        toy_transformer,
        FEW_STEPS,
        engine_over_best=None,
    ),
}


@dataclass(frozen=True, slots=True)
class BarePipeline:
    """`model` is the engine's own pipeline of the family, of which only `denoise` is called."""

    traits: ModelTraits
    device: torch.device
    case: Case
    model: Pipeline
    denoiser: nn.Module
    preview_decoder: TinyDecoder
    noise_scheduler: Any

    @property
    def networks(self) -> tuple[nn.Module, ...]:
        return (self.denoiser,)

    def text_length(self, _settings: Settings) -> int:
        return 0

    def encode(self, settings: Settings) -> Conditioning:
        return Conditioning(self._told(0.1), self._told(0.0) if settings.guidance_scale > 1 else None)

    def _told(self, value: float) -> Tensors:
        dtype = next(self.denoiser.parameters()).dtype
        shapes = self.case.told.items()
        return {name: torch.full((1, *shape), value, device=self.device, dtype=dtype) for name, shape in shapes}

    def start_sampler(self, settings: Settings) -> Sampler:
        if self.case.family == "flux":
            return start_sampler(self.noise_scheduler, settings.steps, None)
        return sampler_from(self.noise_scheduler, settings.sampler, settings.steps, None)

    def latent_shape(self, settings: Settings, /) -> tuple[int, int, int]:
        return 16 if self.case.family == "flux" else 4, settings.height // 8, settings.width // 8

    def encode_image(self, pixels: Pixels, settings: Settings, /) -> DrawClean:
        raise NotImplementedError("it starts from noise only")

    def encode_masked(self, _settings: Settings) -> None:
        return None

    def denoise(self, latents: torch.Tensor, timesteps: torch.Tensor, conditioning: Tensors) -> torch.Tensor:
        return self.model.denoise(latents, timesteps, conditioning)

    def previews(self, clean_latents: torch.Tensor) -> tuple[Pixels, ...]:
        factors = FLUX_FACTORS if self.case.family == "flux" else LATENT_RGB_FACTORS
        return draw_previews(clean_latents, self.preview_decoder, factors)

    def full_precision(self) -> None:
        return None

    def tiling(self) -> AbstractContextManager["BarePipeline"]:
        raise NotImplementedError

    def decode(self, latents: torch.Tensor) -> tuple[Pixels, ...]:
        return (Pixels(1, 1, b"\x80\x80\x80"),) * len(latents)


def a_pipeline(case: Case, device: torch.device) -> BarePipeline:
    """Built where it will run: twelve milliards of random numbers take minutes on a CPU."""
    from diffusers import AutoencoderTiny, DDIMScheduler, FlowMatchEulerDiscreteScheduler

    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    channels = 16 if case.family == "flux" else 4
    torch.manual_seed(0)
    with _made_on(device, dtype):
        denoiser = case.build().eval()
        decoder = TinyDecoder(AutoencoderTiny(latent_channels=channels).eval())
    samplers: tuple[str, ...]
    if case.family == "flux":
        noise_scheduler, samplers = FlowMatchEulerDiscreteScheduler(), ("euler",)
    else:
        noise_scheduler, samplers = DDIMScheduler(**SCHEDULE, clip_sample=False), ("euler", "dpmpp_2m", "ddim")
    info = ModelInfo("bare", case.family, case.side, case.side, 30, supports_negative_prompt=case.guidance_scale > 1)
    traits = ModelTraits(info, samplers, guidance_scale=case.guidance_scale, size_multiple=16)
    model = _family(case, traits, device, denoiser)
    return BarePipeline(traits, device, case, model, denoiser, decoder, noise_scheduler)


@contextmanager
def _made_on(device: torch.device, dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device):
            yield
    finally:
        torch.set_default_dtype(before)


def _family(case: Case, traits: ModelTraits, device: torch.device, denoiser: Any) -> Pipeline:
    match case.family:
        case "flux":
            return Flux(traits, device, SimpleNamespace(transformer=denoiser))
        case "sdxl":
            return StableDiffusionXL(traits, device, SimpleNamespace(unet=denoiser))
        case _:
            return StableDiffusion(traits, device, SimpleNamespace(unet=denoiser))
