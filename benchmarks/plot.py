"""Bar charts for the figures of a benchmark, drawn with Pillow: one bar a figure, its target as a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WIDTH, ROW, LEFT, RIGHT = 860, 46, 250, 150
INK, BAR, MISSED, TARGET, PAPER = "#1f2430", "#4a7fb5", "#c0563f", "#d9a441", "#ffffff"


@dataclass(frozen=True, slots=True)
class Bar:
    """`target` is the bound it must reach: from below if `at_least`, else from above."""

    name: str
    value: float
    target: float | None = None
    at_least: bool = True

    @property
    def is_met(self) -> bool:
        return self.target is None or (self.value >= self.target if self.at_least else self.value <= self.target)


def draw_bars(title: str, bars: Sequence[Bar], path: Path) -> None:
    picture = Image.new("RGB", (WIDTH, ROW * (len(bars) + 1) + 24), PAPER)
    pen = ImageDraw.Draw(picture)
    font, large = ImageFont.load_default(15), ImageFont.load_default(18)
    pen.text((16, 14), title, fill=INK, font=large)
    for index, bar in enumerate(bars):
        top = ROW * (index + 1) + 8
        scale = (WIDTH - LEFT - RIGHT) / max(bar.value, bar.target or 0.0, 1e-9)
        pen.text((16, top + 6), bar.name, fill=INK, font=font)
        pen.rectangle((LEFT, top, LEFT + bar.value * scale, top + 28), fill=BAR if bar.is_met else MISSED)
        note = f"{bar.value:.4g}"
        if bar.target is not None:
            at = LEFT + bar.target * scale
            pen.line((at, top - 4, at, top + 32), fill=TARGET, width=3)
            note += f"  ({'>=' if bar.at_least else '<='} {bar.target:g})"
        pen.text((WIDTH - RIGHT + 8, top + 6), note, fill=INK, font=font)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)
