"""The typed value of one parameter out of its words: ranges by version, and the sentence when it does not fit."""

import re
from collections.abc import Callable, Mapping

from bot.domain.errors import InvalidParameter
from bot.domain.prompt.characters import narrow, strip_phrase
from bot.domain.prompt.links import echo_number
from bot.domain.prompt.parameters import Speed, Visibility
from bot.domain.prompt.reading import Personal, Reading, Values, echo_value, wrong_value
from bot.domain.prompt.references import read_frame, read_links, read_profiles, read_references
from bot.domain.prompt.split import Given
from bot.domain.prompt.table import NAMES, STYLES, Kind, qualities
from bot.domain.prompt.versions import ANY, NEAREST, NEWEST_NIJI, echo_version, find_version, name_version
from bot.domain.said import Said, joined

_INTEGER = re.compile(r"-?[0-9]{1,12}")
_NUMBER = re.compile(r"-?(?:[0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})")
_RATIO = re.compile(r"([0-9]{1,6}):([0-9]{1,6})")

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
            return read_references(given, personal.draw)
        case Kind.PROFILES:
            return read_profiles(given, personal)
        case _:
            return _read_version(given, version)


def read_version_key(given: Given) -> str:
    """The version's key. Raises `InvalidParameter` for one that does not exist."""
    match given.parameter.kind:
        case Kind.NIJI:
            word = narrow(given.words[0]) if given.words else ""
            key = find_version(word, niji=True) if word else NEWEST_NIJI
            choices = "4, 5, 6, 7"
        case Kind.VERSION:
            word = narrow(given.words[0])
            key = find_version(word)
            choices = "1, 2, 3, 4, 5, 5.1, 5.2, 6, 6.1, 7, 8.1"
        case _:
            return given.name
    if key is None:
        raise wrong_value(
            given,
            Said("needs one of {choices}, not `{word}`", choices=choices, word=word[:40]),
            lambda w: bool(find_version(w)),
        )
    return key


def _field(given: Given) -> str:
    return _FIELDS.get(given.name, given.name)


def _read_flag(given: Given) -> Reading:
    return Reading(_FLAGS.get(given.name, {given.name: True}), f"--{given.typed}")


def _read_video(_given: Given) -> Reading:
    return Reading({"video": True}, "--video 1")


def _read_ratio(given: Given) -> Reading:
    word = narrow(given.words[0])
    match = _RATIO.fullmatch(word)
    if not match or not int(match[1]) or not int(match[2]):
        problem = Said("needs two whole numbers of at most six digits with a colon, not `{word}`", word=word[:40])
        raise wrong_value(given, problem, lambda bare: bool(_RATIO.fullmatch(bare)))
    return Reading({"aspect": (int(match[1]), int(match[2]))}, echo_value(given, word))


def _read_integer(given: Given, version: str) -> Reading:
    word = narrow(given.words[0])
    low, high = given.parameter.range_in(version)
    if not _INTEGER.fullmatch(word):
        problem = Said(
            "needs a whole number from {low:.0f} to {high:.0f}, not `{word}`", low=low, high=high, word=word[:40]
        )
        raise wrong_value(given, problem, lambda bare: bool(_INTEGER.fullmatch(bare)))
    _check_range(given, int(word), low, high, version)
    if given.name == "repeat":
        return Reading({})
    notice = Said("`--sameseed` is drawn like `--seed`.") if given.typed == "sameseed" else ""
    return Reading({_field(given): int(word)}, echo_value(given, word), notice)


def _read_number(given: Given, version: str) -> Reading:
    word = narrow(given.words[0])
    low, high = given.parameter.range_in(version)
    if not _NUMBER.fullmatch(word):
        problem = Said(
            "needs a number from {low} to {high}, not `{word}`",
            low=echo_number(low),
            high=echo_number(high),
            word=word[:40],
        )
        raise wrong_value(given, problem, lambda bare: bool(_NUMBER.fullmatch(bare)))
    _check_range(given, float(word), low, high, version)
    return Reading({_field(given): float(word)}, echo_value(given, word))


def _check_range(given: Given, number: float, low: float, high: float, version: str) -> None:
    if low <= number <= high:
        return
    place = f" with `{name_version(version)}`" if version else ""
    allowed = f"between {low:.0f} and {high:.0f}" if low < high else f"{low:.0f}"
    asked = Said("You asked for {number}.", number=echo_number(number))
    raise InvalidParameter(joined(f"`--{given.name}` must be {allowed}{place}.", asked))


def _read_quality(given: Given, version: str) -> Reading:
    """The nearest that the version has; halfway the better one."""
    word = narrow(given.words[0])
    if not _NUMBER.fullmatch(word) or float(word) <= 0:
        problem = Said("needs a number above 0, not `{word}`", word=word[:40])
        raise wrong_value(given, problem, lambda w: bool(_NUMBER.fullmatch(w)))
    asked = float(word)
    quality = min(qualities(version), key=lambda allowed: (abs(allowed - asked), -allowed))
    if quality == asked:
        return Reading({"quality": asked}, echo_value(given, word))
    echo = echo_value(given, echo_number(quality).replace("0.", "."))
    return Reading({"quality": float(quality)}, echo, _drawn_as(given, word, echo))


def _read_choice(given: Given) -> Reading:
    word = narrow(given.words[0])
    if word not in given.parameter.choices:
        choices = ", ".join(given.parameter.choices)
        problem = Said("needs one of {choices}, not `{word}`", choices=choices, word=word[:40])
        raise wrong_value(given, problem, lambda w: w in given.parameter.choices)
    values: Values = {"video_count": int(word)} if given.name == "bs" else {given.name: word}
    return Reading(values, echo_value(given, word))


def _read_style(given: Given, version: str) -> Reading:
    word = given.words[0]
    versions = NAMES["raw"].versions if word == "raw" else STYLES.get(word, frozenset({ANY, "5.2"}))
    if not re.fullmatch(r"[A-Za-z0-9-]{1,100}", word):
        raise wrong_value(given, Said("needs a word such as `raw`, not `{word}`", word=word[:40]), str.isalnum)
    if version not in versions:
        raise InvalidParameter(
            joined(
                f"`--style {word[:40]}` is not compatible with `{name_version(version)}`.",
                Said("Leave one of them out."),
            )
        )
    return Reading({"raw": True}, "--raw") if word == "raw" else Reading({"style": word}, echo_value(given, word))


def _read_phrases(given: Given) -> Reading:
    phrases = [strip_phrase(phrase) for phrase in " ".join(given.words).split(",")]
    phrases = [phrase for phrase in phrases if phrase]
    if not phrases:
        raise InvalidParameter("`--no` needs words after it, such as `{example}`.", example=given.parameter.example)
    listed = ", ".join(phrases)
    return Reading({"negative": listed}, echo_value(given, listed))


def _read_version(given: Given, version: str) -> Reading:
    echo = echo_value(given, echo_version(version))
    was_meant = bool(given.words) and narrow(given.words[0]) in NEAREST
    return Reading({}, echo, _drawn_as(given, given.words[0], echo) if was_meant else "")


def _read_legacy(given: Given) -> Reading:
    past = Said("`--{name}` belongs to models of the past and does nothing here.", name=given.typed)
    example = given.parameter.example
    return Reading({}, "", joined(past, Said("Write `{example}` instead.", example=example) if example else ""))


def _drawn_as(given: Given, word: str, echo: str) -> Said:
    return Said("`{typed}` is drawn as `{echo}`.", typed=f"--{given.typed} {word[:20]}", echo=echo)


_SAME_EVERYWHERE: Mapping[Kind, Callable[[Given], Reading]] = {
    Kind.FLAG: _read_flag,
    Kind.OPTIONAL: _read_video,
    Kind.RATIO: _read_ratio,
    Kind.CHOICE: _read_choice,
    Kind.PHRASES: _read_phrases,
    Kind.LINK: read_links,
    Kind.LINKS: read_links,
    Kind.FRAME: read_frame,
    Kind.LEGACY: _read_legacy,
}
