"""Links inside a prompt: where they begin and end, their weights, and which addresses are none that we fetch.

Any http(s) address counts as a picture: whether it is one is known only when it has been fetched.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import unquote, urlsplit

from bot.domain.errors import InvalidLink
from bot.domain.prompt.parameters import ImageLink

MAX_LINK = 2_048
MAX_SHOWN = 80

NUMBER = r"-?(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)"
_LINK = re.compile(
    rf"<(?P<angled>https?://[^\s<>]+)>(?:::(?P<weight>{NUMBER})?(?=[\s,.;<>]|$))?"
    r"|(?<![A-Za-z0-9_])https?://[^\s<>]+",
    re.I,
)
_WEIGHT = re.compile(rf"::(?P<weight>{NUMBER})?[,.;]*$")
_FOREIGN = re.compile(r"\b(?:blob:http\S*|(?:file|ftp|javascript)://\S*|data:image/\S*)", re.I)
_LONELY_COMMA = re.compile(r" +([,;])")
_SENTENCE_ENDS = ",.;!?'\"”’»）。、"


@dataclass(frozen=True, slots=True)
class FoundLink:
    """A link with the place it takes in the text, and how the echo writes it."""

    image: ImageLink
    start: int
    end: int

    @property
    def echo(self) -> str:
        return echo_link(self.image)


def find_links(text: str) -> Iterator[FoundLink]:
    """In their order. Raises `InvalidLink` for one that cannot be fetched by us."""
    if ":" not in text:
        return
    if foreign := _FOREIGN.search(text):
        raise InvalidLink(
            "`{link}` cannot be opened from here; use a link that begins with `https://`.", link=foreign[0][:80]
        )
    for match in _LINK.finditer(text):
        yield _read(match)


def remove_links(text: str, links: Iterable[FoundLink]) -> str:
    """The words that are left, without the commas that stood between links."""
    pieces: list[str] = []
    start = 0
    for link in links:
        pieces.append(text[start : link.start])
        start = link.end
    if not pieces:
        return text
    words = " ".join(" ".join((*pieces, text[start:])).split())
    return _LONELY_COMMA.sub(r"\1", words).strip(" ,;")


def read_link(word: str) -> ImageLink | None:
    """One word that is a link and nothing else; None when it is something else."""
    match = _LINK.match(word)
    if match is None or word[match.end() :].strip(_SENTENCE_ENDS):
        return None
    return _read(match).image


def echo_link(link: ImageLink) -> str:
    return f"<{link.url}>" if link.weight == 1 else f"<{link.url}>::{echo_number(link.weight)}"


def show_link(url: str) -> str:
    """As a sentence names it: one too long to be read, such as that of an upload, by its host and the file's name."""
    if len(url) <= MAX_SHOWN:
        return url
    host, _, path = url.partition("://")[2].partition("?")[0].partition("/")
    name = path.rpartition("/")[2]
    return f"{host}/…/{name}"[:MAX_SHOWN] if name and "/" in path else url[:MAX_SHOWN]


def name_links(text: str) -> str:
    """The text with files' names in the place of their addresses, for whoever has it read out."""
    return _LINK.sub(lambda match: _file_name(match["angled"] or match[0]), text)


def _file_name(url: str) -> str:
    address = url.partition("://")[2].partition("?")[0].rstrip("/")
    return unquote(address.rpartition("/")[2])


def echo_number(number: float) -> str:
    """Plain decimals, as short as they are exact."""
    text = format(Decimal(repr(number)), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _read(match: re.Match[str]) -> FoundLink:
    if match["angled"]:
        return FoundLink(_check(match["angled"], match["weight"]), *match.span())
    url, weight, end = match[0], None, match.end()
    if weighed := _WEIGHT.search(url):
        url, weight = url[: weighed.start()], weighed["weight"]
    elif (trimmed := _trim(url)) != url:
        end -= len(url) - len(trimmed)
        url = trimmed
    return FoundLink(_check(url, weight), match.start(), end)


def _trim(url: str) -> str:
    """Without the punctuation of the sentence around it."""
    url = url.rstrip(_SENTENCE_ENDS)
    return url[:-1].rstrip(_SENTENCE_ENDS) if url.endswith(")") and "(" not in url else url


def _check(url: str, weight: str | None) -> ImageLink:
    try:
        address = urlsplit(url)
        has_host = bool(address.hostname) and address.port != 0
    except ValueError:
        has_host = False
    if not has_host or len(url) > MAX_LINK:
        raise InvalidLink("`{link}` is not a usable link; copy the whole address of a picture.", link=url[:80])
    number = float(weight) if weight else 1.0
    if abs(number) > 10_000:
        raise InvalidLink("The weight of `{link}` is too large; weights are relative, such as `::2`.", link=url[:80])
    return ImageLink(url, number)
