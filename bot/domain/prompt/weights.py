"""`::` cuts a prompt into parts that are understood separately; a number right after it weighs the text before."""

import re

from bot.domain.errors import InvalidParameter, InvalidPrompt
from bot.domain.prompt.links import NUMBER, echo_number
from bot.domain.prompt.parameters import PromptPart
from bot.domain.prompt.versions import MULTI_PROMPTS, WHOLE_WEIGHTS, name_version

MAX_WEIGHT = 10_000

_CUT = re.compile(rf"::(?P<weight>{NUMBER})?(?![A-Za-z0-9_])|::")
"""`::3d render` weighs nothing: a number that goes on as a word is text."""

_AROUND = " ,;.*\\"
"""Belongs to no part: what is left where a list or a sentence was cut."""


def split_parts(text: str) -> tuple[PromptPart, ...]:
    """The parts that have words; one part of weight 1 for a text without `::`.

    Raises `InvalidPrompt` when the weights leave nothing to draw. Words of `--no` do not enter that sum: a list of
    five things to leave out is an ordinary wish.
    """
    if "::" not in text:
        return (PromptPart(text),) if text else ()
    parts: list[PromptPart] = []
    start = 0
    for match in _CUT.finditer(text):
        _add(parts, text[start : match.start()], match["weight"])
        start = match.end()
    _add(parts, text[start:], None)
    total = round(sum(part.weight for part in parts), 9)
    if parts and total <= 0:
        raise InvalidPrompt(
            "The weights add up to {total}; together they must be above 0. "
            "Raise a positive weight or bring a negative one closer to 0.",
            total=echo_number(total),
        )
    return tuple(parts)


def check_weights(text: str, parts: tuple[PromptPart, ...], version: str) -> None:
    """Raises `InvalidParameter` when the version has no multi-prompts or no fractions."""
    if "::" not in text:
        return
    if version not in MULTI_PROMPTS:
        raise InvalidParameter(
            "Multi-prompts (`::`) are not compatible with `{version}`. Leave the version out, or use `--v 6.1`.",
            version=name_version(version),
        )
    if version in WHOLE_WEIGHTS and any(part.weight % 1 for part in parts):
        raise InvalidParameter(
            "Weights must be whole numbers with `{version}`, such as `::2`.", version=name_version(version)
        )


def _add(parts: list[PromptPart], text: str, weight: str | None) -> None:
    words = text.strip(_AROUND)
    if not words:
        return
    number = float(weight) if weight else 1.0
    if abs(number) > MAX_WEIGHT:
        raise InvalidPrompt(
            "A weight may be at most {limit:,}; they are relative, such as `space::2 ship`.", limit=MAX_WEIGHT
        )
    parts.append(PromptPart(words, number))
