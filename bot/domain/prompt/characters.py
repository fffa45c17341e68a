"""The characters of a prompt: one safe line out of whatever was pasted, and dashes as phones and papers type them."""

import re
from collections.abc import Container

_INVISIBLE = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\xad\u061c\u200b\u200e\u200f\u2060\ufeff\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_ADDRESS = re.compile(r"https?://[^\s<>]+")
_STARS = re.compile(r"\*{2,}")
_MARKUP = " *`_~|"

_SHORT = "-‐‑−﹣－ー"
"""Count as a hyphen: two of them make a dash. The last ones are what Japanese keyboards give."""
_LONG = "—–―‒⸺"
"""Count as two hyphens each."""
_DASHES = re.compile(rf"(?:^|(?<=[\s{{,]))(?:[{_SHORT}{_LONG}]{{2,6}}|[{_LONG}])(?P<name>[a-z][a-z0-9_-]*)")

_AROUND_PHRASES = f" .;*\\{_SHORT}{_LONG}"

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}


def clean(raw: str) -> str:
    """One line without what would end bold text early, open code across it, or cannot be seen or stored.

    Taken out before anything is read, so that what is shown, what is drawn and what a copied echo gives are the same.
    Stars inside links are written as `%2A` instead: the link must stay what it was.
    """
    text = _INVISIBLE.sub("", raw)
    if "://" in text:
        text = _ADDRESS.sub(_encode, text)
    return strip_ends(" ".join(_STARS.sub("", text.replace("`", "")).split()))


def _encode(address: re.Match[str]) -> str:
    return address[0].rstrip("*`").replace("*", "%2A").replace("`", "%60")


def strip_ends(text: str) -> str:
    """What stands next to the two stars of bold text must be neither a star nor an escape."""
    return text.strip("* \\")


def strip_phrase(text: str) -> str:
    """One phrase of a list, without what would begin a parameter or end bold text when it is written anew."""
    return text.strip(_AROUND_PHRASES)


def says_something(text: str) -> bool:
    return bool(text.strip(_MARKUP))


def straighten_dashes(line: str, known_names: Container[str]) -> str:
    """Every em dash becomes two hyphens; other dashes, and mixed ones, only where a parameter's name follows."""

    def straighten(match: re.Match[str]) -> str:
        name = match["name"]
        # A hyphen after the name would go at the end of a phrase, and the echo would then begin a parameter.
        is_known = name in known_names or name.rstrip("0123456789-") in known_names
        return f"--{name}" if is_known else match[0]

    return _DASHES.sub(straighten, line).replace("—", "--")


def narrow(value: str) -> str:
    """Full-width letters, digits and colons as their plain forms."""
    return value.translate(_FULL_WIDTH)
