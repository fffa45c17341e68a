"""Numbered prompts in a message, as `/describe` and `/shorten` offer them: written for people, and read back by us.

The message is all that is remembered of them, so that its buttons work after any restart.
"""

import re
from collections.abc import Sequence
from fractions import Fraction

from bot.domain.prompt.versions import MAX_RATIO

Weighed = tuple[str, float]
"""A word and how much it matters, 0 to 1."""

KEYCAPS = ("1️⃣", "2️⃣", "3️⃣", "4️⃣", "5️⃣")
KEPT_SHARES = (0.8, 0.6, 0.45, 0.3, 0.15)
STRONG, WEAK = 0.5, 0.08
MAX_RATIO_PART = 50
LONGEST = Fraction(MAX_RATIO)
JOINING_WORDS = "a an the and or of in on at to by for from with as is its very"
JOINING = frozenset(JOINING_WORDS.split())

_NUMBERED = re.compile(rf"^(?P<keycap>{'|'.join(KEYCAPS)}) (?P<text>.+)$", re.M)

_DASHES = re.compile(r"\s*(?:-{2,}|[–—])\s*")
_BRACES = str.maketrans("{}", "()")


def number_lines(texts: Sequence[str], between: str = "\n\n") -> str:
    return between.join(f"{keycap} {text}" for keycap, text in zip(KEYCAPS, texts, strict=False))


def read_numbered(written: str) -> list[str]:
    """The texts behind keycaps, in the order of their lines."""
    return [match["text"].strip() for match in _NUMBERED.finditer(written)]


def as_words(text: str) -> str:
    """What a model said, without what the prompt language would read as its own: dashes, weights, braces."""
    return _DASHES.sub(", ", text).replace("::", ":").translate(_BRACES)


def find_ratio(width: int, height: int) -> str:
    """`W:H` in small whole numbers, for a picture of so many pixels; of a longer one the longest that may be drawn."""
    ratio = min(max(Fraction(width, height), 1 / LONGEST), LONGEST)
    near = ratio.limit_denominator(MAX_RATIO_PART) if ratio >= 1 else 1 / (1 / ratio).limit_denominator(MAX_RATIO_PART)
    return f"{near.numerator}:{near.denominator}"


def mark_words(words: Sequence[Weighed]) -> str:
    """What matters in bold, what does not struck through."""
    return " ".join(_mark(word, weight) for word, weight in words)


def _mark(word: str, weight: float) -> str:
    if weight >= STRONG:
        return f"**{word}**"
    return f"~~{word}~~" if weight <= WEAK else word


def shorten_words(words: Sequence[Weighed]) -> list[str]:
    """Up to five prompts from longest to shortest: the weightiest words, in their order. Of words that weigh the same,
    those that only join others go first.
    """
    by_weight = sorted(range(len(words)), key=lambda index: (-round(words[index][1], 2), _joins(words[index][0])))
    counts = dict.fromkeys(max(1, round(len(words) * share)) for share in KEPT_SHARES)
    kept = (sorted(by_weight[:count]) for count in counts if count < len(words) or len(words) == 1)
    return [" ".join(words[index][0] for index in indexes).strip(" ,;") for indexes in kept]


def _joins(word: str) -> bool:
    return word.strip(".,;").lower() in JOINING
