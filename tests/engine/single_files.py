"""Models as one file, under the names that the original training code gave to weights.

Only for the tiny models of the tests: the tables name their blocks and no others.
"""

import re
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

Weights = dict[str, torch.Tensor]


UNET_BLOCKS = {
    "conv_in": "input_blocks.0.0",
    "down_blocks.0.resnets.0": "input_blocks.1.0",
    "down_blocks.0.downsamplers.0.conv": "input_blocks.2.0.op",
    "down_blocks.1.resnets.0": "input_blocks.3.0",
    "down_blocks.1.attentions.0": "input_blocks.3.1",
    "mid_block.resnets.0": "middle_block.0",
    "mid_block.attentions.0": "middle_block.1",
    "mid_block.resnets.1": "middle_block.2",
    "up_blocks.0.resnets.0": "output_blocks.0.0",
    "up_blocks.0.attentions.0": "output_blocks.0.1",
    "up_blocks.0.resnets.1": "output_blocks.1.0",
    "up_blocks.0.attentions.1": "output_blocks.1.1",
    "up_blocks.0.upsamplers.0": "output_blocks.1.2",
    "up_blocks.1.resnets.0": "output_blocks.2.0",
    "up_blocks.1.resnets.1": "output_blocks.3.0",
    "conv_norm_out": "out.0",
    "conv_out": "out.2",
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
}
RESNET_LAYERS = {
    "norm1": "in_layers.0",
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "norm2": "out_layers.0",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
}
VAE_PARTS = {
    "mid_block.resnets.0": "mid.block_1",
    "mid_block.resnets.1": "mid.block_2",
    "mid_block.attentions.0": "mid.attn_1",
    "conv_norm_out": "norm_out",
    "conv_shortcut": "nin_shortcut",
    "downsamplers.0": "downsample",
    "upsamplers.0": "upsample",
    "attn_1.to_q": "attn_1.q",
    "attn_1.to_k": "attn_1.k",
    "attn_1.to_v": "attn_1.v",
    "attn_1.to_out.0": "attn_1.proj_out",
    "attn_1.group_norm": "attn_1.norm",
    ".resnets.": ".block.",
    "down_blocks.": "down.",
    "up_blocks.0": "up.1",
    "up_blocks.1": "up.0",
}
OPEN_CLIP_PARTS = {
    "embeddings.position_embedding.weight": "positional_embedding",
    "embeddings.token_embedding": "token_embedding",
    "final_layer_norm": "ln_final",
    "encoder.layers.": "transformer.resblocks.",
    "layer_norm1": "ln_1",
    "layer_norm2": "ln_2",
    ".fc1.": ".c_fc.",
    ".fc2.": ".c_proj.",
    ".self_attn": ".attn",
}


def save_single_file(folder: Path, family: str, target: Path) -> Path:
    """Returns the file. Of FLUX it holds the transformer only, under diffusers' names: the conversion from others
    insists on the width of the real model.
    """
    if family == "flux":
        weights = load_file(folder / "transformer" / "diffusion_pytorch_model.safetensors")
    else:
        weights = _denoiser(folder) | _vae(folder)
        weights |= _clip_of_sd(folder) if family == "stable-diffusion" else _clips_of_sdxl(folder)
    path = target / "tiny.safetensors"
    save_file({name: value.clone().contiguous() for name, value in weights.items()}, path)
    return path


def _denoiser(folder: Path) -> Weights:
    unet = load_file(folder / "unet" / "diffusion_pytorch_model.safetensors")
    return {_original_unet_name(name): value for name, value in unet.items()}


def _vae(folder: Path) -> Weights:
    weights = {}
    for name, value in load_file(folder / "vae" / "diffusion_pytorch_model.safetensors").items():
        original = _original_vae_name(name)
        is_projection = re.search(r"attn_1\.(q|k|v|proj_out)\.weight", original)
        weights[original] = value[:, :, None, None] if is_projection else value
    return weights


def _clip_of_sd(folder: Path) -> Weights:
    text = load_file(folder / "text_encoder" / "model.safetensors")
    return {_clip_name("cond_stage_model.transformer.", name): value for name, value in text.items()}


def _clips_of_sdxl(folder: Path) -> Weights:
    """The second text encoder is OpenCLIP's, with query, key and value in one matrix."""
    first = load_file(folder / "text_encoder" / "model.safetensors")
    second = load_file(folder / "text_encoder_2" / "model.safetensors")
    weights = {_clip_name("conditioner.embedders.0.transformer.", name): value for name, value in first.items()}
    for name, value in second.items():
        original, prefix = name.removeprefix("text_model."), "conditioner.embedders.1.model."
        if (joined := _joined(second, name)) is not None:
            weights[prefix + _open_clip_name(original).replace(".q_proj.", ".in_proj_")] = joined
        elif original == "text_projection.weight":
            weights[f"{prefix}text_projection"] = value.T
        elif not re.search(r"\.[kv]_proj\.", name):
            weights[prefix + _open_clip_name(original)] = value
    return weights


def _joined(weights: Weights, name: str) -> torch.Tensor | None:
    if ".q_proj." not in name:
        return None
    return torch.cat([weights[name.replace(".q_proj.", f".{part}_proj.")] for part in "qkv"])


def _clip_name(prefix: str, name: str) -> str:
    return f"{prefix}text_model.{name.removeprefix('text_model.')}"


def _open_clip_name(name: str) -> str:
    for part, original in OPEN_CLIP_PARTS.items():
        name = name.replace(part, original)
    return name


def _original_unet_name(name: str) -> str:
    block, original = next((b, o) for b, o in UNET_BLOCKS.items() if name.startswith(f"{b}."))
    rest = name.removeprefix(f"{block}.")
    if "resnets" in block:
        layer, _, kind = rest.rpartition(".")
        rest = f"{RESNET_LAYERS[layer]}.{kind}"
    return f"model.diffusion_model.{original}.{rest}"


def _original_vae_name(name: str) -> str:
    for part, original in VAE_PARTS.items():
        name = name.replace(part, original)
    return f"first_stage_model.{name}"
