"""/describe: does it name what is in the picture, and does it keep quiet about what it cannot know?"""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from time import process_time

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.operations.reference import Levels, as_levels, as_pixels, scenes
from benchmarks.operations.sheets import RESULTS
from benchmarks.operations.studio import Studio
from engine.protocol import Described, DescribeRequest, Finished, GenerateRequest
from engine.starter.evaluate import Question, questions
from engine.starter.vocabulary import Vocabulary

LOOKS = 5
SIDE = 256
SHOWN, CELL, LINE, WIDTH = 4, 88, 20, 720

Said = tuple[str, ...]


async def measure(studio: Studio, folder: Path, count: int) -> dict[str, float]:
    """Of combinations that never met in training: `describe_top5` is the share of true pictures whose noun is in one of
    five descriptions, `_drawn` the same of pictures that the engine drew, `_floor` with somebody else's descriptions.
    `describe_invented` is the share of formless pictures in which a thing is named; `describe_cpu_seconds` of one core
    are spent on one picture.
    """
    vocabulary = Vocabulary.from_file()
    asked = questions(vocabulary, count)
    await _describe(studio, np.full((64, 64, 3), 128, np.uint8))  # opens the album
    true = [scene.large for scene in scenes([question.prompt for question in asked], folder)]
    drawn = [await _draw(studio, question.prompt) for question in asked]
    formless = [_formless(seed) for seed in range(count)]
    started = process_time()
    of_true, of_drawn, of_formless = [
        [await _describe(studio, picture) for picture in pictures] for pictures in (true, drawn, formless)
    ]
    seconds = (process_time() - started) / (3 * count)
    rows = (
        zip(true, of_true, strict=True),
        zip(drawn[::-1], of_drawn[::-1], strict=True),
        zip(formless, of_formless, strict=True),
    )
    _save_sheet([row for some, shown in zip(rows, (SHOWN, SHOWN, 2), strict=True) for row in islice(some, shown)])
    return {
        "describe_top5": _right(of_true, asked, vocabulary),
        "describe_top1": _right([said[:1] for said in of_true], asked, vocabulary),
        "describe_top5_drawn": _right(of_drawn, asked, vocabulary),
        "describe_top5_floor": _right(of_true[1:] + of_true[:1], asked, vocabulary),
        "describe_invented": sum(_names_a_thing(said, vocabulary) for said in of_formless) / count,
        "describe_cpu_seconds": seconds,
    }


async def _describe(studio: Studio, picture: Levels) -> Said:
    described = await studio.ask(DescribeRequest("describe", as_pixels(picture), LOOKS, seed=1))
    assert isinstance(described, Described), described
    return described.texts


async def _draw(studio: Studio, prompt: str) -> Levels:
    finished = await studio.ask(GenerateRequest("draw", prompt, (1,), width=SIDE, height=SIDE))
    assert isinstance(finished, Finished), finished
    return as_levels(finished.images[0])


def _formless(seed: int) -> Levels:
    """Soft spots of colour, coarse or fine."""
    rng = np.random.default_rng(seed)
    side = int(rng.choice([3, 6, 12, 32]))
    spots = Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8))
    return np.asarray(spots.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def _right(said: Sequence[Said], asked: Sequence[Question], vocabulary: Vocabulary) -> float:
    found = [
        any(thing.noun == question.noun for text in texts for thing in vocabulary.read(text).instances)
        for texts, question in zip(said, asked, strict=True)
    ]
    return sum(found) / len(found)


def _names_a_thing(said: Said, vocabulary: Vocabulary) -> bool:
    """Colours may share their name with a thing, so a thing of the sort that is placed or sized is looked for."""
    return any(not reading.unknown and reading.instances for reading in map(vocabulary.read, said))


def _save_sheet(rows: Sequence[tuple[Levels, Said]]) -> None:
    """Each picture beside the first four things that were said of it."""
    sheet = Image.new("RGB", (WIDTH, len(rows) * (CELL + 8) + 8), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for number, (picture, said) in enumerate(rows):
        top = 8 + number * (CELL + 8)
        sheet.paste(Image.fromarray(picture).resize((CELL, CELL), Image.Resampling.LANCZOS), (8, top))
        for line, text in enumerate(said[:4]):
            pen.text((CELL + 20, top + line * LINE + 3), text, fill="#1f2430", font=font)
    sheet.quantize(128, dither=Image.Dither.NONE).save(RESULTS / "describe.png", optimize=True)
