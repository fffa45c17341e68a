"""Pictures in and out of tensors: `Pixels` on our side, `[1, 3, H, W]` in [-1, 1] on the model's."""

import numpy
import torch
from PIL import Image, ImageOps

from engine.precision import NotANumber
from engine.protocol import Mask, Pixels

HALF = 127.5  # of 255


def to_tensor(pixels: Pixels, width: int, height: int) -> torch.Tensor:
    """Float32 on the CPU, scaled to the size and cropped around the centre if the shape differs."""
    picture = Image.frombytes("RGB", (pixels.width, pixels.height), pixels.rgb)
    if picture.size != (width, height):
        picture = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    values = numpy.asarray(picture, dtype=numpy.float32) / 255.0
    return torch.from_numpy(values).permute(2, 0, 1).unsqueeze(0) * 2.0 - 1.0


def to_mask_tensor(mask: Mask, width: int, height: int) -> torch.Tensor:
    """`[1, 1, H, W]` of 0 and 1 (redraw) on the CPU: scaled as a picture is, then cut at half brightness."""
    picture = Image.frombytes("L", (mask.width, mask.height), mask.levels)
    if picture.size != (width, height):
        picture = ImageOps.fit(picture, (width, height), Image.Resampling.LANCZOS)
    levels = torch.from_numpy(numpy.asarray(picture, dtype=numpy.float32))
    return (levels >= HALF).float().view(1, 1, height, width)


def shrink_mask(mask: torch.Tensor, latent_size: tuple[int, int]) -> torch.Tensor:
    """One pixel taken for each of the latents' (height, width), as diffusers does."""
    return torch.nn.functional.interpolate(mask, size=latent_size)


def to_pixels(picture: torch.Tensor) -> Pixels:
    """Of the first picture. Raises `NotANumber`."""
    return to_pixels_of_each(picture[:1])[0]


def to_pixels_of_each(pictures: torch.Tensor) -> tuple[Pixels, ...]:
    """Raises `NotANumber`; asked here, where tensors leave the device anyway."""
    if not bool(torch.isfinite(pictures).all()):
        raise NotANumber("the picture is not finite; try float32 or another sampler")
    values = (pictures.float() / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).cpu().numpy()
    levels = (values * 255).round().astype(numpy.uint8)
    _, height, width, _ = levels.shape
    return tuple(Pixels(width, height, one.tobytes()) for one in levels)
