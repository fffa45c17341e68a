"""The aspect ratio in a normalised prompt: read it, and write another in its place."""

import re

_ASPECT = re.compile(r"(?<!\S)--(?:ar|aspect) ([0-9]+):([0-9]+)(?!\S)")
_ZOOM = re.compile(r"(?:^| )--zoom [0-9.]+(?!\S)")


def find_aspect(echo: str) -> tuple[int, int] | None:
    """The last one, as typed; None when the prompt leaves it open."""
    found = _ASPECT.findall(echo)
    return (int(found[-1][0]), int(found[-1][1])) if found else None


def with_aspect(echo: str, aspect: tuple[int, int]) -> str:
    """The same prompt for another shape. A square is not named unless another shape was."""
    written = f"--ar {aspect[0]}:{aspect[1]}"
    if _ASPECT.search(echo):
        return _ASPECT.sub(written, echo)
    return echo if aspect[0] == aspect[1] else f"{echo} {written}".strip()


def without_zoom(echo: str) -> str:
    """`--zoom` is about one press; whoever draws the prompt again does not zoom again."""
    return _ZOOM.sub("", echo).strip()
