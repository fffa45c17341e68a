"""Styles by number: every number is one look for ever, made of a manner, a palette and a light.

The same number leads to the same words, in every studio of this version; a model with a fixed list of words is given
those of its own. Changing the lists changes what numbers mean, so lists are only ever replaced as a whole.
"""

import hashlib
from collections.abc import Sequence

from bot.domain.prompt.capabilities import Capabilities
from bot.domain.prompt.looks import LOOKS
from bot.domain.prompt.parameters import GenerationParams, PromptPart

USUAL_WEIGHT = 0.5
"""Beside the prompt, at `--sw 100`."""
MAX_WEIGHT = 1.0

MANNERS = (
    *("oil painting", "watercolor painting", "gouache painting", "pencil sketch", "ink drawing", "charcoal drawing"),
    *("woodblock print", "linocut print", "risograph print", "screen print", "etching", "pastel drawing"),
    *("pixel art", "line art", "flat vector illustration", "isometric 3d render", "low poly", "claymation"),
    *("paper cutout collage", "stained glass", "mosaic", "embroidery", "art nouveau poster", "art deco poster"),
    *("bauhaus poster", "comic book panel", "anime", "storybook illustration", "analog film photograph", "polaroid"),
)
PALETTES = (
    *("pastel colors", "muted earth tones", "neon colors on black", "teal and orange", "crimson and gold"),
    *("monochrome blue", "black and white", "sepia tones", "emerald green and ivory", "violet and pink"),
    *("bright primary colors", "autumn colors", "icy pale colors", "turquoise and coral", "deep jewel tones"),
    *("faded vintage colors", "lime green and grey", "burnt orange and brown"),
)
LIGHTS = (
    *("soft morning light", "golden hour light", "harsh flash", "moonlight", "misty air", "dramatic shadows"),
    *("flat even light", "backlit glow", "candlelight", "overcast light", "rim light", "high contrast"),
)
COLOURS = (
    *("white", "black", "grey", "red", "orange", "yellow"),
    *("green", "blue", "purple", "pink", "brown", "teal"),
)


def words_of(code: int, vocabulary: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """At most three phrases, the manner first. Of a fixed `vocabulary`, what it has of manners and colours."""
    if not vocabulary:
        return tuple(_pick(code, choices) for choices in (MANNERS, PALETTES, LIGHTS))
    manners = [look.words for look in LOOKS.values() if vocabulary.issuperset(look.words.split())]
    colours = [colour for colour in COLOURS if colour in vocabulary]
    return tuple(_pick(code, choices) for choices in (manners, colours) if choices)


def plan_codes(params: GenerationParams, capabilities: Capabilities) -> list[PromptPart]:
    """A part for each number, and for the words of each saved one, that weighs what `--sw` and its own weight say."""
    said = [
        PromptPart(", ".join(words_of(int(style.source), capabilities.vocabulary)), style.weight)
        for style in params.style_references
        if not style.is_link
    ]
    said += params.style_words
    of_pictures = [style.weight for style in params.style_references if style.is_link]
    weights = [weight for weight in (*of_pictures, *(part.weight for part in said)) if weight > 0]
    if not weights or params.style_weight == 0:
        return []
    loudness = USUAL_WEIGHT * params.style_weight / 100 * len(weights) / sum(weights)
    return [
        PromptPart(part.text, round(min(MAX_WEIGHT, loudness * part.weight), 3))
        for part in said
        if part.text and part.weight > 0
    ]


def _pick(code: int, choices: Sequence[str]) -> str:
    """Neighbouring numbers look nothing alike. The first choice is part of it, or all lists would move in step."""
    digest = hashlib.sha256(f"{code}/{choices[0]}".encode()).digest()
    return choices[int.from_bytes(digest[:8]) % len(choices)]
