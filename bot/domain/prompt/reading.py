"""What reading one parameter gives, and the words for a value that does not fit. Knows no parameter by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.errors import InvalidParameter
from bot.domain.prompt.characters import narrow
from bot.domain.prompt.split import Given
from bot.domain.said import Said

Values = Mapping[str, Any]
"""Fields of `GenerationParams` by name."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one parameter sets, how the echo writes it (empty: not at all), and what the member should know."""

    values: Values
    echo: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Personal:
    """What values may come from outside the prompt: the member's own style, others' styles, and chance."""

    profile: str
    profiles: Mapping[int, str]
    draw: Callable[[], int]


def echo_value(given: Given, value: str) -> str:
    return f"--{given.typed} {value}"


def wrong_value(given: Given, problem: Said, would_fit: Callable[[str], bool]) -> InvalidParameter:
    """Says what a value should be; when only punctuation is in the way, says that."""
    word = narrow(given.words[0])
    bare = word.rstrip(".,;:!?")
    if bare != word and would_fit(bare):
        return InvalidParameter(
            "`{sign}` sticks to the value of `--{name}`; write `--{name} {value}`.",
            sign=word[-1],
            name=given.typed,
            value=bare[:40],
        )
    return InvalidParameter(
        "`--{name}` {problem}, such as `{example}`.",
        name=given.typed,
        problem=problem,
        example=given.parameter.example,
    )
