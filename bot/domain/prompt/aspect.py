"""The aspect ratio in a normalised prompt: read it, and write another in its place; and what a film adds to it."""

import re

_ASPECT = re.compile(r"(?<!\S)--(?:ar|aspect) ([0-9]+):([0-9]+)(?!\S)")
_FILM = re.compile(r"(?:^| )--(?:motion (?:low|high)|video(?: 1)?)(?!\S)")
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


def with_film(echo: str, motion: str, aspect: tuple[int, int]) -> str:
    """The prompt of a picture as its film shows it, the shape at the end: client programs tell films by it."""
    still = " ".join(_ASPECT.sub("", without_film(echo)).split())
    return f"{still} --motion {motion} --video 1 --aspect {aspect[0]}:{aspect[1]}".strip()


def without_film(echo: str) -> str:
    """What a press animates is the picture under it, so that the words need not say it again."""
    return _FILM.sub("", echo).strip()
