"""Forms of one text field, and what was written into them.

A form here is only a way to write one down: it is stopped at once, so that discord.py keeps nothing of it. Where it
goes is decided by its custom id.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import discord

from bot.words import say

TITLE_LIMIT = 45
TEXT_LIMIT = 4_000
"""Characters that a field can hold; a longer prompt cannot be edited in a form."""


def text_form(*, title: str, custom_id: str, field_id: str, text: str) -> discord.ui.Modal:
    form = discord.ui.Modal(title=title[:TITLE_LIMIT], custom_id=custom_id)
    field: discord.ui.TextInput[discord.ui.Modal] = discord.ui.TextInput(
        label=say("Prompt"),
        custom_id=field_id,
        default=text[:TEXT_LIMIT],
        style=discord.TextStyle.paragraph,
        max_length=TEXT_LIMIT,
    )
    form.add_item(field)
    form.stop()
    return form


def read_fields(interaction: discord.Interaction[discord.Client]) -> dict[str, str]:
    """What was written, by the ids of the fields."""
    data: Any = interaction.data or {}
    return {str(field["custom_id"]): str(field.get("value") or "") for field in _fields(data.get("components", []))}


def _fields(components: Any) -> Iterator[Mapping[str, Any]]:
    for component in components:
        yield from _fields(component.get("components", []))
        if "component" in component:
            yield from _fields([component["component"]])
        if "custom_id" in component:
            yield component
