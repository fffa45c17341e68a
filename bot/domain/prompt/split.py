"""Cuts one line into its body and its parameters, and tells what nobody would understand.

A parameter begins with two hyphens that stand after white space and directly before a name. Inside quotation marks
that is true of known names only: a sign may say "BUY --now".
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from bot.domain.errors import InvalidParameter
from bot.domain.prompt.characters import narrow, strip_ends
from bot.domain.prompt.links import read_link
from bot.domain.prompt.slips import check_spaced, explain_unknown, find_slips
from bot.domain.prompt.table import NAMES, Kind, Parameter
from bot.domain.said import Said

_START = re.compile(r"(?:^|(?<=\s))--(?=[A-Za-z])(?P<name>\S+)")
_QUOTED = re.compile(r'"[^"]*"|“[^“”]*”')
_CODE = re.compile(r"[0-9]{1,10}(?:::-?[0-9.]+)?")
_PROFILE = re.compile(r"(?:[A-Za-z0-9]{5,40}(?:::[0-9.]+)?|<@!?[0-9]+>)")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")

_AROUND = '"”.,;:!?'
_AROUND_NAMES = f"{_AROUND}*\\"
"""With what goes from the end of a body, so that its echo is cut at the same places."""
VERSION_NAMES = ("version", "niji", "test", "testp")
_LISTS = frozenset({Kind.PHRASES, Kind.REFERENCES, Kind.LINKS, Kind.PROFILES})


@dataclass(frozen=True, slots=True)
class Given:
    """One parameter as it was given: `typed` is the name that was used, `words` its values, none for a flag.

    `origin` says where it comes from when it was not typed with the prompt.
    """

    parameter: Parameter
    typed: str
    words: tuple[str, ...] = ()
    origin: str = ""

    @property
    def name(self) -> str:
        return self.parameter.name

    @property
    def group(self) -> str:
        return self.parameter.group or self.parameter.name


@dataclass(frozen=True, slots=True)
class Split:
    """`body` is what stands before the first parameter."""

    body: str
    given: tuple[Given, ...]
    notices: tuple[str, ...] = ()


def split(line: str) -> Split:
    """Raises `InvalidParameter` naming everything that is not understood, and what was probably meant."""
    starts = _find_starts(line)
    body = strip_ends(line[: starts[0]] if starts else line)
    pieces = [line[start + 2 : end] for start, end in pairwise((*starts, len(line)))]
    check_spaced(body)
    given = _merge_lists(_understand(pieces))
    kept, doubled = _keep_first(given)
    phrases = [word for one in kept if one.parameter.kind is Kind.PHRASES for word in one.words]
    return Split(body, tuple(kept), (*find_slips(" ".join((body, *phrases))), *doubled))


def give_more(given: tuple[Given, ...], more: Iterable[Given], origin: str) -> tuple[Given, ...]:
    """Append what the prompt does not say itself. What needs another parameter is left out without it."""
    groups = {one.group for one in given}
    fitting = [replace(one, origin=origin) for one in more if one.name == "no" or one.group not in groups]
    names = {one.name for one in (*given, *fitting)}
    return tuple(_merge_lists([*given, *(one for one in fitting if one.parameter.needs in names | {""})]))


def _find_starts(line: str) -> list[int]:
    """Unknown names do not count inside quotation marks that hold no known one, until the first parameter begins."""
    matches = list(_START.finditer(line))
    quoted = [match.span() for match in _QUOTED.finditer(line)] if matches else []
    quotes = [_quote_at(match.start(), quoted) for match in matches]
    not_text = {
        quote for match, quote in zip(matches, quotes, strict=True) if match["name"].strip(_AROUND_NAMES) in NAMES
    }
    starts: list[int] = []
    for match, quote in zip(matches, quotes, strict=True):
        if starts or quote is None or quote in not_text:
            starts.append(match.start())
    return starts


def _quote_at(place: int, quoted: list[tuple[int, int]]) -> int | None:
    """Which of the quoted spans holds the place."""
    index = bisect_right(quoted, place, key=lambda span: span[0]) - 1
    return index if index >= 0 and place < quoted[index][1] else None


def _understand(pieces: list[str]) -> list[Given]:
    given: list[Given] = []
    unknown: list[str] = []
    leftover: list[str] = []
    for piece in pieces:
        typed, *words = piece.split()
        parameter = NAMES.get(typed)
        if parameter is None:
            unknown.append(typed)
            continue
        taken = _count_taken(parameter, words)
        if not words and _takes_value(parameter):
            raise InvalidParameter(
                "`--{name}` needs a value after it, such as `{example}`.", name=typed, example=parameter.example
            )
        given.append(Given(parameter, typed, tuple(words[:taken])))
        leftover += words[taken:]
    if unknown or leftover:
        raise InvalidParameter(explain_unknown(unknown, leftover))
    return given


def _takes_value(parameter: Parameter) -> bool:
    return parameter.kind not in (Kind.FLAG, Kind.OPTIONAL, Kind.NIJI, Kind.PROFILES, Kind.LEGACY)


def _count_taken(parameter: Parameter, words: list[str]) -> int:
    """How many words belong to the parameter; the first always does where a value is needed."""
    match parameter.kind:
        case Kind.FLAG:
            return 0
        case Kind.PHRASES:
            return len(words)
        case Kind.OPTIONAL | Kind.NIJI | Kind.LEGACY:
            return 1 if words and _NUMBER.fullmatch(narrow(words[0])) else 0
        case Kind.LINKS:
            return max(1, _count_while(words, _is_link))
        case Kind.REFERENCES:
            return max(1, _count_while(words, _is_reference))
        case Kind.PROFILES:
            return _count_while(words, lambda word: bool(_PROFILE.fullmatch(word)))
        case _:
            return 1


def _count_while(words: list[str], is_taken: Callable[[str], bool]) -> int:
    for index, word in enumerate(words):
        if not is_taken(word):
            return index
    return len(words)


def _is_link(word: str) -> bool:
    return "://" in word and read_link(word) is not None


def _is_reference(word: str) -> bool:
    return word == "random" or bool(_CODE.fullmatch(word)) or _is_link(word)


def _merge_lists(given: Iterable[Given]) -> list[Given]:
    """Several lists of one kind are one, at the place of the first: two `--no`, two `--sref`."""
    merged: list[Given] = []
    places: dict[str, int] = {}
    for one in given:
        place = places.get(one.name)
        if place is None or one.parameter.kind not in _LISTS:
            places[one.name] = len(merged)
            merged.append(one)
            continue
        words = merged[place].words
        if one.parameter.kind is Kind.PHRASES:
            words = (*words[:-1], f"{words[-1]},")
        merged[place] = replace(merged[place], words=words + one.words)
    return merged


def _keep_first(given: list[Given]) -> tuple[list[Given], list[str]]:
    """Of each parameter and each group the first; a second one of another name in a group is told apart later."""
    kept: dict[str, Given] = {}
    notices: list[str] = []
    for one in given:
        first = kept.setdefault(one.group, one)
        if first is one:
            continue
        both = {"first": first.typed, "second": one.typed}
        if first.name != one.name and (one.name in VERSION_NAMES or one.group in ("speed", "visibility", "size")):
            raise InvalidParameter("`--{first}` and `--{second}` exclude each other; keep one of them.", **both)
        if first.words != one.words or first.name != one.name:
            notices.append(Said("`--{first}` and a second `--{second}` were given; the first counts.", **both))
    return list(kept.values()), notices
