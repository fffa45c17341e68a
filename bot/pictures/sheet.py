"""A sheet: a picture of which a part is known and must stay as it is, and the rest is still to be drawn.

The model draws windows of it, in its own sizes. What comes back is put into the unknown part alone, with its colours
drawn towards the known ones along the seam, so that no edge shows. Pure and blocking.
"""

from dataclasses import dataclass, replace

import numpy as np
from PIL import Image, ImageFilter

from bot.domain.canvas import Canvas, Rect, Size
from bot.pictures.arrays import (
    Colours,
    Flags,
    Floats,
    carry_on,
    cut,
    cut_flags,
    grow,
    nearness,
    resize,
    spread,
    to_array,
    to_bytes,
    to_pixels,
)
from bot.pictures.edges import go_on
from engine.protocol import Mask, Pixels

CELL = 8
"""Pixels of one latent: a cell with anything unknown in it has to be drawn as a whole."""

RING = 2
"""Pixels along the seam whose colours are compared."""

HAZE = 0.02
"""How far what is looked at from afar is blurred, as a share of the shorter side."""

ALIKE, ALIEN = 6, 14
"""Levels of 255 by which a drawing may be off, and from which on nothing is taken of it."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """`colours[h, w, 3]`; where `known[h, w]` is false they are only a guess."""

    colours: Colours
    known: Flags

    @property
    def size(self) -> Size:
        return Size(self.known.shape[1], self.known.shape[0])

    @property
    def pixels(self) -> Pixels:
        return to_pixels(self.colours)


def lay_out(old: Pixels, canvas: Canvas) -> Sheet:
    """The old picture in its place on the canvas; beyond it, its edges go on."""
    place, size = canvas.old, canvas.size
    known = np.zeros((size.height, size.width), np.bool_)
    known[place.top : place.bottom, place.left : place.right] = True
    return Sheet(go_on(resize(to_array(old), place.size), canvas), known)


def erase(picture: Pixels, region: Flags) -> Sheet:
    """The picture with a region that is to be drawn anew; until then it takes the colours around it."""
    colours = to_array(picture)
    return Sheet(to_bytes(spread(colours.astype(np.float32), ~region)), ~region)


def show_window(sheet: Sheet, window: Rect, size: Size) -> Pixels:
    """What the model starts from, in the pixels that it draws."""
    return to_pixels(resize(cut(sheet.colours, window), size))


def mask_window(sheet: Sheet, window: Rect, size: Size) -> Mask:
    """What the model is to draw of the window: white."""
    unknown = ~cut_flags(sheet.known, window, beyond=True)
    levels = Image.fromarray(unknown).convert("L").resize((size.width, size.height), Image.Resampling.BOX)
    grown = grow(np.asarray(levels) > 0, CELL - 1)
    return Mask(size.width, size.height, (grown * np.uint8(255)).tobytes())


def shrink(sheet: Sheet, longest: int) -> Sheet:
    """A small sheet to show, its longer side at most so many pixels."""
    height, width = sheet.known.shape
    scale = min(1.0, longest / max(width, height))
    size = Size(max(1, round(width * scale)), max(1, round(height * scale)))
    known = Image.fromarray(sheet.known).convert("L").resize((size.width, size.height), Image.Resampling.BOX)
    return Sheet(resize(sheet.colours, size), np.asarray(known) > 127)


def show_drawn(sheet: Sheet, drawn: Pixels, window: Rect, whole: Size) -> Pixels:
    """What the sheet is going to be. `window` is in pixels of the `whole` that the sheet was shrunk from."""
    height, width = sheet.known.shape
    across, down = width / whole.width, height / whole.height
    left, top = round(window.left * across), round(window.top * down)
    right, bottom = round(window.right * across), round(window.bottom * down)
    place = Rect(left, top, max(1, right - left), max(1, bottom - top))
    known = cut_flags(sheet.known, place, beyond=True)
    colours = np.where(known[..., None], cut(sheet.colours, place), resize(to_array(drawn), place.size))
    return _pasted(sheet, place, colours).pixels


def put_window(sheet: Sheet, window: Rect, drawn: Pixels, reach: float, *, keeps_guess: bool = False) -> Sheet:
    """The sheet with the drawn window in its unknown part, and that part known.

    `reach` says how far from the seam colours are matched, as a share of the window's shorter side. With `keeps_guess`
    only that of the drawing is taken which fits what was guessed.
    """
    known, before = cut_flags(sheet.known, window, beyond=True), cut(sheet.colours, window)
    after = resize(to_array(drawn), window.size)
    matched = _matched(after, before, known, round(reach * min(window.width, window.height)))
    if keeps_guess:
        matched = _fitting(matched, before)
    return _pasted(sheet, window, np.where(known[..., None], before, matched))


def _matched(drawn: Colours, before: Colours, known: Flags, reach: int) -> Colours:
    """How far the drawn colours are off along the seam is carried inwards, and fades out there.

    Carried softly, or the seam would show as a crease; what that misses pixel by pixel is added as a smooth surface.
    """
    ring = known & grow(~known, RING)
    if not ring.any():
        return drawn
    off: Floats = before.astype(np.float32) - drawn
    soft = carry_on(off, ring)
    return to_bytes(drawn + (soft + spread(off - soft, ring)) * nearness(known, reach)[..., None])


def _fitting(drawn: Colours, guess: Colours) -> Colours:
    """The drawing where it is as light and as dark as the guess, looked at from afar; elsewhere the guess."""
    haze = ImageFilter.GaussianBlur(min(drawn.shape[:2]) * HAZE)
    seen, guessed = (np.asarray(Image.fromarray(one).filter(haze), np.int16) for one in (drawn, guess))
    off = np.abs(seen - guessed).max(axis=2)
    share = ((ALIEN - off) / (ALIEN - ALIKE)).clip(0, 1)
    soft = np.asarray(Image.fromarray(to_bytes(share * 255)).filter(haze), np.float32)[..., None] / np.float32(255)
    known: Floats = guess.astype(np.float32)
    return to_bytes(known + (drawn - known) * soft)


def _pasted(sheet: Sheet, window: Rect, colours: Colours) -> Sheet:
    """Without what lies beyond the sheet."""
    height, width = sheet.known.shape
    top, bottom = max(0, window.top), min(height, window.bottom)
    left, right = max(0, window.left), min(width, window.right)
    inside = slice(top - window.top, bottom - window.top), slice(left - window.left, right - window.left)
    whole, known = sheet.colours.copy(), sheet.known.copy()
    whole[top:bottom, left:right] = colours[inside]
    known[top:bottom, left:right] = True
    return replace(sheet, colours=whole, known=known)
