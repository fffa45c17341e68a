"""A text of ours that an edge can say in another language. Knows English only."""

from collections.abc import Mapping
from typing import Self


class Said(str):
    """English, and still its own pattern and what was put into it: `pattern.format(**values)`.

    It is read as any text where nobody translates, in logs for one. `many` is the pattern for every `count` but 1.
    A text that is put together out of others stays one: `Said("{first} {second}", first=..., second=...)`.
    """

    __slots__ = ("many", "pattern", "values")
    pattern: str
    many: str | None
    values: Mapping[str, object]

    def __new__(cls, pattern: str, /, **values: object) -> Self:
        return cls._written(pattern, None, values)

    @classmethod
    def counted(cls, one: str, many: str, /, *, count: int, **values: object) -> Self:
        return cls._written(one, many, {"count": count, **values})

    @classmethod
    def _written(cls, pattern: str, many: str | None, values: Mapping[str, object]) -> Self:
        english = pattern if many is None or values["count"] == 1 else many
        said = super().__new__(cls, english.format(**values) if values else english)
        said.pattern, said.many, said.values = pattern, many, values
        return said


def joined(*sentences: str) -> Said:
    """One text of several sentences; empty ones are left out."""
    given = {f"s{number}": sentence for number, sentence in enumerate(sentences) if sentence}
    return Said(" ".join(f"{{{name}}}" for name in given), **given)
