"""The normalised prompt: one line that every message about a job shows in bold, and that can be sent again."""

from collections.abc import Iterable

from bot.domain.prompt.characters import clean
from bot.domain.prompt.links import FoundLink
from bot.domain.prompt.permutations import escape

MAX_SHOWN = 1_800
"""Characters. A message holds 2,000, and the prompt is not all that it says."""


def write_echo(body: str, links: Iterable[FoundLink], parameters: Iterable[str]) -> str:
    """`parameters` as they are to be written, dashes included; empty ones are left out."""
    pieces: list[str] = []
    start = 0
    for link in links:
        gap = " " if body.startswith("::", link.end) else ""  # or the cut would become the link's weight
        pieces += (body[start : link.start], link.echo, gap)
        start = link.end
    text = "".join((*pieces, body[start:]))
    return escape(clean(" ".join((text, *parameters))))


def shorten_echo(echo: str, limit: int = MAX_SHOWN) -> str:
    """At most `limit` characters, the same ones every time: clients compare the bold text of a job's messages.

    The words are cut first; parameters stay as long as they take less than half of the room.
    """
    if len(echo) <= limit:
        return echo
    text, dashes, parameters = echo.partition(" --")
    tail = dashes + parameters
    if len(tail) > limit // 2:
        text, tail = echo, ""
    return text[: limit - len(tail) - 1].rstrip(" *\\") + "…" + tail
