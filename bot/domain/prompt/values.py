"""The typed value of one parameter out of its words: ranges by version, and the sentence when it does not fit."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.domain.errors import InvalidParameter, NotEnoughRatings
from bot.domain.prompt.characters import narrow
from bot.domain.prompt.links import echo_link, echo_number, read_link
from bot.domain.prompt.parameters import ImageLink, Speed, StyleReference, Visibility
from bot.domain.prompt.split import Given
from bot.domain.prompt.table import MAX_SEED, NAMES, STYLES, Kind, qualities
from bot.domain.prompt.versions import ANY, NEAREST, NEWEST_NIJI, echo_version, find_version, name_version

Values = Mapping[str, Any]
"""Fields of `GenerationParams` by name."""

_INTEGER = re.compile(r"-?[0-9]{1,12}")
_NUMBER = re.compile(r"-?(?:[0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})")
_RATIO = re.compile(r"([0-9]{1,6}):([0-9]{1,6})")
_CODE = re.compile(r"([0-9]{1,10})(?:::(-?(?:[0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})))?")

_FIELDS = {
    "iw": "image_weight",
    "sw": "style_weight",
    "sv": "style_version",
    "cw": "character_weight",
    "ow": "omni_weight",
    "exp": "experimental",
}
_FLAGS: Mapping[str, Values] = {
    "sd": {},
    "test": {},
    "testp": {},
    **{speed.value: {"speed": speed} for speed in Speed},
    **{visibility.value: {"visibility": visibility} for visibility in Visibility},
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What one parameter sets, how the echo writes it (empty: not at all), and what the member should know."""

    values: Values
    echo: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True)
class Personal:
    """What values may come from outside the prompt: the member's own style, others' styles, and chance."""

    profile: str
    profiles: Mapping[int, str]
    draw: Callable[[], int]


def read(given: Given, version: str, personal: Personal) -> Reading:
    """Raises `InvalidParameter`, `InvalidLink` or `NotEnoughRatings`."""
    kind = given.parameter.kind
    if kind in _SAME_EVERYWHERE:
        return _SAME_EVERYWHERE[kind](given)
    match kind:
        case Kind.INTEGER:
            return _read_integer(given, version)
        case Kind.NUMBER:
            return _read_number(given, version)
        case Kind.QUALITY:
            return _read_quality(given, version)
        case Kind.WORD:
            return _read_style(given, version)
        case Kind.REFERENCES:
            return _read_references(given, personal.draw)
        case Kind.PROFILES:
            return _read_profiles(given, personal)
        case _:
            return _read_version(given, version)


def read_version_key(given: Given) -> str:
    """The version's key. Raises `InvalidParameter` for one that does not exist."""
    match given.parameter.kind:
        case Kind.NIJI:
            word = narrow(given.words[0]) if given.words else ""
            key = find_version(word, niji=True) if word else NEWEST_NIJI
            choices = "4, 5, 6 or 7"
        case Kind.VERSION:
            word = narrow(given.words[0])
            key = find_version(word)
            choices = "1, 2, 3, 4, 5, 5.1, 5.2, 6, 6.1, 7 or 8.1"
        case _:
            return given.name
    if key is None:
        raise _wrong(given, f"needs one of {choices}, not `{word[:40]}`", lambda w: bool(find_version(w)))
    return key


def _field(given: Given) -> str:
    return _FIELDS.get(given.name, given.name)


def _echo(given: Given, value: str) -> str:
    return f"--{given.typed} {value}"


def _wrong(given: Given, problem: str, would_fit: Callable[[str], bool]) -> InvalidParameter:
    """Says what a value should be; when only punctuation is in the way, says that."""
    word = narrow(given.words[0])
    bare = word.rstrip(".,;:!?")
    if bare != word and would_fit(bare):
        return InvalidParameter(
            f"`{word[-1]}` sticks to the value of `--{given.typed}`; write `--{given.typed} {bare[:40]}`."
        )
    return InvalidParameter(f"`--{given.typed}` {problem}, such as `{given.parameter.example}`.")


def _read_flag(given: Given) -> Reading:
    return Reading(_FLAGS.get(given.name, {given.name: True}), f"--{given.typed}")


def _read_video(_given: Given) -> Reading:
    return Reading({"video": True}, "--video 1")


def _read_ratio(given: Given) -> Reading:
    word = narrow(given.words[0])
    match = _RATIO.fullmatch(word)
    if not match or not int(match[1]) or not int(match[2]):
        problem = f"needs two whole numbers of at most six digits with a colon, not `{word[:40]}`"
        raise _wrong(given, problem, lambda bare: bool(_RATIO.fullmatch(bare)))
    return Reading({"aspect": (int(match[1]), int(match[2]))}, _echo(given, word))


def _read_integer(given: Given, version: str) -> Reading:
    word = narrow(given.words[0])
    low, high = given.parameter.range_in(version)
    if not _INTEGER.fullmatch(word):
        problem = f"needs a whole number from {low:.0f} to {high:.0f}, not `{word[:40]}`"
        raise _wrong(given, problem, lambda bare: bool(_INTEGER.fullmatch(bare)))
    _check_range(given, int(word), low, high, version)
    if given.name == "repeat":
        return Reading({})
    notice = "`--sameseed` is drawn like `--seed`." if given.typed == "sameseed" else ""
    return Reading({_field(given): int(word)}, _echo(given, word), notice)


def _read_number(given: Given, version: str) -> Reading:
    word = narrow(given.words[0])
    low, high = given.parameter.range_in(version)
    if not _NUMBER.fullmatch(word):
        problem = f"needs a number from {echo_number(low)} to {echo_number(high)}, not `{word[:40]}`"
        raise _wrong(given, problem, lambda bare: bool(_NUMBER.fullmatch(bare)))
    _check_range(given, float(word), low, high, version)
    return Reading({_field(given): float(word)}, _echo(given, word))


def _check_range(given: Given, number: float, low: float, high: float, version: str) -> None:
    if low <= number <= high:
        return
    place = f" with `{name_version(version)}`" if version else ""
    allowed = f"between {low:.0f} and {high:.0f}" if low < high else f"{low:.0f}"
    raise InvalidParameter(f"`--{given.name}` must be {allowed}{place}; you asked for {echo_number(number)}.")


def _read_quality(given: Given, version: str) -> Reading:
    """The nearest that the version has; halfway the better one."""
    word = narrow(given.words[0])
    if not _NUMBER.fullmatch(word) or float(word) <= 0:
        raise _wrong(given, f"needs a number above 0, not `{word[:40]}`", lambda w: bool(_NUMBER.fullmatch(w)))
    asked = float(word)
    quality = min(qualities(version), key=lambda allowed: (abs(allowed - asked), -allowed))
    if quality == asked:
        return Reading({"quality": asked}, _echo(given, word))
    echo = _echo(given, echo_number(quality).replace("0.", "."))
    return Reading({"quality": float(quality)}, echo, f"`--{given.typed} {word[:20]}` is drawn as `{echo}`.")


def _read_choice(given: Given) -> Reading:
    word = narrow(given.words[0])
    if word not in given.parameter.choices:
        choices = ", ".join(given.parameter.choices)
        raise _wrong(given, f"needs one of {choices}, not `{word[:40]}`", lambda w: w in given.parameter.choices)
    values: Values = {"video_count": int(word)} if given.name == "bs" else {given.name: word}
    return Reading(values, _echo(given, word))


def _read_style(given: Given, version: str) -> Reading:
    word = given.words[0]
    versions = NAMES["raw"].versions if word == "raw" else STYLES.get(word, frozenset({ANY, "5.2"}))
    if not re.fullmatch(r"[A-Za-z0-9-]{1,100}", word):
        raise _wrong(given, f"needs a word such as `raw`, not `{word[:40]}`", str.isalnum)
    if version not in versions:
        raise InvalidParameter(
            f"`--style {word[:40]}` is not compatible with `{name_version(version)}`; leave one of them out."
        )
    return Reading({"raw": True}, "--raw") if word == "raw" else Reading({"style": word}, _echo(given, word))


def _read_phrases(given: Given) -> Reading:
    phrases = [phrase.strip(" .;*\\-") for phrase in " ".join(given.words).split(",")]
    phrases = [phrase for phrase in phrases if phrase]
    if not phrases:
        raise InvalidParameter(f"`--no` needs words after it, such as `{given.parameter.example}`.")
    listed = ", ".join(phrases)
    return Reading({"negative": listed}, _echo(given, listed))


def _read_version(given: Given, version: str) -> Reading:
    echo = _echo(given, echo_version(version))
    was_meant = bool(given.words) and narrow(given.words[0]) in NEAREST
    return Reading({}, echo, f"`--v {given.words[0]}` is drawn as `{echo}`." if was_meant else "")


def _read_links(given: Given) -> Reading:
    links = [_link(given, word) for word in given.words]
    urls = tuple(dict.fromkeys(link.url for link in links))
    echo = _echo(given, " ".join(f"<{url}>" for url in urls))
    notice = f"The weights of `--{given.typed}` are left out." if any(link.weight != 1 for link in links) else ""
    values: Values = {"omni_reference": urls[0]} if given.name == "oref" else {"character_references": urls}
    return Reading(values, echo, notice)


def _link(given: Given, word: str) -> ImageLink:
    link = read_link(word)
    if link is None:
        raise InvalidParameter(f"`--{given.typed}` needs a link to a picture, such as `{given.parameter.example}`.")
    return link


def _read_references(given: Given, draw: Callable[[], int]) -> Reading:
    styles = [_reference(given, word, draw) for word in given.words]
    echo = " ".join(echo_link(ImageLink(s.source, s.weight)) if s.is_link else _echo_code(s) for s in styles)
    return Reading({"style_references": tuple(styles)}, _echo(given, echo))


def _echo_code(style: StyleReference) -> str:
    return style.source if style.weight == 1 else f"{style.source}::{echo_number(style.weight)}"


def _reference(given: Given, word: str, draw: Callable[[], int]) -> StyleReference:
    if word == "random":
        return StyleReference(str(draw() % (MAX_SEED + 1)))
    if code := _CODE.fullmatch(word):
        if int(code[1]) > MAX_SEED:
            raise InvalidParameter(f"A style's number is between 0 and {MAX_SEED}, not {code[1]}.")
        return StyleReference(code[1], float(code[2]) if code[2] else 1.0)
    link = read_link(word)
    if link is None:
        problem = f"needs links, numbers or `random`, not `{word[:40]}`"
        raise _wrong(given, problem, lambda bare: bare == "random" or bool(_CODE.fullmatch(bare)))
    return StyleReference(link.url, link.weight)


def _read_profiles(given: Given, personal: Personal) -> Reading:
    """Weights on codes mean nothing and doubles are one."""
    if not given.words:
        codes = [_known(personal.profile, "You have")]
    else:
        codes = [_resolve(word, personal) for word in given.words]
    codes = list(dict.fromkeys(codes))
    return Reading({"profiles": tuple(codes)}, _echo(given, " ".join(codes)))


def _resolve(word: str, personal: Personal) -> str:
    if not word.startswith("<@"):
        return word.partition("::")[0]
    member = int(re.sub(r"[^0-9]", "", word)[:20])
    return _known(personal.profiles.get(member, ""), "That member has")


def _known(code: str, who: str) -> str:
    if not code:
        raise NotEnoughRatings(
            f"{who} not rated enough pictures yet for a personal style. "
            "Like some with ❤️ under a picture, or leave `--p` out."
        )
    return code


def _read_frame(given: Given) -> Reading:
    if given.words[0] == "loop":
        return Reading({"loop": True}, _echo(given, "loop"))
    url = _link(given, given.words[0]).url
    return Reading({"end_frame": url}, _echo(given, f"<{url}>"))


def _read_legacy(given: Given) -> Reading:
    instead = f" Write `{given.parameter.example}` instead." if given.parameter.example else ""
    return Reading({}, "", f"`--{given.typed}` belongs to models of the past and does nothing here.{instead}")


_SAME_EVERYWHERE: Mapping[Kind, Callable[[Given], Reading]] = {
    Kind.FLAG: _read_flag,
    Kind.OPTIONAL: _read_video,
    Kind.RATIO: _read_ratio,
    Kind.CHOICE: _read_choice,
    Kind.PHRASES: _read_phrases,
    Kind.LINK: _read_links,
    Kind.LINKS: _read_links,
    Kind.FRAME: _read_frame,
    Kind.LEGACY: _read_legacy,
}
