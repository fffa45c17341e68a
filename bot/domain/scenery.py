"""The part of a prompt that says what stands behind things, for models that know a fixed list of words for it."""

import re
from collections.abc import Iterable


def find_scenery(text: str, scenery: Iterable[str], others: Iterable[str] = ()) -> str:
    """The phrases of the list in the order in which the text has them; of overlapping ones the longest counts.

    Where one of the `others` is longer it is none of the scenery: a space invader says nothing of space.
    """
    known = {phrase.lower() for phrase in scenery}
    found: list[str] = re.findall(_any_of({*known, *others}), text, re.IGNORECASE)
    return " ".join(phrase for phrase in found if phrase.lower() in known)


def without_scenery(text: str, scenery: Iterable[str]) -> str:
    """The rest of the words, in their order."""
    return " ".join(re.sub(_any_of(scenery), " ", text, flags=re.IGNORECASE).split()).strip(" ,")


def _any_of(scenery: Iterable[str]) -> str:
    longest_first = sorted({re.escape(phrase) for phrase in scenery if phrase}, key=len, reverse=True)
    return rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)" if longest_first else r"(?!)"
