"""Pictures as bytes and as pixels. Pure and blocking; callers use `asyncio.to_thread`."""

from bot.pictures.files import MAX_DECODED_PIXELS, decode_rgb, encode_png, extension_of, measure, shrink_rgb
from bot.pictures.fit import fit_bytes
from bot.pictures.sheets import SHEET_COLUMNS, compose_contact_sheet, compose_grid, compose_preview

__all__ = [
    "MAX_DECODED_PIXELS",
    "SHEET_COLUMNS",
    "compose_contact_sheet",
    "compose_grid",
    "compose_preview",
    "decode_rgb",
    "encode_png",
    "extension_of",
    "fit_bytes",
    "measure",
    "shrink_rgb",
]
