"""The plain way to draw with the starter model: Euler steps from noise, and sheets of captioned pictures. Training
and evaluation use it; the engine has its own loop."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from engine.starter.dataset import Picture, as_picture
from engine.starter.model import Conditioning, StarterModel
from engine.starter.words import PICTURE

DRAWING_STEPS = 20


@torch.inference_mode()
def draw(
    model: StarterModel, prompts: Sequence[str], *, seed: int, steps: int = DRAWING_STEPS, guidance: float = 1.0
) -> list[Picture]:
    """One picture a prompt; the noise depends on the seed and the place in the list."""
    generator = torch.Generator().manual_seed(seed)
    latents = torch.randn(len(prompts), 3, PICTURE, PICTURE, generator=generator)
    conditioning = model.encode(prompts)
    nothing = model.encode([""] * len(prompts)) if guidance != 1.0 else None
    sigmas = torch.linspace(1, 0, steps + 1)
    for now, after in itertools.pairwise(sigmas):
        times = now.expand(len(prompts))
        velocity = _guided(model, latents, times, conditioning, nothing, guidance)
        latents = latents + (after - now) * velocity
    return [as_picture(row) for row in latents]


def _guided(
    model: StarterModel,
    latents: Tensor,
    times: Tensor,
    conditioning: Conditioning,
    nothing: Conditioning | None,
    guidance: float,
) -> Tensor:
    velocity = model.denoise(latents, times, conditioning)
    if nothing is None:
        return velocity
    return velocity.lerp(model.denoise(latents, times, nothing), 1 - guidance)


def draw_all(model: StarterModel, prompts: Sequence[str], *, seed: int, batch: int = 32) -> list[Picture]:
    """As `draw`, in batches that fit a small machine."""
    pictures: list[Picture] = []
    for start in range(0, len(prompts), batch):
        pictures += draw(model, prompts[start : start + batch], seed=seed + start)
    return pictures


def save_sheet(pictures: Sequence[Picture], captions: Sequence[str], path: Path, *, columns: int = 8) -> None:
    """A PNG of the pictures, twice enlarged, each over its caption."""
    edge, line = PICTURE * 2, 24
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (edge + 4), rows * (edge + line + 4)), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        left, top = number % columns * (edge + 4), number // columns * (edge + line + 4)
        sheet.paste(Image.fromarray(picture).resize((edge, edge), Image.Resampling.LANCZOS), (left, top))
        for row, part in enumerate(_wrapped(caption, 24)):
            pen.text((left + 1, top + edge + row * 11), part, fill="black", font_size=9)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path, optimize=True)


def _wrapped(caption: str, width: int) -> list[str]:
    lines = [""]
    for word in caption.split():
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines[:2]
