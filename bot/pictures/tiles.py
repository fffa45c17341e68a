"""A large picture out of overlapping tiles, without a seam. Pure and blocking."""

from collections.abc import Iterable, Sequence

import numpy as np

from bot.domain.canvas import Rect, Size
from bot.pictures.arrays import Colours, Floats, cut, resize, to_array, to_bytes, to_pixels
from engine.protocol import Pixels

LONGEST_SHOWN = 512


def cut_tiles(picture: Pixels, tiles: Iterable[Rect]) -> list[Pixels]:
    colours = to_array(picture)
    return [to_pixels(cut(colours, tile)) for tile in tiles]


def lay_tiles(picture: Pixels, tiles: Sequence[Rect], drawn: Iterable[Pixels]) -> Pixels:
    """The picture with its tiles drawn anew, in the order of the tiles: each fades in over what lies before it.

    One tile at a time, so that memory is that of the picture and one tile.
    """
    whole = to_array(picture).copy()
    for tile, pixels in zip(tiles, drawn, strict=True):
        part = whole[tile.top : tile.bottom, tile.left : tile.right]
        weight = _fade_in(tile, _overlap(tile, tiles))[..., None]
        part[:] = to_bytes(part + (resize(to_array(pixels), tile.size).astype(np.float32) - part) * weight)
    return to_pixels(whole)


def _overlap(tile: Rect, tiles: Sequence[Rect]) -> Size:
    """How many pixels the tile shares with the ones on its left and above; 0 at the picture's own edge."""
    left = max(
        (other.right - tile.left for other in tiles if other.left < tile.left and other.top == tile.top), default=0
    )
    above = max(
        (other.bottom - tile.top for other in tiles if other.top < tile.top and other.left == tile.left), default=0
    )
    return Size(max(0, left), max(0, above))


def _fade_in(tile: Rect, overlap: Size) -> Floats:
    across, down = _ramp(tile.width, overlap.width), _ramp(tile.height, overlap.height)
    return np.minimum(across[None, :], down[:, None])


def _ramp(length: int, rise: int) -> Floats:
    ramp = np.ones(length, np.float32)
    ramp[:rise] = (np.arange(rise, dtype=np.float32) + 1) / (rise + 1)
    return ramp


def show_tiles(picture: Pixels, tiles: Sequence[Rect], previews: Sequence[Pixels]) -> Pixels:
    """A small picture of the whole, with what is known so far of some tiles."""
    whole = to_array(picture)
    scale = min(1.0, LONGEST_SHOWN / max(picture.width, picture.height))
    small: Colours = resize(
        whole, Size(max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    ).copy()
    for tile, preview in zip(tiles, previews, strict=True):
        top, left = round(tile.top * scale), round(tile.left * scale)
        part = small[top : round(tile.bottom * scale), left : round(tile.right * scale)]
        part[:] = resize(to_array(preview), Size(part.shape[1], part.shape[0]))
    return to_pixels(small)
