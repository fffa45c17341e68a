"""Vary (Region): other things are asked for in parts of pictures. Are they there, and did nothing else change?"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.operations.reference import Levels, varied_prompts
from benchmarks.operations.seams import seam_steps
from benchmarks.operations.sheets import save_sheet
from benchmarks.operations.workshop import Workshop
from bot.pictures.masks import bounds_of, write_mask
from engine.starter.judge import Judge
from engine.starter.sprites import load_sprites
from engine.starter.vocabulary import Vocabulary
from engine.starter.words import PICTURE

SIDE = 256
LARGE_SLOT = (1, 1)
"""Where the judge looks for a large thing: six patches of eight, in the middle."""
SHOWN = 8

Flags = npt.NDArray[np.bool_]


async def measure(workshop: Workshop, folder: Path, count: int) -> dict[str, float]:
    """`inpaint_noun_right` is the share of pictures whose marked part shows what was asked for: it is among the judge's
    three nearest of all nouns. `inpaint_noun_before` is the same before anything was drawn.
    """
    vocabulary, rng = Vocabulary.from_file(), np.random.default_rng(4)
    judge = Judge(load_sprites(list(vocabulary.nouns), folder))
    right = before_right = changed = drawn = 0
    across, beside, rows = 0.0, 0.0, []
    for number, prompt in enumerate(varied_prompts(count)):
        noun = int(rng.integers(len(vocabulary.nouns)))
        picture = await workshop.imagine(prompt)
        [before] = await workshop.masters(picture)
        region = region_by_chance(number, rng)
        wording = f"a {vocabulary.nouns[noun].head}"
        after = await workshop.masters(await workshop.repaint(picture, write_mask(region), wording))
        for one in after:
            drawn += 1
            right += noun in judge.look(look_at(one, region), "large", LARGE_SLOT).nouns
            before_right += noun in judge.look(look_at(before, region), "large", LARGE_SLOT).nouns
            changed += int((one != before).any(axis=2)[~region].sum())
            steps = seam_steps(one, ~region)
            across, beside = across + steps[0], beside + steps[1]
        rows.append((before, marked(before, region), after[0], after[1]))
    save_sheet("repaint", ("before", "marked", "after", "another"), rows[:SHOWN])
    return {
        "inpaint_noun_right": right / drawn,
        "inpaint_noun_before": before_right / drawn,
        "unmasked_changed": changed,
        "inpaint_seam_ratio": across / beside,
    }


def region_by_chance(number: int, rng: np.random.Generator) -> Flags:
    """Circles, ovals and boxes, from a third to three quarters of the picture wide, anywhere inside it."""
    width = rng.uniform(SIDE / 3, SIDE * 3 / 4)
    height = min(SIDE * 3 / 4, width * rng.uniform(0.75, 1.33))
    left, top = rng.uniform(0, SIDE - width), rng.uniform(0, SIDE - height)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    across, down = (columns - left) / width * 2 - 1, (rows - top) / height * 2 - 1
    if number % 2:
        return np.maximum(np.abs(across), np.abs(down)) < 1
    return np.square(across) + np.square(down) < 1


def look_at(picture: Levels, region: Flags) -> Levels:
    """The region with a third more around it, as large as the starter draws."""
    bounds = bounds_of(region)
    side = round(max(bounds.width, bounds.height) * 4 / 3)
    left, top = bounds.left + (bounds.width - side) // 2, bounds.top + (bounds.height - side) // 2
    padded = np.pad(picture, ((SIDE, SIDE), (SIDE, SIDE), (0, 0)), mode="edge")
    part = padded[top + SIDE : top + SIDE + side, left + SIDE : left + SIDE + side]
    return np.asarray(Image.fromarray(part).resize((PICTURE, PICTURE), Image.Resampling.BOX))


def marked(picture: Levels, region: Flags) -> Levels:
    return np.where(region[..., None], 255 - (255 - picture) // 3, picture).astype(np.uint8)
