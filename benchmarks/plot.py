"""Charts for the figures of a benchmark, drawn with Pillow: bars with their targets as lines, and distributions."""

import math
from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True)
class Curve:
    """Values in rising order: drawn as the part of them that is at most so large."""

    name: str
    values: Sequence[float]


COLOURS = ("#4a7fb5", "#7fb2dd", "#1d4e7a", "#c0563f", "#e39a86", "#7d2f1e", "#5b9b57", "#9fd09b", "#2d5f2a")
PANEL_WIDTH, PANEL_HEIGHT, MARGIN = 420, 300, 48


def draw_curves(title: str, panels: Mapping[str, Sequence[Curve]], path: Path) -> None:
    """Side by side, on one logarithmic axis from 0.1 to the largest value."""
    picture = Image.new("RGB", (MARGIN + len(panels) * (PANEL_WIDTH + MARGIN), PANEL_HEIGHT + 250), PAPER)
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(13)
    pen.text((16, 12), title, fill=INK, font=ImageFont.load_default(18))
    largest = max((curve.values[-1] for curves in panels.values() for curve in curves if curve.values), default=1.0)
    decades = max(1, math.ceil(math.log10(max(largest, 1.0))) + 1)
    for number, (name, curves) in enumerate(panels.items()):
        left, top = MARGIN + number * (PANEL_WIDTH + MARGIN), 70
        pen.text((left, top - 22), name, fill=INK, font=font)
        pen.rectangle((left, top, left + PANEL_WIDTH, top + PANEL_HEIGHT), outline="#c9ced6")
        for decade in range(decades + 1):
            x = left + PANEL_WIDTH * decade / decades
            pen.line((x, top, x, top + PANEL_HEIGHT), fill="#e6e9ee")
            pen.text((x - 12, top + PANEL_HEIGHT + 4), f"{10 ** (decade - 1):g}", fill=INK, font=font)
        for index, curve in enumerate(curves):
            colour = COLOURS[index % len(COLOURS)]
            pen.line(_points(curve, left, top, decades), fill=colour, width=2)
            at = left + 10 + 190 * (index % 2), top + PANEL_HEIGHT + 26 + 18 * (index // 2)
            pen.text(at, curve.name, fill=colour, font=font)
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path)


def _points(curve: Curve, left: float, top: float, decades: int) -> list[tuple[float, float]]:
    parts = [number / 200 for number in range(201)]
    at = [curve.values[min(len(curve.values) - 1, int(part * len(curve.values)))] for part in parts]
    return [
        (
            left + PANEL_WIDTH * min(1.0, max(0.0, (math.log10(max(value, 0.1)) + 1) / decades)),
            top + PANEL_HEIGHT * (1 - part),
        )
        for value, part in zip(at, parts, strict=True)
    ]
