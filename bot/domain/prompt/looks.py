"""Named looks: what `--style` and the settings offer beside the styles of old versions, and the words each one adds."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.domain.said import Said


@dataclass(frozen=True, slots=True)
class Look:
    """`name` is what is typed after `--style`, `label` what people read, `words` what the model reads."""

    name: str
    label: str
    words: str


_ALL = (
    Look("photo", Said("Photograph"), "photograph"),
    Look("oil", Said("Oil painting"), "oil painting"),
    Look("watercolour", Said("Watercolour"), "watercolor painting"),
    Look("line-art", Said("Line art"), "line art"),
    Look("sketch", Said("Pencil sketch"), "pencil sketch"),
    Look("pixel-art", Said("Pixel art"), "pixel art"),
    Look("3d", "3D", "3d"),
    Look("flat", Said("Flat"), "flat"),
    Look("cartoon", Said("Cartoon"), "cartoon"),
    Look("comic", Said("Comic book"), "comic"),
    Look("anime", Said("Anime"), "anime"),
    Look("low-poly", Said("Low poly"), "low poly"),
    Look("clay", Said("Clay"), "claymation"),
    Look("stained-glass", Said("Stained glass"), "stained glass"),
)
LOOKS: Mapping[str, Look] = MappingProxyType({look.name: look for look in _ALL})
