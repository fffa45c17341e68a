"""Every parameter that a prompt may carry, as data: its names, what it accepts, and which versions know it.

`docs/prompt-language.md` says what each does here; a test keeps the two together.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from types import MappingProxyType

from bot.domain.prompt.looks import LOOKS
from bot.domain.prompt.versions import EVERY, span

MAX_SEED = 2**32 - 1


class Kind(Enum):
    """What may stand after the name."""

    FLAG = auto()
    OPTIONAL = auto()  # a flag that may carry a number which changes nothing
    RATIO = auto()
    INTEGER = auto()
    NUMBER = auto()
    QUALITY = auto()
    CHOICE = auto()
    WORD = auto()
    PHRASES = auto()
    VERSION = auto()
    NIJI = auto()
    LINK = auto()
    LINKS = auto()
    REFERENCES = auto()
    PROFILES = auto()
    FRAME = auto()
    LEGACY = auto()  # understood, told of, and left out


Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Parameter:
    """`name` is the one that messages use. Of the parameters in one `group` the first that is given counts.

    `ranges` are what single versions accept instead of `low` to `high`. `needs` names the parameter without which it
    means nothing. `example` is shown when a value is missing or wrong.
    """

    name: str
    kind: Kind
    aliases: tuple[str, ...] = ()
    low: float = 0
    high: float = 0
    versions: frozenset[str] = EVERY
    ranges: Mapping[str, Range] = field(default_factory=lambda: MappingProxyType({}))
    choices: tuple[str, ...] = ()
    group: str = ""
    needs: str = ""
    example: str = ""

    def range_in(self, version: str) -> Range:
        return self.ranges.get(version, (self.low, self.high))


def _same(versions: Iterable[str], low: float, high: float) -> dict[str, Range]:
    return dict.fromkeys(versions, (low, high))


_SREF = span("6", niji=("6", "7"))
_CREF = span("6", "6.1", niji=("6", "6"))
_OREF = span("7")
_OLD_AND_TEST = frozenset({"1", "2", "3", "test", "testp"})

PARAMETERS: tuple[Parameter, ...] = (
    Parameter("ar", Kind.RATIO, ("aspect",), example="--ar 3:2"),
    Parameter("chaos", Kind.INTEGER, ("c",), 0, 100, example="--chaos 20"),
    Parameter("no", Kind.PHRASES, example="--no text, people"),
    Parameter(
        "stylize",
        Kind.INTEGER,
        ("s",),
        0,
        1000,
        EVERY - {"1", "2", "niji 4"},
        {"3": (625, 60_000)} | _same(("test", "testp"), 1250, 5000),
        example="--stylize 250",
    ),
    Parameter("weird", Kind.INTEGER, ("w",), 0, 3000, span("5", niji=("5", "7")), example="--weird 500"),
    Parameter("quality", Kind.QUALITY, ("q",), versions=EVERY - {"8.1"}, example="--quality .5"),
    Parameter("seed", Kind.INTEGER, ("sameseed",), 0, MAX_SEED, example="--seed 7"),
    Parameter("stop", Kind.INTEGER, (), 10, 100, span("1", "6.1", niji=("4", "6"), test=True), example="--stop 80"),
    Parameter("style", Kind.WORD, group="style", example="--style raw"),
    Parameter("raw", Kind.FLAG, versions=span("5.1", niji=("6", "7")), group="style", example="--raw"),
    Parameter("tile", Kind.FLAG, versions=EVERY - {"4", "niji 4", "niji 5", "niji 6", "niji 7"}, example="--tile"),
    Parameter("repeat", Kind.INTEGER, ("r",), 1, 40, example="--repeat 3"),
    Parameter("version", Kind.VERSION, ("v",), group="version", example="--v 7"),
    Parameter("niji", Kind.NIJI, group="version", example="--niji 6"),
    Parameter("test", Kind.FLAG, group="version", example="--test"),
    Parameter("testp", Kind.FLAG, group="version", example="--testp"),
    Parameter(
        "iw",
        Kind.NUMBER,
        (),
        0,
        3,
        EVERY - {"4", "niji 4", "test", "testp"},
        _same(("5", "5.1", "5.2", "niji 5", "niji 6", "niji 7"), 0, 2) | _same(("1", "2", "3"), -10_000, 10_000),
        example="--iw 1.5",
    ),
    Parameter("sref", Kind.REFERENCES, versions=_SREF, example="--sref https://example.org/style.png"),
    Parameter("sw", Kind.INTEGER, (), 0, 1000, _SREF, needs="sref", example="--sw 200"),
    Parameter(
        "sv",
        Kind.INTEGER,
        (),
        1,
        7,
        _SREF,
        _same(("6", "6.1", "niji 6"), 1, 4) | _same(("7", "8.1"), 1, 6) | {"niji 7": (6, 6)},
        needs="sref",
        example="--sv 4",
    ),
    Parameter("cref", Kind.LINKS, versions=_CREF, example="--cref https://example.org/hero.png"),
    Parameter("cw", Kind.INTEGER, (), 0, 100, _CREF, needs="cref", example="--cw 50"),
    Parameter("oref", Kind.LINK, versions=_OREF, example="--oref https://example.org/hero.png"),
    Parameter("ow", Kind.INTEGER, (), 0, 1000, _OREF, needs="oref", example="--ow 200"),
    Parameter("exp", Kind.INTEGER, (), 0, 100, _OREF, example="--exp 20"),
    Parameter("profile", Kind.PROFILES, ("p",), versions=_SREF, example="--p"),
    Parameter("draft", Kind.FLAG, versions=frozenset({"", "7"}), group="size", example="--draft"),
    Parameter("hd", Kind.FLAG, versions=frozenset({"", "1", "2", "3", "8.1"}), group="size", example="--hd"),
    Parameter("sd", Kind.FLAG, versions=frozenset({"", "8.1"}), group="size", example="--sd"),
    Parameter("video", Kind.OPTIONAL, example="--video"),
    Parameter("motion", Kind.CHOICE, choices=("low", "high"), needs="video", example="--motion high"),
    Parameter("loop", Kind.FLAG, needs="video", group="end", example="--loop"),
    Parameter("end", Kind.FRAME, needs="video", group="end", example="--end https://example.org/last.png"),
    Parameter("bs", Kind.CHOICE, choices=("1", "2", "4"), needs="video", example="--bs 2"),
    Parameter("fast", Kind.FLAG, group="speed", example="--fast"),
    Parameter("relax", Kind.FLAG, group="speed", example="--relax"),
    Parameter("turbo", Kind.FLAG, group="speed", example="--turbo"),
    Parameter("stealth", Kind.FLAG, group="visibility", example="--stealth"),
    Parameter("public", Kind.FLAG, group="visibility", example="--public"),
    Parameter("zoom", Kind.NUMBER, (), 1, 2, example="--zoom 1.5"),
    *(
        Parameter(name, Kind.LEGACY)
        for name in ("creative", "beta", "upbeta", "uplight", "upanime", "hq", "newclip", "nostretch", "old")
    ),
    Parameter("vibe", Kind.LEGACY, example="--v 1"),
    Parameter("width", Kind.LEGACY, example="--ar 3:2"),
    Parameter("height", Kind.LEGACY, ("h",), example="--ar 3:2"),
    Parameter("wallpaper", Kind.LEGACY, example="--ar 15:8"),
    *(Parameter(name, Kind.LEGACY, example="--ar 3:2") for name in ("sl", "ml", "ll")),
    *(Parameter(name, Kind.LEGACY, example="--ar 2:3") for name in ("sp", "mp", "lp")),
)

NAMES: Mapping[str, Parameter] = MappingProxyType(
    {name: parameter for parameter in PARAMETERS for name in (parameter.name, *parameter.aliases)}
)

STYLES: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        **dict.fromkeys(("4a", "4b", "4c"), frozenset({"", "4"})),
        **dict.fromkeys(("cute", "expressive", "original", "scenic"), frozenset({"", "niji 5"})),
        **dict.fromkeys(("random", "random-16", "random-32", "random-64", "random-128"), frozenset({"", "5.2"})),
        **dict.fromkeys(LOOKS, EVERY),
    }
)
"""Words after `--style`, besides `raw`. Any other word is a style code, which only 5.2 knew."""

_QUALITIES: Mapping[str, tuple[float, ...]] = {
    "": (0.25, 0.5, 1, 2, 4),
    "3": (0.25, 0.5, 1, 2, 5),
    "6.1": (0.25, 0.5, 1, 2),
    "7": (1, 2, 4),
    "niji 7": (1, 2, 4),
}


def qualities(version: str) -> tuple[float, ...]:
    return _QUALITIES.get(version, (0.25, 0.5, 1))
