"""One picture in the manner of another: how much of the manner is reached, and how much of what is shown is left.

By the losses that the slow way lessens itself, of the result against the two pictures it was made of.
"""

from collections.abc import Mapping
from itertools import product

import numpy as np
import torch

from benchmarks.operations.manners import MANNERS
from benchmarks.operations.reference import Levels, Scene, as_levels, as_pixels
from benchmarks.operations.sheets import save_sheet
from benchmarks.operations.studio import Studio
from bot.ui.commands.handed_in import SLOW_STEPS
from bot.usecases.references import STYLE_STRENGTH
from engine.config import EngineConfig
from engine.protocol import Finished, RestyleRequest
from engine.slices import finish
from engine.style_losses import Losses, aim
from engine.style_network import StyleNetwork
from engine.tools import Tools

WAYS = {"slow": SLOW_STEPS, "fast": 0}


async def measure(studio: Studio, scenes: list[Scene]) -> dict[str, float]:
    """The mean over all pairs of what `/style` makes at its usual strength. 1 is having done nothing, or too much."""
    network = Tools(EngineConfig(), torch.device("cpu"), torch.float32).style().slow
    ratios: dict[str, list[tuple[float, float]]] = {way: [] for way in WAYS}
    rows = []
    for scene, paint in product(scenes, MANNERS):
        content, style = scene.large, paint()
        made = {way: await restyle(studio, content, style, steps) for way, steps in WAYS.items()}
        rows.append((content, style, made["fast"], made["slow"]))
        for way, result in made.items():
            ratios[way].append(ratios_of(result, content, style, network))
    save_sheet("restyle", ("content", "style", "fast", "slow"), rows[:8], cell=192)
    return _figures(ratios)


async def restyle(studio: Studio, content: Levels, style: Levels, steps: int) -> Levels:
    request = RestyleRequest("restyle", as_pixels(content), as_pixels(style), STYLE_STRENGTH, steps=steps)
    result = await studio.ask(request)
    assert isinstance(result, Finished), result
    return as_levels(result.images[0])


def ratios_of(result: Levels, content: Levels, style: Levels, network: StyleNetwork) -> tuple[float, float]:
    """Style loss over that of the content picture, content loss over that of the style picture."""
    with torch.inference_mode():
        target = finish(aim(network, _tensor(content), _tensor(style)))

        def far(levels: Levels) -> Losses:
            return finish(target.losses(_tensor(levels)))

        reached, plain, other = far(result), far(content), far(style)
    return reached.style / plain.style, reached.content / other.content


def _tensor(levels: Levels) -> torch.Tensor:
    return torch.from_numpy(levels.copy()).permute(2, 0, 1)[None].float() / 255


def _figures(ratios: Mapping[str, list[tuple[float, float]]]) -> dict[str, float]:
    figures: dict[str, float] = {}
    for way, pairs in ratios.items():
        prefix = "" if way == "slow" else f"{way}_"
        style, content = np.array(pairs).T
        figures |= {
            f"{prefix}style_loss_ratio": float(style.mean()),
            f"{prefix}content_loss_ratio": float(content.mean()),
        }
        figures[f"{prefix}style_loss_ratio_worst"] = float(style.max())
        figures[f"{prefix}content_loss_ratio_worst"] = float(content.max())
    return figures
