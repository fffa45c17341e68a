"""Named looks: what `--style` and the settings offer beside the styles of old versions, and the words each one adds."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Look:
    """`name` is what is typed after `--style`; `words` are what the model reads."""

    name: str
    label: str
    words: str


_ALL = (
    Look("photo", "Photograph", "photograph"),
    Look("oil", "Oil painting", "oil painting"),
    Look("watercolour", "Watercolour", "watercolor painting"),
    Look("line-art", "Line art", "line art"),
    Look("sketch", "Pencil sketch", "pencil sketch"),
    Look("pixel-art", "Pixel art", "pixel art"),
    Look("3d", "3D", "3d"),
    Look("flat", "Flat", "flat"),
    Look("cartoon", "Cartoon", "cartoon"),
    Look("comic", "Comic book", "comic"),
    Look("anime", "Anime", "anime"),
    Look("low-poly", "Low poly", "low poly"),
    Look("clay", "Clay", "claymation"),
    Look("stained-glass", "Stained glass", "stained glass"),
)
LOOKS: Mapping[str, Look] = MappingProxyType({look.name: look for look in _ALL})
