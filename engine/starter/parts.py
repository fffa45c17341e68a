"""Reads a prompt in weighted parts: each by itself, then all of them as one picture. What weighs more is larger, and
has the last word on the background. Pure words; no tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from engine.starter.choices import with_style
from engine.starter.reading import Instance, Reading
from engine.starter.vocabulary import Vocabulary
from engine.starter.words import MAX_INSTANCES

FULL_SIZE = 2 / 3  # of the heaviest part's weight; from here up a thing is as large as it would be anyway
HALF_SIZE = 1 / 3  # from here up a lone thing is medium

Weighed = tuple[Reading, float]
"""What was read in a part, and its weight as a share of the heaviest part's."""


def read_parts(vocabulary: Vocabulary, parts: Sequence[tuple[str, float]]) -> Reading:
    """`parts` are texts and positive weights. A part of unknown words counts only where nothing else is known."""
    unknown = tuple(word for text, _ in parts for word in vocabulary.read(text).unknown)
    chosen = [(text, weight) for text, weight in parts if vocabulary.knows(text)] or list(parts[:1])
    heaviest = max(weight for _, weight in chosen)
    readings = [(vocabulary.read(text), weight / heaviest) for text, weight in chosen]
    style = _style_of_all(vocabulary, chosen)
    bare = [(_styled(_bare(reading), style), share) for reading, share in readings if reading.instances]
    scene = _by_itself(*bare[0]) if len(bare) == 1 else _side_by_side(bare)
    return replace(_on(_background(readings), scene), unknown=unknown)


def _style_of_all(vocabulary: Vocabulary, parts: Sequence[tuple[str, float]]) -> str | None:
    """What the heaviest part says that names no thing, for the things whose own parts leave it open."""
    named = [(weight, vocabulary.style_named(text)) for text, weight in parts if not vocabulary.read(text).instances]
    return max(((weight, style) for weight, style in named if style), default=(0.0, None), key=lambda one: one[0])[1]


def _styled(scene: Reading, style: str | None) -> Reading:
    return with_style(scene, style) if style and "style" in scene.open else scene


def _background(readings: Sequence[Weighed]) -> str | None:
    naming = [(share, reading.background) for reading, share in readings if reading.background]
    return max(naming, key=lambda pair: pair[0])[1] if naming else None


def _by_itself(scene: Reading, share: float) -> Reading:
    """The one part that names things, with its places and relations; a lone thing shrinks beside a heavy background."""
    if len(scene.instances) > 1 or share >= FULL_SIZE:
        return scene
    size = "medium" if share >= HALF_SIZE and scene.instances[0].size != "small" else "small"
    return replace(scene, instances=(replace(scene.instances[0], size=size),), open=scene.open - {"size"})


def _side_by_side(scenes: Sequence[Weighed]) -> Reading:
    """Things of several parts stand beside each other, each in its part's style; the heaviest get the room."""
    things = [(thing, share) for scene, share in scenes for thing in scene.instances]
    shown = sorted(range(len(things)), key=lambda place: -things[place][1])[:MAX_INSTANCES]
    instances = tuple(
        replace(thing, size=_size_among_others(thing, share), word=number)
        for number, (thing, share) in enumerate(things[place] for place in sorted(shown))
    )
    is_style_open = all("style" in scene.open for scene, _ in scenes)
    left_open = frozenset(("style", "background") if is_style_open else ("background",))
    return Reading(("<object>",) * len(instances), instances, None, (), left_open)


def _size_among_others(thing: Instance, share: float) -> str:
    return "medium" if share >= FULL_SIZE and thing.size != "small" else "small"


def _bare(reading: Reading) -> Reading:
    """Without its background, which is its first word."""
    return reading if reading.background is None else _moved(reading, reading.words[1:], -1)


def _on(background: str | None, scene: Reading) -> Reading:
    if background is None:
        return scene
    placed = _moved(scene, (background, *scene.words), 1)
    return replace(placed, background=background, open=scene.open - {"background"})


def _moved(reading: Reading, words: tuple[str, ...], by: int) -> Reading:
    instances = tuple(replace(thing, word=thing.word + by) for thing in reading.instances)
    return replace(reading, words=words, instances=instances, background=None)
