"""Reads those pages of docs/ that members may ask about. Where they are missing the studio runs without answers."""

from pathlib import Path

import structlog

from bot.domain.guide import Guide, read_page

log = structlog.get_logger(__name__)

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGES = ("commands.md", "prompt-language.md")
ANSWERS = ("faq.md",)


def read_guide(names: tuple[str, ...], folder: Path = DOCS) -> Guide:
    sections = []
    for name in names:
        try:
            sections += read_page((folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            log.warning("page missing", page=str(folder / name))
    return Guide(tuple(sections))
