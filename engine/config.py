"""What an operator may choose for the engine. Plain values, checked where they are used; no torch."""

import os
from dataclasses import dataclass, field
from pathlib import Path

FAMILIES = ("starter", "stable-diffusion", "sdxl", "flux")


def default_cache_dir() -> Path:
    """Where converted weights are kept: the user's cache folder, as XDG names it."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "easel"


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """One model on offer.

    `family` is one of `FAMILIES`. `source` is a local diffusers folder, a single-file checkpoint
    (`.safetensors`) or a Hugging Face id; empty means the weights that ship with the family, if any.
    A single file is read with the configuration of `base`, a folder or id of the model it was made from; empty lets
    diffusers recognise it, which asks the hub once. FLUX needs `base`, because its files hold the transformer only.
    What is None takes the model's own value.
    """

    name: str
    family: str
    source: str = ""
    base: str = ""
    width: int | None = None
    height: int | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    sampler: str | None = None


STARTER = ModelConfig(name="starter", family="starter")


@dataclass(frozen=True, slots=True)
class EngineConfig:
    """`models[0]` is the default model.

    `device` is "auto" or a torch device; `dtype` is "auto", "float32", "float16" or "bfloat16".
    `max_rows` is how many pictures may share one denoising step and `threads` how many CPU threads torch may
    use; 0 lets the engine choose. `max_pixels` bounds one picture. `upscaler` names the network that enlarges
    the starter's pictures: "auto", "compact" or "anime". `fixed_rows` pads every denoiser forward to that many rows
    (a guided picture takes two), so that the same seed gives the same bits whatever the neighbours; 0 is off.
    `upscale_model` enlarges any picture: "auto", "compact", "anime", "photo", or a .safetensors file of that family.
    `style_features` is a VGG-19 file for drawing in another picture's manner; empty takes the upscaler's layers.
    `drain_seconds` is how long `stop` lets requests under way finish before it hands them back.
    """

    models: tuple[ModelConfig, ...] = (STARTER,)
    device: str = "auto"
    dtype: str = "auto"
    max_rows: int = 0
    threads: int = 0
    max_pixels: int = 2048 * 2048
    upscaler: str = "auto"
    upscale_model: str = "auto"
    style_features: str = ""
    fixed_rows: int = 0
    drain_seconds: float = 0.0
    stop_timeout_seconds: float = 30.0
    cache_dir: Path = field(default_factory=default_cache_dir)
