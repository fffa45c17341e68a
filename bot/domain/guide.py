"""The studio's own documentation as something to ask: pages cut into sections, and the search for the one that answers.

Search is by words: rare ones count more than common ones, and a title more than what stands under it.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

MAX_QUESTION = 300
"""Characters of a question that are looked at."""
TITLE_WEIGHT = 3.0
NAME_WEIGHT = 2.0
"""How much more a title counts that is the very name asked for, as `--ar` is of "--ar, --aspect"."""
CLOSE_ENOUGH = 0.5
"""A section of less than this share of the best one's score is not worth naming beside it."""

_HEADING = re.compile(r"(#{1,4}) +(.+)")
_WORD = re.compile(r"--[a-z]+|/[a-z]+|\w+")
_SOFT_BREAK = re.compile(r"(?<=[^\n])\n(?=[^\n*>#-])")
_LINK_TO_PAGE = re.compile(r"\[([^\]]+)\]\((?!https?:)[^)]+\)")


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and the text under it, or one row of a table. `page` is the title of the page it stands on."""

    page: str
    title: str
    text: str


@dataclass(frozen=True)
class Guide:
    """All sections in their order."""

    sections: tuple[Section, ...]

    def search(self, question: str, limit: int = 3) -> list[Section]:
        """The best first; empty when no word of the question occurs."""
        asked = set(_words(question[:MAX_QUESTION])) - _COMMON
        scored = [(self._score(number, asked), -number) for number in range(len(self.sections))]
        ranked = sorted((pair for pair in scored if pair[0] > 0), reverse=True)[:limit]
        return [self.sections[-number] for score, number in ranked if score >= CLOSE_ENOUGH * ranked[0][0]]

    def offer(self, typed: str, limit: int = 25) -> list[Section]:
        """For a list of choices: titles that hold what was typed so far, each once; the closest first."""
        wanted = typed.casefold().strip()
        found = {section.title: section for section in self.sections if wanted in section.title.casefold()}
        return sorted(found.values(), key=lambda section: _distance(section.title, wanted))[:limit]

    def find(self, title: str) -> Section | None:
        """By the whole title, or by one of its names."""
        whole = (section for section in self.sections if section.title == title)
        named = (section for section in self.sections if title.casefold() in _names(section.title))
        return next(whole, None) or next(named, None)

    def _score(self, number: int, asked: set[str]) -> float:
        title, text = self._counted[number]
        names = _names(self.sections[number].title)
        length = sum(text.values()) or 1
        return sum(
            self._rarity[word]
            * (NAME_WEIGHT if word in names else 1.0)
            * (TITLE_WEIGHT * (word in title) + text[word] / (text[word] + 0.5 + length / 100))
            for word in asked
            if word in title or word in text
        )

    @cached_property
    def _counted(self) -> list[tuple[frozenset[str], Counter[str]]]:
        return [(frozenset(_words(section.title)), Counter(_words(section.text))) for section in self.sections]

    @cached_property
    def _rarity(self) -> dict[str, float]:
        """By word: the rarer, the greater."""
        found = Counter(word for title, text in self._counted for word in title | set(text))
        total = len(self.sections)
        return {word: math.log(1 + total / count) for word, count in found.items()}


def read_page(markdown: str) -> list[Section]:
    """The sections of one page; its first heading is its title."""
    page, title, lines = "", "", list[str]()
    sections: list[Section] = []
    for line in [*markdown.splitlines(), "# end"]:
        if not (heading := _HEADING.fullmatch(line)):
            lines.append(line)
            continue
        sections += _sections(page, title, lines)
        title, lines = heading[2].strip(), []
        page = page or title
    return sections


def _sections(page: str, title: str, lines: Sequence[str]) -> Iterator[Section]:
    """The text without its tables, and each row of those."""
    prose = "\n".join(line for line in lines if not line.startswith("|")).strip()
    if title and prose:
        yield Section(page, title, _for_chat(prose))
    rows = [
        [cell.strip() for cell in _for_chat(line).strip("|").split(" | ")] for line in lines if line.startswith("|")
    ]
    if rows:
        head, *body = rows
        yield from _rows(page, head, body)


def _rows(page: str, head: Sequence[str], body: Iterable[Sequence[str]]) -> Iterator[Section]:
    for first, *others in body:
        if set(first) <= set("-: "):
            continue
        cells = [f"**{name}**: {cell}" for name, cell in zip(head[1:], others, strict=False) if cell not in ("", "–")]
        yield Section(page, first.replace("`", "").strip(), "\n".join(cells))


def _for_chat(text: str) -> str:
    """A chat breaks lines where the text does and knows no other page: paragraphs become lines, links their words.

    What stands between fences stays.
    """
    parts = text.split("```")
    parts[::2] = [_LINK_TO_PAGE.sub(r"\1", _SOFT_BREAK.sub(" ", part)) for part in parts[::2]]
    return "```".join(parts)


def _names(title: str) -> list[str]:
    return title.casefold().split(", ")


def _distance(title: str, typed: str) -> int:
    """0 for one of its names, 1 for how one begins, else 2; dashes and slash may be left out."""
    names = [name.lstrip("-/") for name in _names(title)]
    typed = typed.lstrip("-/")
    return 0 if typed in names else 1 if any(name.startswith(typed) for name in names) else 2


def _words(text: str) -> Iterator[str]:
    """Folded, and without the s of a plural; `--seed` and `/show` count with and without their signs."""
    for word in _WORD.findall(text.casefold()):
        bare = word.lstrip("-/")
        if bare != word:
            yield word
        yield bare[:-1] if len(bare) > 3 and bare.endswith("s") and not bare.endswith("ss") else bare


_COMMON = frozenset(
    _words(
        "a an and are as at be by can do does for from get has have how i if in is it its make me my of on or so "
        "that the there this to was what when where which who why will with you your"
    )
)
