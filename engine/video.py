"""Films by Stable Video Diffusion: a picture begins to move.

diffusers loads the folder and its own pipeline draws, paused after every layer so that nobody's picture waits.
"""

import contextlib
import copy
import math
import textwrap
from dataclasses import dataclass
from typing import Any

import torch
from safetensors import SafetensorError
from torch import nn

from engine.limits import InvalidRequest, check_between, check_seed
from engine.model_folder import find_model
from engine.pictures import to_pixels_of_each
from engine.protocol import AnimateRequest, EngineStartError, Finished, Pixels, Progress, Started
from engine.slices import Work, in_slices
from engine.tasks import Effort

PARTS = ("unet", "vae", "image_encoder", "scheduler", "feature_extractor")
MAX_STEPS = 100
STEPS = 25
BUCKETS = 255
"""How lively a film is stands in a byte: the model was trained on motion in so many classes."""
WIDEST = 3.0
UNET_STRIDE = 8
FRAMES_PER_DECODE = 4
"""The decoder looks at neighbours in time, so fewer would flicker; more take more memory."""


@dataclass(frozen=True, slots=True)
class VideoModel:
    """`components` is a StableVideoDiffusionPipeline whose VAE computes in float32, for in float16 it overflows."""

    components: Any
    device: torch.device

    def private_pipeline(self) -> Any:
        """The same networks with a noise scheduler of its own: two films may be under way at once."""
        parts = {**self.components.components, "scheduler": copy.deepcopy(self.components.scheduler)}
        pipeline = type(self.components)(**parts)
        pipeline.set_progress_bar_config(disable=True)
        return pipeline

    @property
    def networks(self) -> nn.Module:
        parts = self.components
        return nn.ModuleList([parts.image_encoder, parts.vae, parts.unet])

    def size_for(self, picture: Pixels) -> tuple[int, int]:
        """Width and height in its shape and about the model's own area."""
        factor = self.components.vae_scale_factor
        stride, side = factor * UNET_STRIDE, self.components.unet.config.sample_size * factor
        ratio = min(WIDEST, max(1 / WIDEST, picture.width / picture.height))
        width, height = side * math.sqrt(ratio), side / math.sqrt(ratio)
        return max(stride, round(width / stride) * stride), max(stride, round(height / stride) * stride)


def load_video(source: str, device: torch.device, dtype: torch.dtype) -> VideoModel:
    """A diffusers folder or a Hugging Face id. Raises `EngineStartError`."""
    from diffusers import StableVideoDiffusionPipeline

    try:
        components = StableVideoDiffusionPipeline.from_pretrained(
            find_model(source, PARTS), dtype=dtype, use_safetensors=True
        )
    except (OSError, ValueError, RuntimeError, LookupError, AttributeError, SafetensorError) as error:
        gist = textwrap.shorten(str(error), 300)
        raise EngineStartError(f"the video model {source} cannot be loaded: {gist}") from error
    components.vae.to(torch.float32)
    return VideoModel(components.to(device), device)


def check_animate(request: AnimateRequest) -> None:
    """Raises `InvalidRequest`."""
    if min(request.pixels.width, request.pixels.height) < 1:
        raise InvalidRequest("a picture without pixels cannot move")
    check_seed(request.seed)
    check_between("motion", request.motion, 0, 1)
    check_between("steps", request.steps, 0, MAX_STEPS)


def animate(request: AnimateRequest, model: VideoModel, effort: Effort) -> Work:
    """A step is one of denoising, over all frames at once."""
    steps, done = request.steps or STEPS, [0]
    yield Started(steps)

    def count(_pipeline: Any, step: int, _timestep: Any, told: dict[str, Any]) -> dict[str, Any]:
        done[0] = step + 1
        return told

    def draw() -> tuple[Pixels, ...]:
        latents = _denoise(request, model, steps, count)
        return _decode(latents, model, max(1, FRAMES_PER_DECODE >> effort.halvings))

    reported = 0
    with contextlib.closing(in_slices(draw, model.networks)) as slices:
        while True:
            try:
                next(slices)
            except StopIteration as ended:
                return Finished(ended.value, engine_seconds=0.0)
            yield Progress(done[0], steps) if done[0] > reported else None
            reported = done[0]


def _denoise(request: AnimateRequest, model: VideoModel, steps: int, count: Any) -> torch.Tensor:
    """`[frames, C, h, w]`."""
    from PIL import Image

    width, height = model.size_for(request.pixels)
    picture = Image.frombytes("RGB", (request.pixels.width, request.pixels.height), request.pixels.rgb)
    latents: torch.Tensor = model.private_pipeline()(
        picture.resize((width, height), Image.Resampling.LANCZOS),
        height=height,
        width=width,
        num_inference_steps=steps,
        motion_bucket_id=round(request.motion * BUCKETS),
        generator=torch.Generator().manual_seed(request.seed),
        output_type="latent",
        callback_on_step_end=count,
        return_dict=False,
    )
    return latents[0]


def _decode(latents: torch.Tensor, model: VideoModel, chunk: int) -> tuple[Pixels, ...]:
    """Raises `NotANumber`."""
    vae = model.components.vae
    scaled = latents.to(vae.dtype) / vae.config.scaling_factor
    frames: list[Pixels] = []
    for part in scaled.split(chunk):
        frames += to_pixels_of_each(vae.decode(part, num_frames=len(part)).sample)
    return tuple(frames)
