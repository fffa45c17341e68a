"""Says of any picture which colours it has and how they lie: for pictures that show nothing the model could draw.

Knows pixels and colour words; it names no things, because it cannot know them.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.starter.backgrounds import PLAIN

MAIN_SHARE = 0.1  # of the picture, before a colour is one of its main ones
ACCENT_SHARE = 0.01
MOST_MAIN = 3
DIM, BRIGHT = 0.28, 0.72  # of white
SMOOTH, BUSY = 0.02, 0.06  # mean difference between neighbouring pixels
PALE, VIVID = 0.12, 0.35  # mean difference between a pixel's strongest and weakest channel
GREYS = ("white", "grey", "black")
THIRD = 64 // 3

KINDS = ("picture", "image", "composition")
TONES = {
    "dim": ("a dim", "a shadowy", "a low-key"),
    "bright": ("a bright", "a luminous", "a light"),
    "": ("a", "an evenly lit"),
}
TEXTURES = {
    "smooth": ("soft and smooth", "with gentle gradients", "calm"),
    "busy": ("full of fine detail", "richly textured", "busy"),
    "": ("with some detail", "lightly textured"),
}
MOODS = {"pale": "muted colours", "vivid": "vivid colours", "": "natural colours"}


@dataclass(frozen=True, slots=True)
class Palette:
    """`main` are colour words, the largest share first; `accent` is rare and stands out, at `accent_place`."""

    main: tuple[str, ...]
    above: str
    below: str
    accent: str
    accent_place: str
    tone: str
    texture: str
    mood: str


def look_at_colours(picture: Tensor) -> Palette:
    """`picture` [3, 64, 64] in [0, 1]."""
    names = list(PLAIN)
    shades = torch.tensor([PLAIN[name] for name in names]) / 255
    nearest = (_opponent(picture)[:, None] - _opponent(shades.T)[:, :, None, None]).square().sum(dim=0).argmin(dim=0)
    counts = Counter({names[index]: count for index, count in enumerate(nearest.flatten().bincount().tolist())})
    ranked = [(name, count / nearest.numel()) for name, count in counts.most_common() if count]
    main = tuple(name for name, share in ranked[:MOST_MAIN] if share >= MAIN_SHARE) or (ranked[0][0],)
    accent = next((name for name, share in ranked if _stands_out(name, share, main)), "")
    steps = (picture.diff(dim=1).abs().mean() + picture.diff(dim=2).abs().mean()).item() / 2
    return Palette(
        main=main,
        above=names[int(nearest[:THIRD].flatten().mode().values)],
        below=names[int(nearest[-THIRD:].flatten().mode().values)],
        accent=accent,
        accent_place=_place(nearest == names.index(accent)) if accent else "",
        tone=_between(picture.mean().item(), DIM, BRIGHT, ("dim", "", "bright")),
        texture=_between(steps, SMOOTH, BUSY, ("smooth", "", "busy")),
        mood=_between((picture.amax(dim=0) - picture.amin(dim=0)).mean().item(), PALE, VIVID, ("pale", "", "vivid")),
    )


def describe_colours(palette: Palette, count: int, seed: int) -> tuple[str, ...]:
    """Up to `count` different sentences."""
    chance = random.Random(seed)
    sentences: dict[str, None] = {}
    for attempt in range(20 * count):
        sentences[_sentence(palette, attempt % 4, chance)] = None
        if len(sentences) == count:
            break
    return tuple(sentences)


def _sentence(palette: Palette, form: int, chance: random.Random) -> str:
    colours, texture, kind = _listed(palette.main), chance.choice(TEXTURES[palette.texture]), chance.choice(KINDS)
    tone = chance.choice(TONES[palette.tone])
    named = f"{tone} {kind}" if (tone, kind) != ("a", "image") else "an image"
    match form:
        case 0:
            return f"{named} in {colours}, {texture}{_accent(palette)}"
        case 1 if palette.above != palette.below:
            return f"{palette.above} above, {palette.below} below, {texture}, {MOODS[palette.mood]}"
        case 1:
            return f"{palette.main[0]} from edge to edge, {texture}, {MOODS[palette.mood]}"
        case 2:
            return f"an abstract {kind} of {colours}{_accent(palette)}, {MOODS[palette.mood]}"
        case _:
            return f"mostly {palette.main[0]}{_accent(palette)}, {texture}, {named}"


def _accent(palette: Palette) -> str:
    return f", a touch of {palette.accent} {palette.accent_place}" if palette.accent else ""


def _listed(words: tuple[str, ...]) -> str:
    return f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]


def _stands_out(name: str, share: float, main: tuple[str, ...]) -> bool:
    return name not in main and name not in GREYS and share >= ACCENT_SHARE


def _place(cover: Tensor) -> str:
    rows, columns = (axis.float().mean().item() / (64 - 1) for axis in cover.nonzero(as_tuple=True))
    down = _between(rows, 1 / 3, 2 / 3, ("at the top", "", "at the bottom"))
    across = _between(columns, 1 / 3, 2 / 3, ("on the left", "", "on the right"))
    return f"{down} {across}".strip() or "in the middle"


def _between(value: float, low: float, high: float, words: tuple[str, str, str]) -> str:
    return words[0] if value < low else words[2] if value > high else words[1]


def _opponent(channels: Tensor) -> Tensor:
    """[3, ...] RGB to brightness and two differences of colour, which count for more: what is in the shade keeps its
    name."""
    red, green, blue = channels
    return torch.stack([0.7 * (red + green + blue) / 3, 1.4 * (red - green), 1.1 * ((red + green) / 2 - blue)])
