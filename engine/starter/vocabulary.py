"""The words the starter model understands, and how they are found in a prompt: phrases before their parts, plurals and
misspellings too. What they come to is `reading.py`'s business. Knows nothing of tensors or pictures."""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from engine.starter.reading import Reading, Term, read_terms
from engine.starter.words import FOLDED, IRREGULAR, SILENT, STYLES, WORDS, split_phrases

NOUN_FILE = Path(__file__).with_name("nouns.txt")
NEAR = 0.8  # share of the letters that a misspelling has in common with the word it was meant to be


@dataclass(frozen=True)
class Noun:
    """One thing the model can draw. `names[0]` is the head word; the rest fold into it."""

    emoji: str
    names: tuple[str, ...]

    @property
    def head(self) -> str:
        return self.names[0]


class Vocabulary:
    """A closed set of nouns plus the folded words; reads prompts."""

    def __init__(self, nouns: Sequence[Noun]) -> None:
        self.nouns = tuple(nouns)
        self._terms = _term_table(self.nouns)
        self._longest = max(len(phrase) for phrase in self._terms)
        single = sorted(phrase[0] for phrase in self._terms if len(phrase) == 1 and len(phrase[0]) > 3)
        self._single = [(word, _letters(word)) for word in single]
        self._misspelt = lru_cache(maxsize=4096)(self._guess)  # a prompt is read for each row, and in several ways

    @classmethod
    def from_file(cls, path: Path = NOUN_FILE, limit: int | None = None) -> Vocabulary:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
        return cls([_noun(line) for line in lines[:limit]])

    @classmethod
    def load(cls, path: Path) -> Vocabulary:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return cls([Noun(entry["emoji"], tuple(entry["names"])) for entry in stored["nouns"]])

    def save(self, path: Path) -> None:
        entries = [{"emoji": noun.emoji, "names": list(noun.names)} for noun in self.nouns]
        content = {"nouns": entries, "styles": STYLES, "words": WORDS}
        path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def known_words(self) -> dict[str, tuple[str, ...]]:
        """Head words and what folds into them, for telling a member what can be drawn."""
        known = {noun.head: noun.names for noun in self.nouns}
        return known | {word: split_phrases(phrases) for word, phrases in FOLDED.items()}

    def read(self, prompt: str) -> Reading:
        """A prompt with words but without one known noun or background draws a noun chosen by its spelling."""
        terms, unknown = self._match(_tokens(prompt))
        if not terms and unknown:
            terms = [Term("", self._surprise(" ".join(unknown)))]
        return read_terms(terms, unknown)

    def knows(self, text: str) -> bool:
        """Whether there is a word in it that the model has a meaning for."""
        return bool(self._match(_tokens(text))[0])

    def style_named(self, text: str) -> str | None:
        """The first, also where no thing is named that could have it."""
        return next((term.word for term in self._match(_tokens(text))[0] if term.word in STYLES), None)

    def _match(self, tokens: list[str]) -> tuple[list[Term], tuple[str, ...]]:
        terms: list[Term] = []
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

    def _longest_term(self, tokens: list[str], at: int) -> tuple[Term | None, int]:
        for length in range(min(self._longest, len(tokens) - at), 0, -1):
            lead, last = tokens[at : at + length - 1], tokens[at + length - 1]
            for ending in _singulars(last):
                term = self._terms.get((*lead, ending))
                if term is not None:
                    return term, length
        return None, 1

    def _guess(self, token: str) -> Term | None:
        """What a misspelt word was meant to be."""
        if len(token) < 4:
            return None
        letters = _letters(token)
        alike = [word for word, of_word in self._single if _may_be_near(token, letters, word, of_word)]
        near = difflib.get_close_matches(token, alike, n=1, cutoff=NEAR)
        return self._terms[(near[0],)] if near else None

    def _surprise(self, text: str) -> int:
        return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) % len(self.nouns)


def _noun(line: str) -> Noun:
    emoji, names = line.split(" ", 1)
    return Noun(emoji, split_phrases(names))


def _term_table(nouns: Sequence[Noun]) -> dict[tuple[str, ...], Term]:
    table: dict[tuple[str, ...], Term] = {}
    for word, phrases in FOLDED.items():
        for phrase in split_phrases(phrases):
            table[tuple(_tokens(phrase))] = Term(word)
    for index, noun in enumerate(nouns):
        for name in noun.names:
            table.setdefault(tuple(_tokens(name)), Term("", index))
    return table


def _letters(word: str) -> int:
    """Which letters it has, as bits. Rare ones may share theirs."""
    bits = 0
    for letter in word:
        bits |= 1 << (ord(letter) & 63)
    return bits


def _may_be_near(token: str, letters: int, word: str, of_word: int) -> bool:
    """False only for what cannot be: difflib's ratio counts the letters of both, and one that the other lacks matches
    nothing. Most words are ruled out by that, and need not be compared.
    """
    matching = min(len(token) - (letters & ~of_word).bit_count(), len(word) - (of_word & ~letters).bit_count())
    return 2 * matching >= NEAR * (len(token) + len(word))


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
