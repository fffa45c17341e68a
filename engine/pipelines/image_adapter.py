"""Reference pictures for Stable Diffusion and SDXL, looked at through an IP-Adapter: an image encoder, and attention to
what it saw beside the attention to words.

The adapter stands in two slots over the same weights: one speaks in every layer and takes in the whole picture, the
other only in those that decide on style. How loudly is each row's own, by the masks that diffusers' attention weighs
an adapter with, so that rows with and without references share a forward.
"""

import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from PIL import Image
from torch import nn

from engine.config import ModelConfig
from engine.model_folder import find_adapter
from engine.pipelines.interface import Tensors
from engine.protocol import EngineStartError, Reference, ReferenceRole
from engine.settings import Settings

USUAL_SCALE = {
    ReferenceRole.IMAGE: 0.6,  # beyond it words are hardly heard
    ReferenceRole.CHARACTER: 0.7,
    ReferenceRole.OBJECT: 0.7,
    ReferenceRole.STYLE: 1.0,
}
MAX_SCALE = 1.5

# Layers that decide on style: SDXL's as InstantStyle found them (arXiv 2404.02733); of Stable Diffusion 1.x, all but
# those around the lowest resolution, as ComfyUI's users found them.
SPEAKS_OF_STYLE: Mapping[str, Callable[[str], bool]] = {
    "sdxl": lambda layer: layer.startswith("up_blocks.0.attentions.1."),
    "stable-diffusion": lambda layer: not layer.startswith(("down_blocks.2.", "up_blocks.1.")),
}
SLOTS = 2  # the whole picture, its style


@dataclass(frozen=True, slots=True)
class ImageAdapter:
    """`blank` is what the image encoder says of no picture, as the adapter was trained to hear it."""

    components: Any
    device: torch.device
    blank: torch.Tensor

    def read(self, references: Sequence[Reference]) -> tuple[Tensors, Tensors]:
        """What one row is told of its references, and what its unconditional half is told."""
        styles = [one for one in references if one.role is ReferenceRole.STYLE and one.weight]
        others = [one for one in references if one.role is not ReferenceRole.STYLE and one.weight]
        slots = [self._mean(group) for group in (others, styles)]
        weights = torch.tensor([[weight for _, weight in slots]], device=self.device)
        positive = {"image_embeds": torch.stack([embeds for embeds, _ in slots], dim=1), "image_weights": weights}
        negative = {"image_embeds": torch.stack([self._unseen()] * SLOTS, dim=1), "image_weights": weights}
        return positive, negative

    def _mean(self, references: Sequence[Reference]) -> tuple[torch.Tensor, float]:
        """Of what is seen in all of them, weighed; and how loudly the adapter speaks of it."""
        if not references:
            return self._unseen(), 0.0
        scales = [USUAL_SCALE[one.role] * one.weight for one in references]
        pictures = [Image.frombytes("RGB", (of.width, of.height), of.rgb) for of in (one.pixels for one in references)]
        seen = _look(self.components, pictures, self.device)[0]
        shares = torch.tensor(scales, device=seen.device, dtype=seen.dtype) / sum(scales)
        mean = torch.tensordot(shares, seen, dims=1).unsqueeze(0)
        return mean, min(MAX_SCALE, sum(scales) / len(scales))

    def _unseen(self) -> torch.Tensor:
        """In the precision of the moment."""
        return self.blank.to(self.components.image_encoder.dtype)


def load_image_adapter(config: ModelConfig, components: Any, device: torch.device) -> ImageAdapter | None:
    """Into the components' UNet. None if the model's configuration names none. Raises `EngineStartError`."""
    if not config.image_adapter:
        return None
    from safetensors.torch import load_file
    from transformers import CLIPVisionModelWithProjection

    weights, encoder = find_adapter(config)
    try:
        state = _as_state(load_file(weights))
        components.register_modules(
            image_encoder=CLIPVisionModelWithProjection.from_pretrained(
                encoder, dtype=components.unet.dtype, use_safetensors=True
            ).to(device)
        )
        components.load_ip_adapter([state] * SLOTS, subfolder="", weight_name=[""] * SLOTS)
        _share_weights(components.unet, SPEAKS_OF_STYLE[config.family])
        blank = Image.new("RGB", (64, 64))
        with torch.inference_mode():
            return ImageAdapter(components, device, _look(components, [blank], device)[1])
    except (OSError, ValueError, RuntimeError, KeyError, AttributeError) as error:  # of another family, or another kind
        gist = textwrap.shorten(str(error), 300)
        raise EngineStartError(
            f"model {config.name}: its image adapter {config.image_adapter} cannot be loaded: {gist}"
        ) from error


def read_references(adapter: ImageAdapter | None, settings: Settings) -> tuple[Tensors, Tensors]:
    """What a row and its unconditional half are told of its references; those without any hear the same in silence."""
    return ({}, {}) if adapter is None else adapter.read(settings.references)


def told_of_pictures(latents: torch.Tensor, conditioning: Tensors) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """What the UNet is told beside words: added conditions, cross-attention arguments. Nothing without an adapter."""
    if "image_embeds" not in conditioning:
        return {}, None
    embeds, weights = conditioning["image_embeds"], conditioning["image_weights"]
    height, width = latents.shape[2:]
    masks = [weights[:, slot].view(-1, 1, 1, 1).expand(-1, 1, height, width) for slot in range(SLOTS)]
    return {"image_embeds": [embeds[:, slot : slot + 1] for slot in range(SLOTS)]}, {"ip_adapter_masks": masks}


def _as_state(tensors: Mapping[str, torch.Tensor]) -> dict[str, dict[str, torch.Tensor]]:
    """As the adapter's authors part it."""
    state: dict[str, dict[str, torch.Tensor]] = {"image_proj": {}, "ip_adapter": {}}
    for name, tensor in tensors.items():
        part, _, rest = name.partition(".")
        if part in state:
            state[part][rest] = tensor
    if not all(state.values()):
        raise ValueError("the file holds no adapter for pictures")
    if any(name.startswith("perceiver_resampler.") for name in state["image_proj"]) or (
        "proj.0.weight" in state["image_proj"] and "proj.3.weight" not in state["image_proj"]
    ):
        raise ValueError("it takes in faces only; choose one for whole pictures")
    return state


def _share_weights(unet: nn.Module, speaks_of_style: Callable[[str], bool]) -> None:
    """Both slots over one copy."""
    projections = unet.encoder_hid_proj.image_projection_layers
    projections[1] = projections[0]
    for layer, processor in unet.attn_processors.items():
        if hasattr(processor, "to_k_ip"):
            processor.to_k_ip[1], processor.to_v_ip[1] = processor.to_k_ip[0], processor.to_v_ip[0]
            processor.scale = [1.0, 1.0 if speaks_of_style(layer) else 0.0]


def _look(components: Any, pictures: Sequence[Image.Image], device: torch.device) -> tuple[torch.Tensor, torch.Tensor]:
    """What is seen in each, and in none: `[pictures, ...]`. Some adapters look at the encoder's last layer but one."""
    from diffusers.models.embeddings import ImageProjection

    projection = components.unet.encoder_hid_proj.image_projection_layers[0]
    seen, unseen = components.encode_image(list(pictures), device, 1, not isinstance(projection, ImageProjection))
    return seen, unseen
