"""The words that a picture's prompt is found by: cut here alone, so that no database's own idea of a word matters.

Both the prompts and what members look for are cut the same way. Knows no database and no language.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby, pairwise

MAX_LETTERS = 64
"""Longer words are cut, in prompts and in what is looked for alike."""
MAX_WANTED = 20
"""Each word is one more condition; what is looked for comes from a stranger."""

_UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
_SELECTORS = re.compile(r"[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Marks that choose how a character looks."""
_WITHOUT_SPACES = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u2fdf\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff"
    r"\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)
"""Thai, Lao, Burmese, Khmer, Chinese and Japanese are written without spaces between words."""


def words_of(prompt: str) -> list[str]:
    """Each once, in the order of the text: letters, marks and digits of any script, and symbols such as emoji."""
    return list(dict.fromkeys(word for run in _runs(prompt) for word in _stored(*run)))


def wanted_words(text: str) -> list[str]:
    """What words of a prompt have to begin with, each of these one of them."""
    return list(dict.fromkeys(word for run in _runs(text) for word in _wanted(*run)))[:MAX_WANTED]


def fold(text: str) -> str:
    """Letters of any script without their case and width, and without what a database cannot hold."""
    storable = _SELECTORS.sub("", _UNSTORABLE.sub("", text))
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", storable).casefold())


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """The kind of a run of characters, and the run."""
    for kind, characters in groupby(fold(text), key=_kind_of):
        if kind:
            yield kind, "".join(characters)


@lru_cache(4_096)
def _kind_of(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] in "LMN":
        return "unspaced" if _WITHOUT_SPACES.match(character) else "word"
    return "symbol" if category == "So" else ""


def _stored(kind: str, run: str) -> list[str]:
    """Where no space tells the words, every pair of neighbours is one, and the last character one more.

    So any piece of such a text is found, a single character as the beginning of a pair.
    """
    if kind == "unspaced":
        return [*_pairs(run), run[-1]]
    return _wanted(kind, run)


def _wanted(kind: str, run: str) -> list[str]:
    match kind:
        case "unspaced":
            return _pairs(run) or [run]
        case "symbol":
            return list(run)
        case _:
            return [run[:MAX_LETTERS]]


def _pairs(run: str) -> list[str]:
    return [first + second for first, second in pairwise(run)]
