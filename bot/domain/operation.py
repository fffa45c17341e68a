"""What a job does to pictures beside its prompt: how far it zooms, where the mask lies, what a member handed in."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Operation:
    """`zoom` is how much larger the view becomes: 2 shows the old picture at half its size.

    `scale` is how many times longer the sides of an upscaled picture become. `mask_key` and `source_keys` name bytes in
    the image store: the part to be drawn anew (PNG, white is redrawn), and pictures that a member handed in.
    `strength` None is the kind's usual one; `upscaler` is the token of the one that was asked for.
    With `starts_from_input` the first of `source_keys` is what the job starts from, whatever its parent is.
    `style_steps` and `keeps_colours` are told to the style transfer as they are.
    """

    zoom: float = 1.0
    scale: int = 2
    strength: float | None = None
    mask_key: str = ""
    source_keys: tuple[str, ...] = ()
    motion: str = ""
    keeps_colours: bool = False
    style_steps: int = 0
    upscaler: str = ""
    starts_from_input: bool = False


PLAIN = Operation()


def load_operation(stored: Mapping[str, Any]) -> Operation:
    """Back from `dataclasses.asdict` and JSON; what an older version did not store takes its default."""
    known = {field.name: stored[field.name] for field in fields(Operation) if field.name in stored}
    if "source_keys" in known:
        known["source_keys"] = tuple(known["source_keys"])
    return Operation(**known)
