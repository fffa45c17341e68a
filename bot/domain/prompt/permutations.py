"""`{a, b}`: one line with groups becomes a line for each choice. Knows nothing of what the words mean.

Plain code rather than a parser library: three kinds of token and one stack read as clearly as a grammar would, and
braces are matched before anything is built, so that unclosed ones cost no backtracking.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.domain.errors import InvalidPrompt, NotInPlan
from bot.domain.said import Said

MAX_DEPTH = 20

_TOKEN = re.compile(r"\\[,{}]|[{},]|[^\\{},]+|\\")
_SPECIAL = re.compile(r"[{}]|(?<=\\),")

Sequence: TypeAlias = "list[str | Group]"


@dataclass(slots=True)
class Group:
    """`count` is the number of lines it stands for, once it is closed."""

    alternatives: list[Sequence] = field(default_factory=lambda: [[]])
    count: int = 0


def expand(template: str, limit: int) -> Iterator[str]:
    """The last group changes fastest. Raises `NotInPlan` above `limit` lines, before any of them is written."""
    if "{" not in template and "\\" not in template:
        return iter((template,))
    sequence, depth = _read(template)
    if depth > MAX_DEPTH:
        raise InvalidPrompt(
            "The groups in braces are nested {depth} deep; at most {limit} are understood.",
            depth=depth,
            limit=MAX_DEPTH,
        )
    count = _count(sequence)
    if count > limit:
        raise too_many(count, limit)
    return (_pick(sequence, index) for index in range(count))


def too_many(count: int, limit: int) -> NotInPlan:
    made = Said("{n:,}", n=count) if count < 1_000_000 else Said("more than a million")
    return NotInPlan(
        "This prompt makes {made} jobs; one command may make at most {limit}. "
        "Please take out some of the choices in braces, or lower `--repeat`.",
        made=made,
        limit=limit,
    )


def escape(line: str) -> str:
    """The line so that `expand` gives exactly it again; unchanged where it already does."""
    if not any(letter in line for letter in "{}\\") or _is_literal(line):
        return line
    return _SPECIAL.sub(r"\\\g<0>", line)


def _is_literal(line: str) -> bool:
    sequence, _ = _read(line)
    return all(isinstance(item, str) for item in sequence) and "".join(map(str, sequence)) == line


def _read(template: str) -> tuple[Sequence, int]:
    """What the line consists of, and how deep its groups are nested. An unclosed brace is plain text."""
    tokens = _TOKEN.findall(template)
    paired = _pair(tokens)
    current: Sequence = []
    outer: list[tuple[Sequence, Group]] = []
    depth = 0
    for index, token in enumerate(tokens):
        if token == "{" and index in paired:
            group = Group()
            outer.append((current, group))
            current = group.alternatives[0]
            depth = max(depth, len(outer))
        elif token == "}" and index in paired:
            current, group = outer.pop()
            current.append(_close(group))
        elif token == "," and outer:
            current = []
            outer[-1][1].alternatives.append(current)
        else:
            current.append(token[1:] if len(token) == 2 and token[0] == "\\" else token)
    return _merge(current), depth


def _close(group: Group) -> "str | Group":
    """A group without a choice is its text, so that only real choices cost time with every line."""
    group.alternatives = [_merge(alternative) for alternative in group.alternatives]
    group.count = sum(map(_count, group.alternatives))
    return _pick_alternative(group, 0) if group.count == 1 else group


def _merge(sequence: Sequence) -> Sequence:
    """Each run of texts as one, between any two groups."""
    merged: Sequence = []
    texts: list[str] = []
    for item in sequence:
        if isinstance(item, str):
            texts.append(item)
        else:
            merged += ["".join(texts), item]
            texts = []
    return [*merged, "".join(texts)]


def _pair(tokens: list[str]) -> set[int]:
    """The places of all braces that have a partner."""
    opened: list[int] = []
    paired: set[int] = set()
    for index, token in enumerate(tokens):
        if token == "{":
            opened.append(index)
        elif token == "}" and opened:
            paired.update((opened.pop(), index))
    return paired


def _count(sequence: Sequence) -> int:
    count = 1
    for item in sequence:
        if isinstance(item, Group):
            count *= item.count
    return count


def _pick(sequence: Sequence, index: int) -> str:
    """The `index`th line: its digits in the mixed base of the groups' counts."""
    backwards: list[str] = []
    for item in reversed(sequence):
        if isinstance(item, Group):
            index, choice = divmod(index, item.count)
            backwards.append(_pick_alternative(item, choice))
        else:
            backwards.append(item)
    return "".join(reversed(backwards))


def _pick_alternative(group: Group, choice: int) -> str:
    for alternative in group.alternatives:
        count = _count(alternative)
        if choice < count:
            return _pick(alternative, choice).strip()
        choice -= count
    raise AssertionError("a choice is below its group's count")
