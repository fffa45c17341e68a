"""A member's own style: the words that the prompts of liked pictures have more often than the member's prompts as a
whole. Somebody who always draws foxes does not get a fox into everything; somebody who likes the foggy ones gets fog.
"""

import hashlib
import re
from base64 import b32encode
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.job import UserId
from bot.domain.prompt import GenerationParams
from bot.domain.prompt.drawing_words import STYLE_WORDS
from bot.domain.prompt.parameters import PromptPart

LOOKED_AT = 200
"""The latest likes, and the latest jobs beside them, that a style is made of."""
WORDS = 5
LEAST_SHARE = 0.2
"""Of the liked pictures that must have a word in common."""
LEAST_SCORE = 0.1
MAX_WEIGHT = 0.5
"""What the strongest word weighs beside the prompt."""

_WORD = re.compile(r"[^\W\d_]{3,}")
_PHRASES = sorted(set(STYLE_WORDS.values()), key=len, reverse=True)
_FILLERS = frozenset(
    _WORD.findall("the and with from over under into onto for its his her their this that very some all one two three")
)


@dataclass(frozen=True, slots=True)
class Style:
    """A style as it was when somebody used it: its code stays the same as long as its words do."""

    code: str
    user_id: UserId
    words: tuple[PromptPart, ...]
    created_at: datetime


def find_taste(liked: Sequence[GenerationParams], drawn: Sequence[GenerationParams]) -> tuple[PromptPart, ...]:
    """At most `WORDS` words or phrases, the strongest first; empty when the liked pictures have nothing in common.

    A word's score is its share of the liked prompts times its absence from the drawn ones.
    """
    if not liked:
        return ()
    in_liked, in_drawn = _count(liked), _count(drawn)
    scores = {
        word: count / len(liked) * (1 - in_drawn[word] / max(1, len(drawn)))
        for word, count in in_liked.items()
        if count > 1 and count / len(liked) >= LEAST_SHARE
    }
    best = sorted((word for word in scores if scores[word] >= LEAST_SCORE), key=lambda word: (-scores[word], word))
    return tuple(PromptPart(word, round(MAX_WEIGHT * scores[word] / scores[best[0]], 2)) for word in best[:WORDS])


def style_code(user_id: UserId, words: Iterable[PromptPart]) -> str:
    """Eight characters that this member's words alone lead to."""
    text = f"{user_id}:" + ",".join(f"{part.text}={part.weight}" for part in words)
    return "p" + b32encode(hashlib.sha256(text.encode()).digest())[:7].decode().lower()


def _count(prompts: Iterable[GenerationParams]) -> Counter[str]:
    """In how many of the prompts each word or phrase stands."""
    return Counter(word for params in prompts for word in _words_of(params))


def _words_of(params: GenerationParams) -> set[str]:
    text = f"{params.text}, {STYLE_WORDS.get(params.style, '')}".casefold()
    phrases = {phrase for phrase in _PHRASES if re.search(rf"\b{re.escape(phrase)}\b", text)}
    for phrase in phrases:
        text = text.replace(phrase, " ")
    return phrases | (set(_WORD.findall(text)) - _FILLERS)
