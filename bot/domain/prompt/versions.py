"""The versions that `--v`, `--niji` and `--test` may name, and what a whole version is able to do, as data.

A version is a key such as `7`, `niji 6` or `test`; the empty key means that none was named: then every parameter is
understood, because what counts is the studio's own model. Which model draws a version is the operator's table.
"""

from collections.abc import Mapping

NUMBERED = ("1", "2", "3", "4", "5", "5.1", "5.2", "6", "6.1", "7", "8.1")
NIJI = ("niji 4", "niji 5", "niji 6", "niji 7")
TEST = ("test", "testp")
ANY = ""
NEWEST_NIJI = NIJI[-1]
EVERY = frozenset((ANY, *NUMBERED, *NIJI, *TEST))

NEAREST = {"8": "8.1"}
"""What people type and mean the other by."""

MAX_RATIO = 14.0
_MAX_RATIOS = {"1": 2.5, "2": 2.5, "3": 2.5, "4": 2.0, "niji 4": 2.0, "test": 1.5, "testp": 1.5}


def span(
    first: str = "", last: str = "8.1", *, niji: tuple[str, str] | None = None, test: bool = False
) -> frozenset[str]:
    """The numbered versions from `first` to `last`, the niji ones within `niji`, and no version at all."""
    keys = {ANY}
    if first:
        keys.update(NUMBERED[NUMBERED.index(first) : NUMBERED.index(last) + 1])
    if niji:
        keys.update(NIJI[NIJI.index(f"niji {niji[0]}") : NIJI.index(f"niji {niji[1]}") + 1])
    return frozenset(keys | set(TEST if test else ()))


MULTI_PROMPTS = span("1", "6.1", niji=("4", "6"))
WHOLE_WEIGHTS = frozenset({"1", "2", "3"})
IMAGE_PROMPTS = EVERY - {"test", "testp"}
NEGATIVE_IMAGE_WEIGHTS = EVERY - {"8.1"}


def find_version(word: str, *, niji: bool = False) -> str | None:
    """`6.0` is `6`."""
    key = word.removesuffix(".0")
    key = f"niji {key}" if niji else NEAREST.get(key, key)
    return key if key in (NIJI if niji else NUMBERED) else None


def name_version(version: str) -> str:
    """As it stands in messages: `--version 7`, `--niji 6`, `--test`."""
    if version in NUMBERED:
        return f"--version {version}"
    return f"--{version}"


def echo_version(version: str) -> str:
    """Whole numbers carry one decimal, except niji's."""
    number = version.removeprefix("niji ")
    return number if version in NIJI or "." in number else f"{number}.0"


def max_ratio(version: str, *, hd: bool) -> float:
    return min(_MAX_RATIOS.get(version, MAX_RATIO), 4.0 if hd else MAX_RATIO)


def find_model(version: str, models: Mapping[str, str]) -> str:
    """The operator's model for a version: by its key, else by `niji` or `v` for the whole line; empty for none."""
    line = version.split()[0] if version in NIJI else "v"
    return models.get(version, models.get(line, "")) if version else models.get(ANY, "")
