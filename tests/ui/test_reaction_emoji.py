"""Which gesture means what, in the forms in which Discord sends emoji."""

import pytest

from bot.ui.reactions import ReactionEmoji, Wish


@pytest.mark.parametrize(
    ("emoji", "meaning"),
    [
        ("✉️", (Wish.DM, 0)),
        ("\u2709", (Wish.DM, 0)),
        ("❌", (Wish.DISCARD, 0)),
        ("1️⃣", (Wish.UPSCALE, 0)),
        ("4\u20e3", (Wish.UPSCALE, 3)),
        ("🇦", (Wish.VARY, 0)),
        ("🇩", (Wish.VARY, 3)),
        ("🔄", (Wish.AGAIN, 0)),
        ("👍", None),
        ("", None),
    ],
)
def test_defaults(emoji: str, meaning: tuple[Wish, int] | None) -> None:
    assert ReactionEmoji().find(emoji) == meaning


def test_an_empty_setting_switches_a_gesture_off() -> None:
    emoji = ReactionEmoji(dm="", vary=(), again="<:again:123>")
    assert emoji.find("✉️") is None
    assert emoji.find("") is None
    assert emoji.find("🇦") is None
    assert emoji.find("<:again:123>") == (Wish.AGAIN, 0)
