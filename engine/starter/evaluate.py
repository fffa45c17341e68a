"""`python -m engine.starter.evaluate`: draws prompts whose noun, background, style and size never met in training,
and prints how many pictures show what was asked, as one line of JSON. Also draws the contact sheet of the card."""

from __future__ import annotations

import argparse
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from engine.starter.backgrounds import VARIANTS
from engine.starter.dataset import Composer, Picture, held_out
from engine.starter.drawing import draw_all, save_sheet
from engine.starter.judge import Judge
from engine.starter.model import WEIGHTS, StarterModel
from engine.starter.scenes import Slot
from engine.starter.sprites import load_sprites
from engine.starter.vocabulary import Vocabulary
from engine.starter.words import BACKGROUNDS, BOX_PATCHES, COLOURS, SIZES, STYLES

GRID = 8
CARD_SHEET = Path(__file__).with_name("contact_sheet.png")
CARD_PROMPTS = (
    *("a fox", "a cat on a red background", "a rocket at night", "a castle on grass", "a cartoon dog", "a flat owl"),
    *("a fox under a full moon", "two cats", "three apples on snow", "a banana, blue background", "a robot"),
    *("a sailboat on the sea", "a cartoon tree at sunset", "a crown above a frog", "a pizza next to a cat"),
    *("a small whale at the bottom, sea", "a flat lion in the desert", "a unicorn, pink background", "four stars"),
    *("a dragon above a castle", "a penguin in the snow", "a cup of coffee", "a red car", "a cartoon octopus, teal"),
    *("a guitar, purple background", "a birthday cake", "a snowman at night", "a cactus in the desert", "a shark"),
    *("a small bee on the right, yellow background", "a strawberry and a lemon", "a flat mushroom on grass"),
    *("a cartoon bear, orange background", "a medium panda, green background", "an alien under a ufo at night"),
    *("a sunflower", "a tiger, white background", "a flat bicycle, grey background", "a balloon in the sky"),
    *("a turtle beside a shell on the beach", "a cartoon ghost at midnight", "a diamond, black background"),
    *("two dogs and a house", "a pumpkin, brown background", "a rainbow above a horse", "a sleepy wug", "sunset"),
    *("a cartoon butterfly at the top left, sky",),
)


@dataclass(frozen=True)
class Question:
    """One held-out combination and where its object was asked to stand."""

    prompt: str
    noun: int
    background: str
    style: str
    size: str
    slot: Slot


def questions(vocabulary: Vocabulary, count: int, seed: int = 5) -> list[Question]:
    """`count` different held-out combinations, each with its own place on the canvas."""
    kept = [
        combination
        for combination in itertools.product(range(len(vocabulary.nouns)), BACKGROUNDS, STYLES, SIZES)
        if held_out(vocabulary.nouns[combination[0]].head, *combination[1:])
    ]
    rng = np.random.default_rng(seed)
    chosen = rng.permutation(len(kept))[:count]
    return [_question(vocabulary, *kept[index], rng=rng) for index in chosen]


def _question(
    vocabulary: Vocabulary, noun: int, background: str, style: str, size: str, *, rng: np.random.Generator
) -> Question:
    last = GRID - BOX_PATCHES[size]
    row, column = (int(index) for index in rng.integers(3, size=2))
    place = f"{('top', '', 'bottom')[row]} {('left', '', 'right')[column]}".strip() or "middle"
    setting = f"{background} background" if background in COLOURS else f"on {background}"
    head = vocabulary.nouns[noun].head
    prompt = f"a {size} {style} {head} in the {place}, {setting}"
    return Question(prompt, noun, background, style, size, (row * last // 2, column * last // 2))


def score(judge: Judge, asked: Sequence[Question], pictures: Sequence[Picture]) -> dict[str, float]:
    """Shares of pictures with the background, noun (among the nearest three) and style that were asked for."""
    right = np.zeros(3)
    for question, picture in zip(asked, pictures, strict=True):
        seen = judge.look(picture, question.size, question.slot)
        right += (
            seen.background == question.background,
            question.noun in seen.nouns,
            seen.styles[question.noun] == question.style,
        )
    return dict(zip(("background_right", "noun_right", "style_right"), right / len(asked), strict=True))


def true_renders(composer: Composer, asked: Sequence[Question]) -> list[Picture]:
    rng = np.random.default_rng(11)
    readings = [composer.vocabulary.read(question.prompt) for question in asked]
    return [
        composer.compose(reading, question.background, [question.slot], int(rng.integers(VARIANTS)))
        for reading, question in zip(readings, asked, strict=True)
    ]


def evaluate(model: StarterModel, folder: Path, count: int) -> dict[str, float | int]:
    """The figures, with `_ceiling` for true renders and `_floor` for pictures of somebody else's prompt."""
    sprites = load_sprites(list(model.vocabulary.nouns), folder)
    judge, composer = Judge(sprites), Composer(model.vocabulary, sprites)
    asked = questions(model.vocabulary, count)
    drawn = draw_all(model, [question.prompt for question in asked], seed=1)
    figures: dict[str, float | int] = {"prompts": len(asked), "nouns": len(model.vocabulary.nouns)}
    figures |= score(judge, asked, drawn)
    figures |= _named("_ceiling", score(judge, asked, true_renders(composer, asked)))
    figures |= _named("_floor", score(judge, asked, drawn[1:] + drawn[:1]))
    return {name: round(value, 4) for name, value in figures.items()}


def _named(ending: str, figures: dict[str, float]) -> dict[str, float]:
    return {name + ending: value for name, value in figures.items()}


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m engine.starter.evaluate", description=__doc__)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--folder", type=Path, default=Path(".starter"), help="where the art is, or will be fetched to")
    parser.add_argument("--prompts", type=int, default=1200)
    parser.add_argument("--threads", type=int, default=0, help="0: torch's own choice")
    parser.add_argument("--sheet", type=Path, default=CARD_SHEET, help="where the contact sheet goes")
    options = parser.parse_args(arguments)
    torch.set_num_threads(options.threads or torch.get_num_threads())
    model = StarterModel.load(options.weights)
    save_sheet(draw_all(model, CARD_PROMPTS, seed=2), CARD_PROMPTS, options.sheet)
    print(json.dumps(evaluate(model, options.folder, options.prompts)))


if __name__ == "__main__":
    main()
