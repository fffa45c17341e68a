"""`--tile`: how much the picture steps where it meets itself, compared with the steps beside that."""

import numpy as np

from benchmarks.operations.reference import Levels
from benchmarks.operations.seams import seam_steps
from benchmarks.operations.sheets import save_sheet
from benchmarks.operations.workshop import Workshop
from bot.domain.buttons import Action, Button

PROMPTS = (
    *("a fox", "a castle at sunset", "three apples on snow", "a sailboat on the sea", "a flat owl"),
    *("a cactus in the desert", "four stars at night", "a strawberry, pink background"),
)


async def measure(workshop: Workshop, count: int) -> dict[str, float]:
    """Of the picture and of its two upscales. `plain_tile_seam_ratio` is the same of pictures that are no tiles."""
    tiles, plain, rows = [], [], []
    for prompt in PROMPTS[:count]:
        tile = await workshop.imagine(f"{prompt} --tile --seed 5")
        [before] = await workshop.masters(tile)
        row = [before, twice(before)]
        for how in ("v6r1_2x_subtle", "v6r1_2x_creative"):
            [large] = await workshop.masters(await workshop.press(Button(Action.ENLARGE, tile.id, how=how)))
            tiles.append(wrap_steps(large))
            row.append(twice(large))
        tiles.append(wrap_steps(before))
        [other] = await workshop.masters(await workshop.imagine(f"{prompt} --seed 5"))
        plain.append(wrap_steps(other))
        rows.append((*row, twice(other)))
    save_sheet("tile", ("the picture", "2x2", "upscaled", "creatively", "without --tile"), rows, cell=130)
    return {"tile_seam_ratio": _ratio(tiles), "plain_tile_seam_ratio": _ratio(plain)}


def wrap_steps(picture: Levels) -> tuple[float, float]:
    """As `seam_steps`, of the edges of one picture against itself, left to right and top to bottom."""
    height, width, _ = picture.shape
    sums = np.zeros(2)
    for axis, length in ((1, width), (0, height)):
        old = np.zeros((height, width), bool)
        side = [slice(None), slice(None)]
        side[axis] = slice(length // 2)
        old[tuple(side)] = True
        # rolled by half, the wrap lies in the middle; each half is the old one in turn
        rolled = np.roll(picture, length // 2, axis)
        sums += seam_steps(rolled, old)
        sums += seam_steps(rolled, ~old)
    return float(sums[0]), float(sums[1])


def twice(picture: Levels) -> Levels:
    return np.tile(picture, (2, 2, 1))


def _ratio(steps: list[tuple[float, float]]) -> float:
    across, beside = np.sum(steps, axis=0)
    return float(across / beside)
