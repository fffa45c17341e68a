"""Contact sheets: rows of pictures with a word over each column, as small PNG files."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Levels = npt.NDArray[np.uint8]

RESULTS = Path(__file__).parents[1] / "results"
GAP, LINE = 6, 22


def save_sheet(name: str, titles: Sequence[str], rows: Sequence[Sequence[Levels]], *, cell: int = 160) -> Path:
    """`titles` is one a column. Pictures are scaled to fill a cell in their longer edge."""
    columns = len(titles)
    sheet = Image.new("RGB", (columns * (cell + GAP) + GAP, len(rows) * (cell + GAP) + LINE + GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for column, title in enumerate(titles):
        pen.text((GAP + column * (cell + GAP), 4), title, fill="#1f2430", font=font)
    for number, row in enumerate(rows):
        for column, levels in enumerate(row):
            picture = Image.fromarray(levels)
            picture.thumbnail((cell, cell), Image.Resampling.LANCZOS)
            if max(picture.size) < cell:
                picture = picture.resize((cell, cell), Image.Resampling.NEAREST)
            sheet.paste(picture, (GAP + column * (cell + GAP), LINE + number * (cell + GAP)))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{name}.png"
    sheet.quantize(192, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    return path
