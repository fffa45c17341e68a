"""The words that the starter model is taught, everything a member may type for them, and the canvas they stand on."""

from __future__ import annotations

PICTURE = 64
PATCH = 8
STYLES = ("3d", "flat", "cartoon")
SIZES = ("small", "medium", "large")
SPRITE_PIXELS = {"small": 24, "medium": 32, "large": 48}
BOX_PATCHES = {"small": 4, "medium": 4, "large": 6}  # even, so that a box can stand in the middle
MAX_INSTANCES = 4

COLOURS = (
    *("white", "black", "grey", "red", "orange", "yellow"),
    *("green", "blue", "purple", "pink", "brown", "teal"),
)
SCENERY = ("night", "sunset", "sky", "grass", "sea", "snow", "desert")
BACKGROUNDS = (*COLOURS, *SCENERY)
PLACES = ("left", "right", "top", "bottom", "centre")
RELATIONS = ("above", "below", "beside", "left_of", "right_of")
WORDS = ("<pad>", "<start>", "<object>", *BACKGROUNDS, *PLACES, *RELATIONS, "<ground>")
WORD_IDS = {word: index for index, word in enumerate(WORDS)}

# Everything a member may type for one of our words. A phrase is matched before its parts.
FOLDED: dict[str, str] = {
    "white": "white, ivory, cream",
    "black": "black, ebony",
    "grey": "grey, gray, silver",
    "red": "red, crimson, scarlet",
    "orange": "orange, amber",
    "yellow": "yellow, gold, golden",
    "green": "green, emerald, olive",
    "blue": "blue, azure, navy, cobalt",
    "purple": "purple, violet, lilac, lavender",
    "pink": "pink, magenta, fuchsia",
    "brown": "brown, tan, beige",
    "teal": "teal, cyan, turquoise, aqua",
    "night": "night, night sky, starry night, starry sky, midnight, space, outer space, dark, darkness, galaxy",
    "sunset": "sunset, sunset sky, sunrise, dusk, dawn, evening, twilight",
    "sky": "sky, blue sky, day, daytime, daylight, morning, noon",
    "grass": "grass, meadow, field, lawn, garden, forest, park, hill, countryside, green field",
    "sea": "sea, ocean, water, underwater, lake, river",
    "snow": "snow, snowy, winter, snowfield, arctic",
    "desert": "desert, sand, beach, dunes, dune",
    "left": "left, left side",
    "right": "right, right side",
    "top": "top, upper",
    "bottom": "bottom, lower",
    "centre": "centre, center, middle, centered, centred",
    "above": "above, over, on top of, atop",
    "below": "below, under, beneath, underneath",
    "beside": "beside, next to, near, by, and, with, behind, in front of, alongside, plus, facing, meets",
    "left_of": "left of, to the left of, on the left of",
    "right_of": "right of, to the right of, on the right of",
    "small": "small, little, tiny, mini, miniature, wee",
    "medium": "medium, medium sized, mid sized",
    "large": "large, big, huge, giant, enormous, great",
    "3d": "3d, 3 d, glossy, rendered, render, plastic, toy, clay",
    "flat": "flat, minimal, minimalist, vector, simple, icon, 2d, 2 d",
    "cartoon": "cartoon, noto, drawn, drawing, comic, illustration, illustrated, hand drawn",
    "1": "1, one, single",
    "2": "2, two, pair of, couple of, twin",
    "3": "3, three, trio of, several, some",
    "4": "4, four, many",
    "on": "on",
    "background": "background, backdrop, wallpaper",
}
SILENT_WORDS = (
    "a an the of in at to is it its his her my your our this that with from for as picture image photo style "
    "styled art painting portrait sized size coloured colored colour color corner side emoji very"
)
SILENT = frozenset(SILENT_WORDS.split())
IRREGULAR = {
    "mice": "mouse",
    "wolves": "wolf",
    "knives": "knife",
    "geese": "goose",
    "teeth": "tooth",
    "foxes": "fox",
    "loaves": "loaf",
}


def split_phrases(phrases: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in phrases.split(","))
