"""The table in the docs names every parameter that a prompt may carry, and no other."""

import re
from pathlib import Path

from bot.domain.prompt.drawing_words import STYLE_WORDS
from bot.domain.prompt.table import NAMES, PARAMETERS, Kind

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
