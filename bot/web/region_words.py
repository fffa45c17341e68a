"""What the page of the brush says, in the language that is spoken. The page's own script gets its sentences as JSON."""

import json

from bot.words import say


def page_words() -> dict[str, str]:
    """By their places in `region.html`."""
    return {
        "intro": say("Paint over what should be drawn anew. Everything else stays as it is."),
        "tools": say("Tools"),
        "brush": say("Brush"),
        "erase": say("Erase"),
        "rectangle": say("Rectangle"),
        "lasso": say("Lasso"),
        "size": say("Size"),
        "undo": say("Undo"),
        "clear": say("Clear"),
        "zoom_out": say("Zoom out"),
        "zoom_in": say("Zoom in"),
        "canvas": say("The picture. Marked parts are drawn anew."),
        "keys": say("Keys: arrows move the cross, Space paints there, Enter starts and ends a rectangle."),
        "prompt_label": say("Prompt"),
        "send": say("Draw it"),
    }


def script_words() -> str:
    """`{}` is where the script puts its figures."""
    return json.dumps(
        {
            "nothing": say("Nothing is marked yet."),
            "little": say("Less than 1 % is marked."),
            "marked": say("{share} % is marked.", share="{}"),
            "cross": say("The cross is at {place}.", place="{}"),
            "corner": say("A corner is set. Move, then press Enter again."),
            "sending": say("Sending …"),
            "failed": say("It could not be sent. Check your connection and try again."),
        },
        ensure_ascii=False,
    )
