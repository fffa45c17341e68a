"""Pictures that repeat without a seam (`--tile`): going around their edge, and showing how they repeat.

Pure and blocking.
"""

import numpy as np
from PIL import Image

from bot.pictures.arrays import Colours, to_array, to_bytes, to_pixels
from bot.pictures.files import flatten, open_image, save, scaled
from engine.protocol import Pixels

LONGEST_SHOWN = 2048


def go_round(picture: Pixels, margin: int) -> Pixels:
    """The picture with so many pixels of its repetition on the right and below."""
    if margin == 0:
        return picture
    return to_pixels(np.pad(to_array(picture), ((0, margin), (0, margin), (0, 0)), mode="wrap"))


def close_round(picture: Pixels, margin: int) -> Pixels:
    """Back from `go_round`, after whatever was done to it: its edges meet as the margin met the picture."""
    if margin == 0:
        return picture
    closed = _close_rows(_close_rows(to_array(picture), margin).swapaxes(0, 1), margin)
    return to_pixels(closed.swapaxes(0, 1))


def _close_rows(colours: Colours, margin: int) -> Colours:
    """The last rows fade into the first ones, which they repeat."""
    closed, beyond = colours[:-margin].copy(), colours[-margin:].astype(np.float32)
    share = np.linspace(1, 0, margin + 1, dtype=np.float32)[:margin, None, None]
    closed[:margin] = to_bytes(closed[:margin] * (1 - share) + beyond * share)
    return closed


def compose_repeated(master: bytes) -> bytes:
    """WebP of the picture beside and above itself, its longer side at most 2048 pixels."""
    image = flatten(open_image(master))
    scale = min(1.0, LONGEST_SHOWN / 2 / max(image.size))
    if scale < 1:
        image = image.resize(scaled(image, scale), Image.Resampling.LANCZOS)
    return save(Image.fromarray(np.tile(np.asarray(image), (2, 2, 1))), "WEBP", quality=90, method=2)
