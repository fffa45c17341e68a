"""How every thing looks to this model: its own drawings of each noun in each style, cut out of their background.

Each is drawn twice, on white and on black; where the two differ the background shows through. One denoising step from
pure noise is enough when the prompt leaves nothing open. `python -m engine.starter.album` draws those of the weights in
the repository, which lie beside them; other weights are drawn when first needed, and kept in the cache.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torch.nn import functional as F

from engine.slices import Slices, finish
from engine.starter.backgrounds import PLAIN
from engine.starter.model import WEIGHTS, StarterModel
from engine.starter.words import BOX_PATCHES, PATCH, PICTURE, SPRITE_PIXELS, STYLES

log = logging.getLogger(__name__)

LARGE = SPRITE_PIXELS["large"]
WHITE, BLACK = (torch.tensor(PLAIN[name]) / 255 for name in ("white", "black"))
NOISE_SEED = 1
COLUMNS = 30  # drawings side by side on the sheet that is kept
QUALITY = 80

DrawAlbum = Callable[[], Slices["Album"]]


@dataclass(frozen=True, slots=True)
class Album:
    """`large` [nouns * styles, 4, 48, 48]: premultiplied RGBA in [0, 1]."""

    large: Tensor

    def at_size(self, size: str) -> Tensor:
        """[nouns * styles, 4, side, side], centred in the box that things of this size stand in."""
        pixels, side = SPRITE_PIXELS[size], BOX_PATCHES[size] * PATCH
        shown = F.interpolate(self.large, (pixels, pixels), mode="bicubic", antialias=True).clamp(0, 1)
        return F.pad(shown, ((side - pixels) // 2,) * 4)


def open_album(folder: Path, cache_dir: Path, count: int, draw: DrawAlbum) -> Slices[Album]:
    """Of the weights in `folder`: from beside them, or out of the cache, or drawn and kept there. `count`: drawings."""
    name = f"album-{fingerprint(folder)}.webp"
    for path in (folder / name, cache_dir / "albums" / name):
        if path.is_file():
            try:
                return read_album(path, count)
            except (OSError, UnidentifiedImageError, ValueError) as error:
                log.warning("the album of drawings is drawn anew: %s", error)
    album = yield from draw()
    try:
        write_album(album, cache_dir / "albums" / name)
    except OSError as error:  # that costs the next start the drawing, nothing else
        log.warning("the album of drawings was not kept: %s", error)
    return album


def fingerprint(folder: Path) -> str:
    return hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest()[:16]


def write_album(album: Album, path: Path) -> None:
    """As one sheet: the colours above, what they cover below in grey."""
    count = len(album.large)
    rows = -(-count // COLUMNS)
    cells = F.pad(album.large, (0, 0, 0, 0, 0, 0, 0, rows * COLUMNS - count)).unflatten(0, (rows, COLUMNS))
    sheet = (cells.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1) * 255).round().to(torch.uint8)
    whole = torch.cat([sheet[..., :3], sheet[..., 3:].expand(-1, -1, 3)])
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".partial")
    Image.fromarray(whole.numpy()).save(unfinished, "WEBP", quality=QUALITY, method=6)
    unfinished.replace(path)


def read_album(path: Path, count: int) -> Album:
    """Raises what Pillow raises, and `ValueError` for a sheet of another number of drawings."""
    with Image.open(path) as picture:
        levels = torch.from_numpy(np.array(picture.convert("RGB"))).float() / 255
    rows = -(-count // COLUMNS)
    if levels.shape != (2 * rows * LARGE, COLUMNS * LARGE, 3):
        raise ValueError(f"{path} does not hold {count} drawings")
    colours, covers = levels.split(rows * LARGE)
    sheet = torch.cat([colours, covers.mean(dim=-1, keepdim=True)], dim=-1)
    cells = sheet.unflatten(1, (COLUMNS, LARGE)).unflatten(0, (rows, LARGE)).permute(0, 2, 4, 1, 3)
    return Album(cells.flatten(0, 1)[:count].contiguous())


def draw_album(model: StarterModel) -> Slices[Album]:
    names = [(noun.head, style) for noun in model.vocabulary.nouns for style in STYLES]
    count = 2 if model.memory.device.type == "cpu" else 32
    drawn: list[Tensor] = []
    for start in range(0, len(names), count):
        drawn.append(_cut_out(model, names[start : start + count]))
        yield
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


def main() -> None:
    for old in WEIGHTS.glob("album-*.webp"):
        old.unlink()
    with torch.inference_mode():
        write_album(finish(draw_album(StarterModel.load())), WEIGHTS / f"album-{fingerprint(WEIGHTS)}.webp")


if __name__ == "__main__":
    main()
