"""The upscalers by the names that versions gave them. Every name is understood; each version's own are offered."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.domain.job import JobKind


@dataclass(frozen=True, slots=True)
class Upscaler:
    """`token` stands in the ids of its buttons, `name` in their labels and in the line of a finished picture."""

    token: str
    name: str
    kind: JobKind = JobKind.UPSCALE_SUBTLE
    scale: int = 2


def _two(line: str) -> Iterator[Upscaler]:
    yield Upscaler(f"{line}_2x_subtle", "Subtle")
    yield Upscaler(f"{line}_2x_creative", "Creative", JobKind.UPSCALE_CREATIVE)


_LINES: dict[str, tuple[Upscaler, ...]] = {
    "v5": (Upscaler("v5_2x", "2x"), Upscaler("v5_4x", "4x", scale=4)),
    **{line: tuple(_two(line)) for line in ("v6", "v6r1", "v7", "v8")},
}
_OLD = (
    Upscaler("max", "Max"),
    Upscaler("light", "Light"),
    Upscaler("beta", "Beta", JobKind.UPSCALE_CREATIVE),
)
UPSCALERS = {upscaler.token: upscaler for line in (*_LINES.values(), _OLD) for upscaler in line}

_LINE_OF = {
    **dict.fromkeys(("5", "5.1", "5.2", "niji 5"), "v5"),
    **dict.fromkeys(("6", "niji 6"), "v6"),
    "6.1": "v6r1",
    **dict.fromkeys(("7", "niji 7"), "v7"),
    "8.1": "v8",
}


def offered_upscalers(version: str, presented: str) -> tuple[Upscaler, ...]:
    """Those of a job's own version, or else of the version that the studio presents itself as."""
    return _LINES[_LINE_OF.get(version) or _LINE_OF.get(presented) or "v6r1"]


def upscaler_name(token: str, kind: JobKind) -> str:
    """How the chat calls it; the kind's usual name when the token is not known."""
    if token in UPSCALERS:
        return UPSCALERS[token].name
    return "Creative" if kind is JobKind.UPSCALE_CREATIVE else "Subtle"
