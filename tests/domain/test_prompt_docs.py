"""The tables in the docs name every parameter that a prompt may carry, no other, and what each version lacks."""

import re
from pathlib import Path

from bot.domain.prompt.drawing_words import STYLE_WORDS
from bot.domain.prompt.table import NAMES, PARAMETERS, Kind
from bot.domain.prompt.versions import (
    IMAGE_PROMPTS,
    MULTI_PROMPTS,
    NEGATIVE_IMAGE_WEIGHTS,
    NIJI,
    NUMBERED,
    TEST,
    WHOLE_WEIGHTS,
    max_ratio,
)

PAGE = Path(__file__).parents[2] / "docs" / "prompt-language.md"


def test_the_docs_say_of_every_parameter_what_it_does() -> None:
    text = PAGE.read_text(encoding="utf-8")
    first_cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `--")]
    in_table = set(re.findall(r"`--([a-z]+)`", "".join(first_cells)))
    of_today = {
        name
        for parameter in PARAMETERS
        if parameter.kind is not Kind.LEGACY
        for name in (parameter.name, *parameter.aliases)
    }
    assert in_table == of_today
    assert all(f"`--{name}`" in text for name in NAMES)
    assert all(f"`{style}`" in text for style in STYLE_WORDS)


def _lacks(version: str) -> set[str]:
    """In the words of the page. What only goes with another parameter is lacking with it."""
    whole = {
        "`::`": version not in MULTI_PROMPTS,
        "fractions as weights": version in WHOLE_WEIGHTS,
        "pictures before the words": version not in IMAGE_PROMPTS,
        "negative weights of pictures": version not in NEGATIVE_IMAGE_WEIGHTS,
    }
    ratio = max_ratio(version, hd=False)
    whole |= {f"shapes beyond {name}": ratio == limit for name, limit in (("2:1", 2), ("5:2", 2.5), ("3:2", 1.5))}
    return {what for what, is_lacking in whole.items() if is_lacking} | {
        f"`--{parameter.name}`"
        for parameter in PARAMETERS
        if version not in parameter.versions and parameter.needs not in ("sref", "cref", "oref")
    }


def test_the_docs_say_of_every_version_what_it_lacks() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## What a version knows")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")][2:]
    said = {version: set(lacks.split(", ")) for versions, lacks in rows for version in versions.split(", ")}
    assert said.keys() == {*NUMBERED, *NIJI, *TEST}
    assert {version: said[version] ^ _lacks(version) for version in said} == {version: set() for version in said}
