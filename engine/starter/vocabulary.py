"""The words the starter model understands and how a prompt is read: which objects it names, in which style and
size, and the few other words (backgrounds, places, relations). Knows nothing of tensors or pictures."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

PICTURE = 64
PATCH = 8
STYLES = ("3d", "flat", "cartoon")
SIZES = ("small", "medium", "large")
SPRITE_PIXELS = {"small": 24, "medium": 32, "large": 48}
BOX_PATCHES = {"small": 4, "medium": 4, "large": 6}  # even, so that a box can stand in the middle
MAX_INSTANCES = 4
NOUN_FILE = Path(__file__).with_name("nouns.txt")

COLOURS = (
    *("white", "black", "grey", "red", "orange", "yellow"),
    *("green", "blue", "purple", "pink", "brown", "teal"),
)
SCENERY = ("night", "sunset", "sky", "grass", "sea", "snow", "desert")
BACKGROUNDS = (*COLOURS, *SCENERY)
PLACES = ("left", "right", "top", "bottom", "centre")
RELATIONS = ("above", "below", "beside", "left_of", "right_of")
WORDS = ("<pad>", "<start>", "<object>", *BACKGROUNDS, *PLACES, *RELATIONS, "<ground>")
WORD_IDS = {word: index for index, word in enumerate(WORDS)}

# Everything a member may type for one of our words. A phrase is matched before its parts.
FOLDED: dict[str, str] = {
    "white": "white, ivory, cream",
    "black": "black, ebony",
    "grey": "grey, gray, silver",
    "red": "red, crimson, scarlet",
    "orange": "orange, amber",
    "yellow": "yellow, gold, golden",
    "green": "green, emerald, olive",
    "blue": "blue, azure, navy, cobalt",
    "purple": "purple, violet, lilac, lavender",
    "pink": "pink, magenta, fuchsia",
    "brown": "brown, tan, beige",
    "teal": "teal, cyan, turquoise, aqua",
    "night": "night, night sky, starry night, starry sky, midnight, space, outer space, dark, darkness, galaxy",
    "sunset": "sunset, sunset sky, sunrise, dusk, dawn, evening, twilight",
    "sky": "sky, blue sky, day, daytime, daylight, morning, noon",
    "grass": "grass, meadow, field, lawn, garden, forest, park, hill, countryside, green field",
    "sea": "sea, ocean, water, underwater, lake, river",
    "snow": "snow, snowy, winter, snowfield, arctic",
    "desert": "desert, sand, beach, dunes, dune",
    "left": "left, left side",
    "right": "right, right side",
    "top": "top, upper",
    "bottom": "bottom, lower",
    "centre": "centre, center, middle, centered, centred",
    "above": "above, over, on top of, atop",
    "below": "below, under, beneath, underneath",
    "beside": "beside, next to, near, by, and, with, behind, in front of, alongside, plus, facing, meets",
    "left_of": "left of, to the left of, on the left of",
    "right_of": "right of, to the right of, on the right of",
    "small": "small, little, tiny, mini, miniature, wee",
    "medium": "medium, medium sized, mid sized",
    "large": "large, big, huge, giant, enormous, great",
    "3d": "3d, 3 d, glossy, rendered, render, plastic, toy, clay",
    "flat": "flat, minimal, minimalist, vector, simple, icon, 2d, 2 d",
    "cartoon": "cartoon, noto, drawn, drawing, comic, illustration, illustrated, hand drawn",
    "1": "1, one, single",
    "2": "2, two, pair of, couple of, twin",
    "3": "3, three, trio of, several, some",
    "4": "4, four, many",
    "on": "on",
    "background": "background, backdrop, wallpaper",
}
SILENT_WORDS = (
    "a an the of in at to is it its his her my your our this that with from for as picture image photo style "
    "styled art painting portrait sized size coloured colored colour color corner side emoji very"
)
SILENT = frozenset(SILENT_WORDS.split())
IRREGULAR = {
    "mice": "mouse",
    "wolves": "wolf",
    "knives": "knife",
    "geese": "goose",
    "teeth": "tooth",
    "foxes": "fox",
    "loaves": "loaf",
}


@dataclass(frozen=True)
class Noun:
    """One thing the model can draw. `names[0]` is the head word; the rest fold into it."""

    emoji: str
    names: tuple[str, ...]

    @property
    def head(self) -> str:
        return self.names[0]


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
class _Term:
    """A matched phrase: `noun` is an index or -1, else `word` is one of the keys of FOLDED."""

    word: str
    noun: int = -1


class Vocabulary:
    """A closed set of nouns plus the folded words; reads prompts."""

    def __init__(self, nouns: Sequence[Noun]) -> None:
        self.nouns = tuple(nouns)
        self._terms = _term_table(self.nouns)
        self._longest = max(len(phrase) for phrase in self._terms)
        self._single = sorted(phrase[0] for phrase in self._terms if len(phrase) == 1 and len(phrase[0]) > 3)

    @classmethod
    def from_file(cls, path: Path = NOUN_FILE, limit: int | None = None) -> Vocabulary:
        lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
        return cls([_noun(line) for line in lines[:limit]])

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        stored = json.loads(path.read_text())
        return cls([Noun(entry["emoji"], tuple(entry["names"])) for entry in stored["nouns"]])

    def save(self, path: Path) -> None:
        entries = [{"emoji": noun.emoji, "names": list(noun.names)} for noun in self.nouns]
        content = {"nouns": entries, "styles": STYLES, "words": WORDS}
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n")

    def known_words(self) -> dict[str, tuple[str, ...]]:
        """Head words and what folds into them, for telling a member what can be drawn."""
        known = {noun.head: noun.names for noun in self.nouns}
        return known | {word: split_phrases(phrases) for word, phrases in FOLDED.items()}

    def read(self, prompt: str) -> Reading:
        """A prompt with words but without one known noun or background draws a noun chosen by its spelling."""
        terms, unknown = self._match(_tokens(prompt))
        if not terms and unknown:
            terms = [_Term("", self._surprise(" ".join(unknown)))]
        return _reading(terms, unknown)

    def knows(self, text: str) -> bool:
        """Whether there is a word in it that the model has a meaning for."""
        return bool(self._match(_tokens(text))[0])

    def style_named(self, text: str) -> str | None:
        """The first, also where no thing is named that could have it."""
        return next((term.word for term in self._match(_tokens(text))[0] if term.word in STYLES), None)

    def _match(self, tokens: list[str]) -> tuple[list[_Term], tuple[str, ...]]:
        terms: list[_Term] = []
        unknown: list[str] = []
        at = 0
        while at < len(tokens):
            found, length = self._longest_term(tokens, at)
            if found is None and tokens[at] not in SILENT:
                found = self._misspelt(tokens[at])
                if found is None:
                    unknown.append(tokens[at])
            if found is not None:
                terms.append(found)
            at += length
        return terms, tuple(unknown)

    def _longest_term(self, tokens: list[str], at: int) -> tuple[_Term | None, int]:
        for length in range(min(self._longest, len(tokens) - at), 0, -1):
            lead, last = tokens[at : at + length - 1], tokens[at + length - 1]
            for ending in _singulars(last):
                term = self._terms.get((*lead, ending))
                if term is not None:
                    return term, length
        return None, 1

    def _misspelt(self, token: str) -> _Term | None:
        if len(token) < 4:
            return None
        near = difflib.get_close_matches(token, self._single, n=1, cutoff=0.8)
        return self._terms[(near[0],)] if near else None

    def _surprise(self, text: str) -> int:
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) % len(self.nouns)


def held_out(noun: str, background: str, style: str, size: str) -> bool:
    """One in ten combinations never occurs in training; evaluation draws from those."""
    key = f"{noun}|{background}|{style}|{size}".encode()
    return hashlib.sha256(key).digest()[0] % 10 == 0


def _noun(line: str) -> Noun:
    emoji, names = line.split(" ", 1)
    return Noun(emoji, split_phrases(names))


def split_phrases(phrases: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in phrases.split(","))


def _term_table(nouns: Sequence[Noun]) -> dict[tuple[str, ...], _Term]:
    table: dict[tuple[str, ...], _Term] = {}
    for word, phrases in FOLDED.items():
        for phrase in split_phrases(phrases):
            table[tuple(_tokens(phrase))] = _Term(word)
    for index, noun in enumerate(nouns):
        for name in noun.names:
            table.setdefault(tuple(_tokens(name)), _Term("", index))
    return table


def _tokens(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.findall(r"[^\W_]+", folded.replace("'s", "").replace("’s", ""))


def _singulars(token: str) -> Iterator[str]:
    yield token
    if token in IRREGULAR:
        yield IRREGULAR[token]
    if len(token) > 3 and token.endswith("s"):
        yield token[:-1]
        if token.endswith("es"):
            yield token[:-2]
        if token.endswith("ies"):
            yield token[:-3] + "y"


def _reading(terms: list[_Term], unknown: tuple[str, ...]) -> Reading:
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


def _left_open(terms: list[_Term], total: int) -> Iterator[str]:
    """Several things stand where and as large as their number has it."""
    named = {term.word for term in terms}
    open_to_one = (("size", SIZES), ("place", PLACES)) if total == 1 else ()
    for aspect, words in (("style", STYLES), ("background", BACKGROUNDS), *open_to_one):
        if total and not named.intersection(words):
            yield aspect


def _mentions(terms: list[_Term]) -> Iterator[tuple[int, int, str | None]]:
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


def _background(terms: list[_Term]) -> str | None:
    found = [position for position, term in enumerate(terms) if term.word in BACKGROUNDS]
    named = [position for position in found if _next_word(terms, position) == "background"]
    chosen = named or found[-1:]
    return terms[chosen[0]].word if chosen else None


def _next_word(terms: list[_Term], position: int) -> str:
    return terms[position + 1].word if position + 1 < len(terms) else ""


def _spoken(terms: list[_Term], position: int, total: int) -> Iterator[str]:
    """The word for the network: a place for a single object, a relation between two, else silence."""
    term = terms[position]
    nouns_before = any(other.noun >= 0 for other in terms[:position])
    noun_after = any(other.noun >= 0 for other in terms[position + 1 :])
    between = nouns_before and noun_after
    if (term.word in PLACES and total == 1) or (term.word in RELATIONS and between):
        yield term.word
    elif term.word == "on" and between and _stands_on(terms, position):
        yield "above"


def _stands_on(terms: list[_Term], position: int) -> bool:
    """'a cat on a car' stacks them; 'a cat on a red background, beside a car' does not."""
    for term in terms[position + 1 :]:
        if term.noun >= 0:
            return True
        if term.word not in (*SIZES, "1", "2", "3", "4"):
            return False
    return False
