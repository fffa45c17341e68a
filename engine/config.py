"""What an operator may choose for the engine. Plain values, checked where they are used; no torch."""

import os
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from engine.protocol import EngineStartError

FAMILIES = ("starter", "stable-diffusion", "sdxl", "flux")
COMPILE_MODES = ("auto", "on", "off")


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
    `preview_decoder` is a tiny decoder (AutoencoderTiny: TAESD, TAESDXL, TAEF1) by folder or id, for previews that look
    like the picture; without one they are guessed from the latents. `image_adapter` is an IP-Adapter by folder or id,
    with which Stable Diffusion and SDXL look at reference pictures; its weights and its image encoder's folder are
    named relative to it, empty as they are published. What is None takes the model's own value. Of these options a
    starter takes `source`, `steps` and `guidance_scale`; the others are refused.
    """

    name: str
    family: str
    source: str = ""
    base: str = ""
    preview_decoder: str = ""
    image_adapter: str = ""
    image_adapter_weights: str = ""
    image_adapter_encoder: str = ""
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
    `compile` is "auto" (denoisers are compiled on CUDA only), "on" or "off"; "on" refuses to start with a model that
    cannot be compiled, "auto" says so and goes on without. `memory_mib` is what a step may take beside the weights; 0
    is what the device has free, and no limit on a CPU.
    `upscale_model` enlarges any picture: "auto", "compact", "anime", "photo", or a .safetensors file of that family.
    `style_features` is a VGG-19 file for drawing in another picture's manner; empty takes the upscaler's layers.
    `video_model` lets pictures move: a diffusers folder or Hugging Face id of Stable Video Diffusion; empty: none.
    `describe_model` says what is in a picture: a folder or Hugging Face id of a Florence-2, BLIP or Qwen-VL model;
    "auto" names what the starter could have drawn, and the colours of anything else.
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
    video_model: str = ""
    describe_model: str = "auto"
    fixed_rows: int = 0
    compile: str = "auto"
    memory_mib: int = 0
    drain_seconds: float = 0.0
    stop_timeout_seconds: float = 30.0
    cache_dir: Path = field(default_factory=default_cache_dir)


def read_config(path: Path) -> EngineConfig:
    """The [engine] part of a studio's settings, as far as it is the engine's. Raises `EngineStartError`."""
    try:
        settings = dict(tomllib.loads(path.read_text(encoding="utf-8")).get("engine", {}))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise EngineStartError(f"{path} cannot be read: {error}") from error
    if "cache" in settings:
        settings["cache_dir"] = Path(settings["cache"])
    known = {name: value for name, value in settings.items() if name in _names(EngineConfig) - {"models"}}
    models = tuple(_read_model(model, path) for model in settings.get("models", [])) or (STARTER,)
    return EngineConfig(**known, models=models)


def _read_model(settings: dict[str, Any], path: Path) -> ModelConfig:
    if missing := {"name", "family"} - settings.keys():
        raise EngineStartError(f"a model in {path} has no {' and no '.join(sorted(missing))}")
    return ModelConfig(**{name: value for name, value in settings.items() if name in _names(ModelConfig)})


def _names(kind: type) -> set[str]:
    return {known.name for known in fields(kind)}
