"""What a model declares that it can do, as far as prompts may ask for it."""

from dataclasses import dataclass

HD_SCALE = 2
"""How much longer the sides are with `--hd`."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model can do. `width`, `height` in pixels, `steps` and `guidance_scale` are what it draws by itself.

    `guidance_scale` None: the model is not guided, or only by a fixed amount. `max_pixels` is the largest picture's
    area, `max_ratio` its longer side over the shorter. An empty `vocabulary` means that it reads any words.
    """

    model: str
    width: int
    height: int
    steps: int
    guidance_scale: float | None = None
    max_pixels: int = 0
    max_ratio: float = 4.0
    vocabulary: frozenset[str] = frozenset()
    supports_negative: bool = False
    supports_weights: bool = False
    supports_guidance_per_row: bool = False
    supports_stop: bool = False
    supports_tile: bool = False
    supports_image_prompt: bool = False
    supports_style_reference: bool = False
    supports_character_reference: bool = False
    supports_omni_reference: bool = False
    supports_video: bool = False

    @property
    def can_draw_hd(self) -> bool:
        return self.max_pixels >= self.width * self.height * HD_SCALE**2
