"""Slips of the hand around parameters: what was probably meant, said so that it can be put right."""

import difflib
import re
from collections.abc import Iterator

from bot.domain.errors import InvalidParameter
from bot.domain.prompt.table import NAMES, Kind
from bot.domain.said import Said, joined

_SPACED = re.compile(r"(?:^|(?<=\s))-- +(?P<name>[a-z]+)(?: +(?P<value>\S+))?(?!\S)")
_GLUED = re.compile(r"(?<=[^\s-])--(?P<name>[a-z]+)(?!\S)")
_FIGURES = re.compile(r"[0-9.]*[0-9](?::[0-9]+)?")
_FIGURE_KINDS = frozenset({Kind.RATIO, Kind.INTEGER, Kind.NUMBER, Kind.QUALITY, Kind.VERSION, Kind.NIJI})
_TRAILING = ".,;:!?"
_NAME_AND_VALUE = re.compile(r"(?P<name>[A-Za-z]+)[:=]?(?P<value>[0-9.][0-9.:]*)")
_LONG_NAMES = [name for name in NAMES if len(name) > 2]


def check_spaced(body: str) -> None:
    """`-- ar 16:9` is a slip, not a text: such figures are never meant to be drawn. Raises `InvalidParameter`."""
    for name, value in _find_spaced(body):
        if value and NAMES[name].kind in _FIGURE_KINDS and _FIGURES.fullmatch(value):
            raise InvalidParameter(
                "The dashes must touch the name: write `--{name} {value}` instead of `-- {name} {value}`.",
                name=name,
                value=value,
            )


def _find_spaced(body: str) -> Iterator[tuple[str, str]]:
    for match in _SPACED.finditer(body):
        if match["name"] in NAMES:
            yield match["name"], match["value"] or ""


def find_slips(body: str) -> Iterator[str]:
    """What may have been meant as a parameter but is read as text."""
    if "--" not in body:
        return
    for name, _ in _find_spaced(body):
        yield Said("`-- {name}` was read as text; without the space, `--{name}` would be a parameter.", name=name)
    for match in _GLUED.finditer(body):
        if match["name"] in NAMES:
            yield Said("`--{name}` was read as text, because there is no space before it.", name=match["name"])


def explain_unknown(unknown: list[str], leftover: list[str]) -> Said:
    """The first words are as client programs know them."""
    shown = ", ".join(dict.fromkeys(word[:60] for word in [*unknown, *leftover][:20]))
    hints = [hint for name in unknown[:20] if (hint := _hint(name[:60]))]
    if leftover:
        hints.append(Said("Text belongs before the first parameter."))
    if not hints:
        hints.append(Said("A dash that is part of the text needs a space on both sides."))
    return joined(f"Unrecognized parameter(s): {shown[:300]}.", *list(dict.fromkeys(hints))[:3])


def _hint(word: str) -> Said | None:
    name = word.removeprefix("--").rstrip(_TRAILING)
    if word != name and name in NAMES:
        return Said("`{sign}` sticks to `--{name}`; write `--{name}` alone.", sign=word[-1], name=name)
    if name.lower() in NAMES:
        return Said("Names are lower case: `--{name}`.", name=name.lower())
    if glued := _NAME_AND_VALUE.fullmatch(name):
        known, value = glued["name"].lower(), glued["value"]
        if known not in NAMES:
            return None
        return Said("Put one space between name and value: `--{name} {value}`.", name=known, value=value)
    if close := difflib.get_close_matches(name.lower(), _LONG_NAMES, n=1, cutoff=0.75):
        return Said("Did you mean `--{name}`?", name=close[0])
    return None
