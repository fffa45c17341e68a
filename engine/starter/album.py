"""How every thing looks to this model: its own drawings of each noun in each style, cut out of their background.

Each is drawn twice, on white and on black; where the two differ the background shows through. One denoising step from
pure noise is enough when the prompt leaves nothing open. Knows nothing of requests or of pictures to be recognised.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import functional as F

from engine.starter.backgrounds import PLAIN
from engine.starter.model import StarterModel
from engine.starter.vocabulary import BOX_PATCHES, PATCH, PICTURE, SPRITE_PIXELS, STYLES

log = logging.getLogger(__name__)

LARGE = SPRITE_PIXELS["large"]
WHITE, BLACK = (torch.tensor(PLAIN[name]) / 255 for name in ("white", "black"))
NOISE_SEED = 1


@dataclass(frozen=True, slots=True)
class Album:
    """`large` [nouns * styles, 4, 48, 48]: premultiplied RGBA in [0, 1]."""

    large: Tensor

    def at_size(self, size: str) -> Tensor:
        """[nouns * styles, 4, side, side], centred in the box that things of this size stand in."""
        pixels, side = SPRITE_PIXELS[size], BOX_PATCHES[size] * PATCH
        shown = F.interpolate(self.large, (pixels, pixels), mode="bicubic", antialias=True).clamp(0, 1)
        return F.pad(shown, ((side - pixels) // 2,) * 4)


def open_album(model: StarterModel, cache_dir: Path) -> Generator[tuple[int, int], None, Album]:
    """Out of the cache, or drawn and kept there. Yields (things drawn, of so many)."""
    path = cache_dir / "albums" / f"{_fingerprint(model)}.safetensors"
    if path.is_file():
        try:
            return Album(load_file(path)["large"].float() / 255)
        except (SafetensorError, KeyError, OSError) as error:
            log.warning("the album of drawings is drawn anew: %s", error)
    album = yield from draw_album(model)
    _keep(album, path)
    return album


def draw_album(model: StarterModel) -> Generator[tuple[int, int], None, Album]:
    names = [(noun.head, style) for noun in model.vocabulary.nouns for style in STYLES]
    count = 2 if model.memory.device.type == "cpu" else 32
    drawn: list[Tensor] = []
    for start in range(0, len(names), count):
        drawn.append(_cut_out(model, names[start : start + count]))
        yield min(start + count, len(names)), len(names)
    return Album(torch.cat(drawn))


def _cut_out(model: StarterModel, names: Sequence[tuple[str, str]]) -> Tensor:
    """[count, 4, 48, 48]. With colour c and alpha a, a pixel is c + (1 - a) * background."""
    prompts = [
        f"a large {style} {noun} in the middle, {background} background"
        for background in ("white", "black")
        for noun, style in names
    ]
    on_white, on_black = _draw(model, prompts).split(len(names))
    spread = (WHITE - BLACK).view(3, 1, 1)
    alpha = (1 - ((on_white - on_black) / spread).mean(dim=1, keepdim=True)).clamp(0, 1)
    colour = (on_black - (1 - alpha) * BLACK.view(3, 1, 1)).clamp(0, 1)
    margin = (PICTURE - LARGE) // 2
    return torch.cat([colour, alpha], dim=1)[:, :, margin:-margin, margin:-margin]


def _draw(model: StarterModel, prompts: list[str]) -> Tensor:
    """[prompts, 3, 64, 64] in [0, 1]."""
    memory = model.memory
    noise = torch.randn(1, 3, PICTURE, PICTURE, generator=torch.Generator().manual_seed(NOISE_SEED))
    latents = noise.expand(len(prompts), -1, -1, -1).to(memory.device, memory.dtype)
    times = torch.ones(len(prompts), device=memory.device, dtype=memory.dtype)
    clean = model.predict_clean(latents, times, model.encode(prompts))
    return ((clean.float().cpu() + 1) / 2).clamp(0, 1)


def _fingerprint(model: StarterModel) -> str:
    """Of what decides the drawings."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().half().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


def _keep(album: Album, path: Path) -> None:
    """A cache that cannot be written costs the next start the drawing, nothing else."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".partial")
        save_file({"large": (album.large * 255).round().to(torch.uint8)}, unfinished)
        unfinished.replace(path)
    except OSError as error:
        log.warning("the album of drawings was not kept: %s", error)
