"""Text in, `ParsedPrompt` or a named error out. One pass over the words; linear in the length of the prompt."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.errors import EmptyPrompt, InvalidParameter, PromptTooLong
from bot.domain.prompt.parameters import (
    MAX_SEED,
    GenerationParams,
    parse_aspect,
    parse_integer,
    parse_quality,
)

MAX_PROMPT = 1_800
"""Characters. A message holds 2,000, and the prompt is shown in all of a job's messages, in full, in the same way."""

ALIASES = {"aspect": "ar", "q": "quality"}
VALUED = frozenset({"ar", "no", "seed", "quality"})

_DASHES = re.compile(r"(?:^|(?<=\s))(?:—|--|–-|-–|–)(?=[A-Za-z])")
_INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b\u2060\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class ParsedPrompt:
    """`echo` is the normalised prompt on one line, safe between a pair of `**`."""

    params: GenerationParams
    echo: str


def parse(raw: str, *, random_seed: int) -> ParsedPrompt:
    """Raises a `PromptError` whose sentence says what to change."""
    line = _DASHES.sub("--", _clean(raw)).replace("—", "--")
    if len(line) > MAX_PROMPT:
        raise PromptTooLong(len(line), MAX_PROMPT)
    text, *pieces = re.split(r"(?:^|\s)--(?=[A-Za-z])", line)
    values = dict(_read_parameters(pieces))
    text = text.strip()
    if not text.strip(" *`_~|"):
        raise EmptyPrompt
    return ParsedPrompt(_build(text, values, random_seed), echo=line)


def _clean(raw: str) -> str:
    """One line without what would end bold text early, open code across it, or cannot be seen or stored.

    Taken out before anything is read, so that what is shown, what is drawn and what a copied echo gives are the same.
    """
    visible = _INVISIBLE.sub("", raw).replace("`", "")
    return " ".join(re.sub(r"\*{2,}", "", visible).split()).strip("* \\")


def _read_parameters(pieces: list[str]) -> Iterator[tuple[str, str]]:
    unknown: list[str] = []
    seen: dict[str, str] = {}
    negatives: list[str] = []
    for piece in pieces:
        typed, _, value = piece.partition(" ")
        name = ALIASES.get(typed, typed)
        value = value.strip()
        if name not in VALUED:
            unknown.append(typed)
        elif not value:
            raise InvalidParameter(f"`--{typed}` needs a value after it.")
        elif name == "no":
            negatives.append(value)
        elif " " in value:
            unknown += value.split()[1:]
        else:
            seen.setdefault(name, value)
    if unknown:
        known = ", ".join(f"--{name}" for name in sorted(VALUED))
        raise InvalidParameter(f"Unrecognized parameter(s): {', '.join(unknown)[:300]}. This studio knows {known}.")
    if negatives:
        seen["no"] = ", ".join(negatives)
    return iter(seen.items())


def _build(text: str, values: dict[str, str], random_seed: int) -> GenerationParams:
    return GenerationParams(
        text=text,
        seed=parse_integer("seed", values["seed"], 0, MAX_SEED) if "seed" in values else random_seed,
        negative=values.get("no", ""),
        aspect=parse_aspect(values["ar"]) if "ar" in values else (1, 1),
        quality=parse_quality(values["quality"]) if "quality" in values else 1.0,
    )
