"""Values that point elsewhere: pictures by link, styles by number, members' own styles by code."""

import re
from collections.abc import Callable

from bot.domain.errors import InvalidParameter, NotEnoughRatings
from bot.domain.prompt.links import echo_link, echo_number, read_link
from bot.domain.prompt.parameters import ImageLink, StyleReference
from bot.domain.prompt.reading import Personal, Reading, Values, echo_value, wrong_value
from bot.domain.prompt.split import Given
from bot.domain.prompt.table import MAX_SEED
from bot.domain.said import Said

NOT_RATED = Said(
    "You have not rated enough pictures yet for a personal style. Like some with ❤️ under a picture, or leave `--p` out."
)
NOT_RATED_BY_THEM = Said(
    "That member has not rated enough pictures yet for a personal style. "
    "Like some with ❤️ under a picture, or leave `--p` out."
)
_CODE = re.compile(r"([0-9]{1,10})(?:::(-?(?:[0-9]{1,12}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})))?")


def read_links(given: Given) -> Reading:
    links = [_link(given, word) for word in given.words]
    urls = tuple(dict.fromkeys(link.url for link in links))
    echo = echo_value(given, " ".join(f"<{url}>" for url in urls))
    left_out = Said("The weights of `--{name}` are left out.", name=given.typed)
    notice = left_out if any(link.weight != 1 for link in links) else ""
    values: Values = {"omni_reference": urls[0]} if given.name == "oref" else {"character_references": urls}
    return Reading(values, echo, notice)


def _link(given: Given, word: str) -> ImageLink:
    link = read_link(word)
    if link is None:
        raise InvalidParameter(
            "`--{name}` needs a link to a picture, such as `{example}`.",
            name=given.typed,
            example=given.parameter.example,
        )
    return link


def read_references(given: Given, draw: Callable[[], int]) -> Reading:
    styles = [_reference(given, word, draw) for word in given.words]
    echo = " ".join(echo_link(ImageLink(s.source, s.weight)) if s.is_link else _echo_code(s) for s in styles)
    return Reading({"style_references": tuple(styles)}, echo_value(given, echo))


def _echo_code(style: StyleReference) -> str:
    return style.source if style.weight == 1 else f"{style.source}::{echo_number(style.weight)}"


def _reference(given: Given, word: str, draw: Callable[[], int]) -> StyleReference:
    if word == "random":
        return StyleReference(str(draw() % (MAX_SEED + 1)))
    if code := _CODE.fullmatch(word):
        if int(code[1]) > MAX_SEED:
            raise InvalidParameter(
                "A style's number is between 0 and {limit}, not {number}.", limit=MAX_SEED, number=code[1]
            )
        return StyleReference(code[1], float(code[2]) if code[2] else 1.0)
    link = read_link(word)
    if link is None:
        problem = Said("needs links, numbers or `random`, not `{word}`", word=word[:40])
        raise wrong_value(given, problem, lambda bare: bare == "random" or bool(_CODE.fullmatch(bare)))
    return StyleReference(link.url, link.weight)


def read_profiles(given: Given, personal: Personal) -> Reading:
    """Weights on codes mean nothing and doubles are one."""
    if not given.words:
        codes = [_known(personal.profile, NOT_RATED)]
    else:
        codes = [_resolve(word, personal) for word in given.words]
    codes = list(dict.fromkeys(codes))
    return Reading({"profiles": tuple(codes)}, echo_value(given, " ".join(codes)))


def _resolve(word: str, personal: Personal) -> str:
    if not word.startswith("<@"):
        return word.partition("::")[0]
    member = int(re.sub(r"[^0-9]", "", word)[:20])
    return _known(personal.profiles.get(member, ""), NOT_RATED_BY_THEM)


def _known(code: str, otherwise: Said) -> str:
    if not code:
        raise NotEnoughRatings(otherwise)
    return code


def read_frame(given: Given) -> Reading:
    if given.words[0] == "loop":
        return Reading({"loop": True}, echo_value(given, "loop"))
    url = _link(given, given.words[0]).url
    return Reading({"end_frame": url}, echo_value(given, f"<{url}>"))
