"""Tiny random models of the real classes, built once a session and saved as a self-hoster's folders are."""

import os
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["OMP_WAIT_POLICY"] = "PASSIVE"  # idle threads sleep: tests share the cores
os.environ["DIFFUSERS_VERBOSITY"] = "error"
os.environ["TRANSFORMERS_VERBOSITY"] = "error"


@pytest.fixture
def inference() -> Iterator[None]:
    """As in the owner thread; one thread, because tests share the cores."""
    import torch

    torch.set_num_threads(1)
    with torch.inference_mode():
        yield


@pytest.fixture(scope="session")
def tiny_sd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stable Diffusion with epsilon prediction: 32-pixel pictures, 16x16 latents."""
    return _save(stable_diffusion(), tmp_path_factory.mktemp("tiny-sd"))


@pytest.fixture(scope="session")
def tiny_sd_v(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with v-prediction and zero terminal SNR, as Stable Diffusion 2 has it."""
    return _save(stable_diffusion(prediction_type="v_prediction"), tmp_path_factory.mktemp("tiny-sd-v"))


@pytest.fixture(scope="session")
def tiny_sd_lcm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Distilled on guidance: the scale is an embedding, and there is no unconditional half."""
    return _save(stable_diffusion(time_cond_proj_dim=32), tmp_path_factory.mktemp("tiny-sd-lcm"))


@pytest.fixture(scope="session")
def tiny_sdxl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save(sdxl(), tmp_path_factory.mktemp("tiny-sdxl"))


@pytest.fixture(scope="session")
def tiny_sd_inpaint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sees mask and masked picture beside the latents."""
    return _save(stable_diffusion(in_channels=9), tmp_path_factory.mktemp("tiny-sd-inpaint"))


@pytest.fixture(scope="session")
def tiny_sdxl_inpaint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save(sdxl(in_channels=9), tmp_path_factory.mktemp("tiny-sdxl-inpaint"))


@pytest.fixture(scope="session")
def tiny_sdxl_turbo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Saved with the noise scheduler that SDXL-Turbo was published with."""
    from diffusers import EulerAncestralDiscreteScheduler

    return _save(sdxl(scheduler=EulerAncestralDiscreteScheduler), tmp_path_factory.mktemp("tiny-sdxl-turbo"))


@pytest.fixture(scope="session")
def tiny_sdxl_lcm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As the latent consistency model: its own noise scheduler, and the guidance scale as an embedding."""
    from diffusers import LCMScheduler

    return _save(sdxl(scheduler=LCMScheduler, time_cond_proj_dim=32), tmp_path_factory.mktemp("tiny-sdxl-lcm"))


@pytest.fixture(scope="session")
def tiny_flux_dev(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Takes the guidance scale as a number; 16x16 latents at 32 pixels, a shift that depends on the size."""
    return _save(flux(takes_guidance=True), tmp_path_factory.mktemp("tiny-flux-dev"))


@pytest.fixture(scope="session")
def tiny_flux_schnell(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _save(flux(takes_guidance=False), tmp_path_factory.mktemp("tiny-flux-schnell"))


@pytest.fixture(scope="session")
def random_starter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import torch

    from engine.starter.model import StarterModel
    from engine.starter.vocabulary import Vocabulary

    torch.manual_seed(3)
    folder = tmp_path_factory.mktemp("starter")
    model = StarterModel(Vocabulary.from_file(limit=20))
    torch.nn.init.normal_(model.denoiser.patch_out.weight, std=0.05)  # zero in a newborn: it would draw grey
    model.save(folder)
    return folder


def _save(pipeline: Any, folder: Path) -> Path:
    pipeline.save_pretrained(folder)
    return folder


def stable_diffusion(prediction_type: str = "epsilon", **unet: Any) -> Any:
    import torch
    from diffusers import DDIMScheduler, StableDiffusionPipeline

    torch.manual_seed(0)
    tokenizer = _tokenizer()
    return StableDiffusionPipeline(
        vae=_vae(),
        text_encoder=_text_encoder(tokenizer),
        tokenizer=tokenizer,
        unet=_unet(cross_attention_dim=32, **unet),
        scheduler=DDIMScheduler(**_noise_schedule(), prediction_type=prediction_type),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    )


def sdxl(scheduler: Any = None, **unet: Any) -> Any:
    """A `scheduler` that is given spaces its timesteps as distilled models want them, from the very last on."""
    import torch
    from diffusers import EulerDiscreteScheduler, StableDiffusionXLPipeline

    torch.manual_seed(1)
    tokenizer = _tokenizer()
    schedule = {
        name: value for name, value in _noise_schedule().items() if name not in ("clip_sample", "set_alpha_to_one")
    }
    return StableDiffusionXLPipeline(
        vae=_vae(),
        text_encoder=_text_encoder(tokenizer),
        text_encoder_2=_text_encoder(tokenizer, with_projection=True, hidden_size=40),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer,
        unet=_unet(
            cross_attention_dim=32 + 40,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + 32,
            use_linear_projection=True,
            **unet,
        ),
        scheduler=EulerDiscreteScheduler(**schedule)
        if scheduler is None
        else scheduler(**{**schedule, "timestep_spacing": "trailing"}),
        add_watermarker=False,
    )


def flux(*, takes_guidance: bool) -> Any:
    import torch
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxPipeline, FluxTransformer2DModel
    from transformers import T5Config, T5EncoderModel

    torch.manual_seed(2)
    tokenizer, tokenizer_2 = _tokenizer(), _word_piece_tokenizer()
    reading = T5Config(vocab_size=len(tokenizer_2), d_model=24, d_kv=8, d_ff=32, num_layers=2, num_heads=3)
    return FluxPipeline(
        vae=_vae(
            latent_channels=16,
            shift_factor=0.1159,
            scaling_factor=0.3611,
            use_quant_conv=False,
            use_post_quant_conv=False,
        ),
        text_encoder=_text_encoder(tokenizer),
        text_encoder_2=T5EncoderModel(reading),
        tokenizer=tokenizer,
        tokenizer_2=tokenizer_2,
        transformer=FluxTransformer2DModel(
            in_channels=64,
            num_layers=2,
            num_single_layers=2,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=24,
            pooled_projection_dim=32,
            guidance_embeds=takes_guidance,
            axes_dims_rope=(4, 6, 6),
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=takes_guidance, shift=3.0),
    )


@pytest.fixture(scope="session")
def tiny_svd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stable Video Diffusion: 64-pixel frames, four of them."""
    return _save(stable_video(), tmp_path_factory.mktemp("tiny-svd"))


def stable_video() -> Any:
    import torch
    from diffusers import (
        AutoencoderKLTemporalDecoder,
        EulerDiscreteScheduler,
        StableVideoDiffusionPipeline,
        UNetSpatioTemporalConditionModel,
    )
    from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(4)
    seeing = CLIPVisionConfig(
        hidden_size=32, projection_dim=32, num_hidden_layers=2, num_attention_heads=4, image_size=224, patch_size=56
    )
    return StableVideoDiffusionPipeline(
        vae=AutoencoderKLTemporalDecoder(
            down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"), block_out_channels=(32, 32)
        ),
        image_encoder=CLIPVisionModelWithProjection(seeing),
        unet=UNetSpatioTemporalConditionModel(
            sample_size=32,
            block_out_channels=(32, 64),
            layers_per_block=1,
            down_block_types=("CrossAttnDownBlockSpatioTemporal", "DownBlockSpatioTemporal"),
            up_block_types=("UpBlockSpatioTemporal", "CrossAttnUpBlockSpatioTemporal"),
            cross_attention_dim=32,
            num_attention_heads=(2, 4),
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=24,
            num_frames=4,
        ),
        scheduler=EulerDiscreteScheduler(
            beta_start=0.00085,
            beta_end=0.012,
            beta_schedule="scaled_linear",
            prediction_type="v_prediction",
            use_karras_sigmas=True,
            timestep_type="continuous",
            sigma_min=0.002,
            sigma_max=700.0,
        ),
        feature_extractor=CLIPImageProcessorPil(crop_size=224, size=224),
    )


def _noise_schedule() -> dict[str, Any]:
    return {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "steps_offset": 1,
        "timestep_spacing": "leading",
        "clip_sample": False,
        "set_alpha_to_one": False,
    }


def _unet(**more: Any) -> Any:
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(
        sample_size=16,
        block_out_channels=(32, 64),
        layers_per_block=1,
        norm_num_groups=8,
        attention_head_dim=(2, 4),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        **more,
    )


def _vae(**changes: Any) -> Any:
    from diffusers import AutoencoderKL

    return AutoencoderKL(
        block_out_channels=(16, 32),
        norm_num_groups=8,
        down_block_types=("DownEncoderBlock2D", "DownEncoderBlock2D"),
        up_block_types=("UpDecoderBlock2D", "UpDecoderBlock2D"),
        **{"latent_channels": 4, "sample_size": 32, **changes},
    )


def _tokenizer() -> Any:
    """Letters only, as pieces inside and at the end of a word."""
    from transformers import CLIPTokenizer

    pieces = [letter + end for end in ("", "</w>") for letter in string.printable.strip()]
    words = [*pieces, "<|startoftext|>", "<|endoftext|>"]
    merges = [("t", "h"), ("th", "e</w>"), ("f", "o"), ("fo", "x</w>")]
    words[-2:-2] = ["".join(merge) for merge in merges]
    return CLIPTokenizer(vocab={word: index for index, word in enumerate(words)}, merges=merges, model_max_length=77)


def _word_piece_tokenizer() -> Any:
    """One token a letter, and one for the space before a word."""
    from transformers import T5Tokenizer

    pieces = [(piece, 0.0) for piece in ("<pad>", "</s>", "<unk>")]
    letters = [(letter, -5.0) for letter in ("\u2581", *string.printable.strip())]
    return T5Tokenizer(vocab=[*pieces, *letters], extra_ids=0, model_max_length=512)


def _text_encoder(tokenizer: Any, *, with_projection: bool = False, hidden_size: int = 32) -> Any:
    """Of SDXL's two, one is wider: that is how they are told apart in a single file."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden_size,
        intermediate_size=37,
        num_hidden_layers=3,
        num_attention_heads=4,
        max_position_embeddings=77,
        projection_dim=32,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        hidden_act="gelu",
    )
    return (CLIPTextModelWithProjection if with_projection else CLIPTextModel)(config)
