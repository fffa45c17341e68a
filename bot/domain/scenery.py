"""The part of a prompt that says what stands behind things, for models that know a fixed list of words for it."""

import re
from collections.abc import Iterable


def find_scenery(text: str, scenery: Iterable[str]) -> str:
    """The phrases of the list in the order in which the text has them; of overlapping ones the longest counts."""
    longest_first = sorted({re.escape(phrase) for phrase in scenery if phrase}, key=len, reverse=True)
    if not longest_first:
        return ""
    return " ".join(re.findall(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)", text, re.IGNORECASE))
