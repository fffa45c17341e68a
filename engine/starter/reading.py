"""What the words of a prompt come to, once each is known: which things, in which style and size, on which background,
and what of it is left open. Knows nothing of spelling, tensors or pictures."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.starter.words import BACKGROUNDS, MAX_INSTANCES, PLACES, RELATIONS, SIZES, STYLES


@dataclass(frozen=True)
class Instance:
    """One object to draw. `word` is the index of its <object> token in the reading's words."""

    noun: int
    style: str
    size: str
    word: int


@dataclass(frozen=True)
class Reading:
    """What the model takes from a prompt. `unknown`: words it has no meaning for; `open`: what of style, size, place
    and background it does not say, where it could. An empty prompt has no words."""

    words: tuple[str, ...]
    instances: tuple[Instance, ...]
    background: str | None
    unknown: tuple[str, ...]
    open: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Term:
    """A matched phrase: `noun` is an index or -1, else `word` is one of the keys of FOLDED."""

    word: str
    noun: int = -1


def read_terms(terms: list[Term], unknown: tuple[str, ...]) -> Reading:
    style = next((term.word for term in terms if term.word in STYLES), STYLES[0])
    background = _background(terms)
    counts = list(_mentions(terms))
    total = min(MAX_INSTANCES, sum(count for _, count, _ in counts))
    words: list[str] = [background] if background else []
    instances: list[Instance] = []
    for position, term in enumerate(terms):
        if term.noun >= 0:
            _, count, size = next(entry for entry in counts if entry[0] == position)
            for _ in range(min(count, total - len(instances))):
                instances.append(Instance(term.noun, style, _fitting(size, total), len(words)))
                words.append("<object>")
        else:
            words.extend(_spoken(terms, position, total))
    return Reading(tuple(words), tuple(instances), background, unknown, frozenset(_left_open(terms, total)))


def _left_open(terms: list[Term], total: int) -> Iterator[str]:
    """Several things stand where and as large as their number has it."""
    named = {term.word for term in terms}
    open_to_one = (("size", SIZES), ("place", PLACES)) if total == 1 else ()
    for aspect, words in (("style", STYLES), ("background", BACKGROUNDS), *open_to_one):
        if total and not named.intersection(words):
            yield aspect


def _mentions(terms: list[Term]) -> Iterator[tuple[int, int, str | None]]:
    """(index of the noun among the terms, how many of it, its size word)."""
    count, size = 1, None
    for position, term in enumerate(terms):
        if term.noun >= 0:
            yield position, count, size
            count, size = 1, None
        elif term.word in SIZES:
            size = term.word
        elif term.word in ("1", "2", "3", "4"):
            count = int(term.word)


def _fitting(size: str | None, total: int) -> str:
    """Alone an object is large unless told otherwise; several share the canvas, so none of them is."""
    if total == 1:
        return size or "large"
    return "small" if size == "small" else "medium"


def _background(terms: list[Term]) -> str | None:
    found = [position for position, term in enumerate(terms) if term.word in BACKGROUNDS]
    named = [position for position in found if _next_word(terms, position) == "background"]
    chosen = named or found[-1:]
    return terms[chosen[0]].word if chosen else None


def _next_word(terms: list[Term], position: int) -> str:
    return terms[position + 1].word if position + 1 < len(terms) else ""


def _spoken(terms: list[Term], position: int, total: int) -> Iterator[str]:
    """The word for the network: a place for a single object, a relation between two, else silence."""
    term = terms[position]
    nouns_before = any(other.noun >= 0 for other in terms[:position])
    noun_after = any(other.noun >= 0 for other in terms[position + 1 :])
    between = nouns_before and noun_after
    if (term.word in PLACES and total == 1) or (term.word in RELATIONS and between):
        yield term.word
    elif term.word == "on" and between and _stands_on(terms, position):
        yield "above"


def _stands_on(terms: list[Term], position: int) -> bool:
    """'a cat on a car' stacks them; 'a cat on a red background, beside a car' does not."""
    for term in terms[position + 1 :]:
        if term.noun >= 0:
            return True
        if term.word not in (*SIZES, "1", "2", "3", "4"):
            return False
    return False
