"""Puts what was seen into sentences that the model reads back as it was seen. Knows words; nothing of pixels."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator

from engine.starter.reading import Reading
from engine.starter.recogniser import Sighting, Thing
from engine.starter.vocabulary import Vocabulary
from engine.starter.words import COLOURS, FOLDED, PICTURE, split_phrases

TRIES = 40  # a sentence, before there are no more to be found
DOUBT = 40.0  # how fast a noun that looks less alike becomes unlikely
NUMBERS = {2: "two", 3: "three", 4: "four"}
OFF_MIDDLE = PICTURE / 8  # pixels from the middle, before a place is worth a word
# What sounds right of what may be typed. The first of each is the most usual.
SETTINGS = {
    "night": ("at night", "at midnight", "in outer space"),
    "sunset": ("at sunset", "at dusk", "at dawn", "at sunrise"),
    "sky": ("in the sky", "in a blue sky", "in daylight"),
    "grass": ("on grass", "in a meadow", "in a field", "on a lawn"),
    "sea": ("on the sea", "on the ocean", "on a lake", "in the water"),
    "snow": ("on snow", "in the snow", "in winter"),
    "desert": ("in the desert", "on sand", "on the beach"),
}
WORDS = {
    "3d": ("3d", "glossy", "clay", "plastic"),
    "flat": ("flat", "minimalist", "vector"),
    "cartoon": ("cartoon", "hand drawn", "comic"),
    "small": ("small", "little", "tiny"),
    "medium": ("medium sized", "medium"),
    "above": ("above", "over", "on top of"),
}
BARE_COLOURS = ("{} background", "a simple {} background", "{} backdrop", "{} wallpaper")
BARE_SETTINGS = ("a picture {}", "an image {}", "a painting {}", "a photo {}")
VOWELS = ("a", "e", "i", "o", "u")
PLURALS = {"mouse": "mice", "wolf": "wolves", "knife": "knives", "goose": "geese", "tooth": "teeth", "loaf": "loaves"}


def describe(sighting: Sighting, vocabulary: Vocabulary, count: int, seed: int) -> tuple[str, ...]:
    """`count` different sentences, or as many as there are. The first is the likeliest and the plainest; in the others
    words vary, and where the picture leaves doubt so do the things.
    """
    chance = random.Random(seed)
    sentences: dict[str, None] = {}
    for attempt in range(TRIES * count):
        if len(sentences) == count:
            break
        nouns = _nouns(sighting.things, vocabulary, chance if attempt else None)
        sentence = _sentence(sighting, nouns, vocabulary, chance if attempt else None)
        if _is_understood(vocabulary.read(sentence), sighting, nouns):
            sentences[sentence] = None
    return tuple(sentences)


def _nouns(things: tuple[Thing, ...], vocabulary: Vocabulary, chance: random.Random | None) -> tuple[int, ...]:
    """One a thing. Those that look the same stay the same."""
    chosen: dict[int, int] = {}
    for thing in things:
        if chance is None:
            chosen[thing.noun] = thing.noun
        elif thing.noun not in chosen:
            alike = (thing.likeness / thing.likeness.max().clamp(min=1e-6)).clamp(min=0) ** DOUBT
            [chosen[thing.noun]] = chance.choices(range(len(vocabulary.nouns)), weights=alike.tolist())
    return tuple(chosen[thing.noun] for thing in things)


def _sentence(sighting: Sighting, nouns: tuple[int, ...], vocabulary: Vocabulary, chance: random.Random | None) -> str:
    """`chance` None takes each first word."""
    if not sighting.things:
        return _bare(sighting.background, chance)
    setting = _setting(sighting.background, chance)
    names = [vocabulary.nouns[noun].names for noun in nouns]
    style = _style(sighting.things, chance)
    subject = _subject(sighting.things, [_pick(of, chance) for of in names], style, chance)
    if chance is not None and chance.random() < 0.25:
        return f"{setting}, {subject}"
    return f"{subject}, {setting}" if setting.endswith("background") else f"{subject} {setting}"


def _bare(background: str, chance: random.Random | None) -> str:
    """Of a picture that shows nothing else."""
    if background in COLOURS:
        return _pick(BARE_COLOURS, chance).format(_pick(split_phrases(FOLDED[background]), chance))
    return _pick(BARE_SETTINGS, chance).format(_pick(SETTINGS[background], chance))


def _setting(background: str, chance: random.Random | None) -> str:
    if background in COLOURS:
        return f"{_pick(split_phrases(FOLDED[background]), chance)} background"
    return _pick(SETTINGS[background], chance)


def _style(things: tuple[Thing, ...], chance: random.Random | None) -> str:
    """Of most of them."""
    [(style, _)] = Counter(thing.style for thing in things).most_common(1)
    return f"{_pick(WORDS[style], chance)} "


def _subject(things: tuple[Thing, ...], names: list[str], style: str, chance: random.Random | None) -> str:
    size = _size(things, chance)
    if len(things) == 1:
        return _with_article(f"{size}{style}{names[0]}") + _place(things[0])
    if len(set(names)) == 1:
        return f"{NUMBERS[len(things)]} {size}{style}{_plural(names[0])}"
    in_order = sorted(zip(things, names, strict=True), key=lambda pair: _reading_order(pair[0]))
    parts = [f"{size}{style if place == 0 else ''}{name}" for place, (_, name) in enumerate(in_order)]
    return _relation([thing for thing, _ in in_order], chance).join(_with_article(part) for part in parts)


def _size(things: tuple[Thing, ...], chance: random.Random | None) -> str:
    """The reader takes a thing alone for large, and several for medium."""
    sizes = {thing.size for thing in things}
    if len(things) == 1:
        [size] = sizes
        return "" if size == "large" else f"{_pick(WORDS[size], chance)} "
    return f"{_pick(WORDS['small'], chance)} " if sizes == {"small"} else ""


def _place(thing: Thing) -> str:
    down, across = thing.row - PICTURE / 2, thing.column - PICTURE / 2
    words = [
        word
        for word, is_there in (
            ("top", down < -OFF_MIDDLE / 2),
            ("bottom", down > OFF_MIDDLE / 2),
            ("left", across < -OFF_MIDDLE / 2),
            ("right", across > OFF_MIDDLE / 2),
        )
        if is_there
    ]
    return f" at the {' '.join(words)}" if words else ""


def _reading_order(thing: Thing) -> tuple[float, float]:
    """From the top, then from the left, in quarters of the picture."""
    return round(thing.row / (PICTURE / 4)), thing.column


def _relation(things: list[Thing], chance: random.Random | None) -> str:
    """Between two; more are only listed."""
    if len(things) == 2 and abs(things[0].row - things[1].row) > abs(things[0].column - things[1].column):
        return f" {_pick(WORDS['above'], chance)} "
    return " and " if len(things) > 2 or chance is None else f" {chance.choice(('and', 'next to', 'beside'))} "


def _pick(phrases: tuple[str, ...], chance: random.Random | None) -> str:
    """The first, which is the most usual, half of the time."""
    return phrases[0] if chance is None or chance.random() < 0.5 else chance.choice(phrases)


def _with_article(words: str) -> str:
    return f"an {words}" if words.startswith(VOWELS) else f"a {words}"


def _plural(name: str) -> str:
    lead, _, last = name.rpartition(" ")
    if last in PLURALS:
        last = PLURALS[last]
    elif last.endswith("y") and not last.endswith(tuple(f"{vowel}y" for vowel in VOWELS)):
        last = f"{last[:-1]}ies"
    else:
        last += "es" if last.endswith(("s", "x", "ch", "sh")) else "s"
    return f"{lead} {last}".strip()


def _is_understood(reading: Reading, sighting: Sighting, nouns: tuple[int, ...]) -> bool:
    return (
        not reading.unknown
        and reading.background == sighting.background
        and Counter(instance.noun for instance in reading.instances) == Counter(nouns)
        and set(_sizes(reading)) <= {thing.size for thing in sighting.things} | {"medium"}
    )


def _sizes(reading: Reading) -> Iterator[str]:
    return (instance.size for instance in reading.instances)
