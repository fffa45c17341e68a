"""Fetches the emoji art and renders it: one RGBA picture per noun, style and size. Knows files and pixels; knows
nothing of prompts or training."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from engine.starter.vocabulary import Noun
from engine.starter.words import BOX_PATCHES, PATCH, SIZES, SPRITE_PIXELS, STYLES

PACKAGES = (
    "@lobehub/fluent-emoji-3d@1.1.0",
    "@iconify-json/fluent-emoji-flat@1.2.6",
    "@iconify-json/noto@1.2.9",
)
VARIATION_SELECTOR = 0xFE0F

Pixels = npt.NDArray[np.uint8]


class ArtMissing(Exception):
    """The art could not be fetched, or a noun has no picture in one of the styles."""


@dataclass(frozen=True)
class SpriteSet:
    """boxes[size]: uint8 [nouns, styles, side, side, 4] premultiplied RGBA, side = box in pixels."""

    boxes: dict[str, Pixels]

    def box(self, noun: int, style: str, size: str) -> Pixels:
        return self.boxes[size][noun, STYLES.index(style)]


def fetch_art(folder: Path) -> Path:
    """Installs the three art packages below `folder` with npm, once; returns node_modules."""
    modules = folder / "node_modules"
    wanted = [modules / name.rsplit("@", 1)[0] / "package.json" for name in PACKAGES]
    if all(path.exists() for path in wanted):
        return modules
    npm = shutil.which("npm")
    if npm is None:
        raise ArtMissing("npm is not installed; install Node.js, or put the packages into " + str(modules))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n', encoding="utf-8")
    command = [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund", *PACKAGES]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ArtMissing("npm could not install the art: " + done.stderr.strip()[-300:])
    return modules


class ArtFolder:
    """Finds one emoji in each of the three packages."""

    def __init__(self, modules: Path) -> None:
        self._webp = modules / "@lobehub/fluent-emoji-3d/assets"
        self._flat = _IconSet(modules / "@iconify-json/fluent-emoji-flat")
        self._noto = _IconSet(modules / "@iconify-json/noto")

    def picture(self, emoji: str, style: str, side: int) -> Image.Image:
        """The emoji as RGBA with its longer edge filling `side` pixels, centred."""
        match style:
            case "3d":
                whole = self._webp_picture(emoji)
            case "flat":
                whole = self._flat.picture(emoji)
            case _:
                whole = self._noto.picture(emoji)
        return _fit(whole, side)

    def _webp_picture(self, emoji: str) -> Image.Image:
        for name in _code_names(emoji):
            path = self._webp / f"{name}.webp"
            if path.exists():
                return Image.open(path).convert("RGBA")
        raise ArtMissing(f"no 3d picture of {emoji}")


class _IconSet:
    def __init__(self, folder: Path) -> None:
        self._icons = json.loads((folder / "icons.json").read_text(encoding="utf-8"))
        self._names: dict[str, str] = json.loads((folder / "chars.json").read_text(encoding="utf-8"))

    def picture(self, emoji: str) -> Image.Image:
        import resvg_py  # only the training program needs it

        icon = self._icons["icons"].get(self._name(emoji))
        if icon is None:
            raise ArtMissing(f"no picture of {emoji} in {self._icons['prefix']}")
        width = icon.get("width", self._icons.get("width", 16))
        height = icon.get("height", self._icons.get("height", 16))
        svg = (
            f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="0 0 {width} {height}" width="256" height="256">{icon["body"]}</svg>'
        )
        return Image.open(io.BytesIO(bytes(resvg_py.svg_to_bytes(svg_string=svg)))).convert("RGBA")

    def _name(self, emoji: str) -> str:
        for code in _code_names(emoji):
            if code in self._names:
                return self._names[code]
        return ""


def _code_names(emoji: str) -> list[str]:
    points = [ord(character) for character in emoji]
    plain = [point for point in points if point != VARIATION_SELECTOR]
    spelled = (points, plain, [*plain, VARIATION_SELECTOR])
    return ["-".join(f"{point:04x}" for point in sequence) for sequence in spelled]


def _fit(picture: Image.Image, side: int) -> Image.Image:
    bounds = picture.getchannel("A").point(lambda value: 255 if value > 8 else 0).getbbox()
    if bounds is None:
        raise ArtMissing("an empty picture")
    cut = picture.crop(bounds)
    scale = side / max(cut.size)
    width, height = (max(1, round(edge * scale)) for edge in cut.size)
    small = cut.convert("RGBa").resize((width, height), Image.Resampling.LANCZOS)
    canvas = Image.new("RGBa", (side, side))
    canvas.paste(small, ((side - width) // 2, (side - height) // 2))
    return canvas


def render(nouns: list[Noun], modules: Path) -> SpriteSet:
    art = ArtFolder(modules)
    boxes: dict[str, Pixels] = {}
    for size in SIZES:
        side = BOX_PATCHES[size] * PATCH
        margin = (side - SPRITE_PIXELS[size]) // 2
        box = np.zeros((len(nouns), len(STYLES), side, side, 4), np.uint8)
        for index, noun in enumerate(nouns):
            for column, style in enumerate(STYLES):
                sprite = np.asarray(art.picture(noun.emoji, style, SPRITE_PIXELS[size]))
                inner = slice(margin, margin + SPRITE_PIXELS[size])
                box[index, column, inner, inner] = sprite
        boxes[size] = box
    return SpriteSet(boxes)


def load_sprites(nouns: list[Noun], folder: Path) -> SpriteSet:
    """Renders once and keeps the pixels in `folder`; renders again when the list of nouns changed."""
    cache = folder / "sprites.npz"
    key = json.dumps([[noun.emoji for noun in nouns], SPRITE_PIXELS, BOX_PATCHES, STYLES])
    if cache.exists():
        with np.load(cache) as stored:
            if str(stored["key"]) == key:
                return SpriteSet({size: stored[size] for size in SIZES})
    sprites = render(nouns, fetch_art(folder / "npm"))
    np.savez_compressed(cache, allow_pickle=False, key=np.array(key), **sprites.boxes)
    return sprites
