"""`python -m benchmarks.parity`: the largest difference of latents to the stock pipelines, for each family.

All samplers of the family times three modes (from noise, from a picture, behind a mask), in one mixed batch that rows
join at different steps; on the tiny models of the engine's tests, for the starter on its network with random weights.
"""

import argparse
import json
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from engine.config import EngineConfig, ModelConfig
from engine.models import load_models
from engine.pictures import to_tensor
from engine.pipelines.interface import Pipeline
from engine.protocol import GenerateRequest, InitImage
from engine.samplers import SAMPLERS
from engine.settings import resolve
from tests.engine import conftest, parity

STRENGTH = 0.6
STARTER_SIDE, STARTER_LATENTS = 256, 64

Stock = Callable[[GenerateRequest], torch.Tensor]


def measure(*, is_quick: bool = False) -> dict[str, float]:
    """By family."""
    samplers = tuple(SAMPLERS)[: 3 if is_quick else None]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        return {
            "starter": _starter(folder),
            "stable-diffusion": _family(folder, "stable-diffusion", conftest.stable_diffusion(), samplers),
            "sdxl": _family(folder, "sdxl", conftest.sdxl(), samplers),
            "flux": max(
                _family(folder, "flux", conftest.flux(takes_guidance=True), ("default",)),
                _family(folder, "flux", conftest.flux(takes_guidance=False), ("default",), max_sequence_length=256),
            ),
        }


def _family(folder: Path, family: str, components: Any, samplers: tuple[str, ...], **told: Any) -> float:
    source = Path(tempfile.mkdtemp(dir=folder))
    components.save_pretrained(source)
    requests = [
        replace(request, id=f"{sampler} {request.id}", sampler=sampler)
        for sampler in samplers
        for request in _in_every_mode(parity.SIDE)
    ]
    return _largest_difference(
        parity.config_of(source, family), requests, lambda request: parity.stock(source, family, request, **told)
    )


def _in_every_mode(side: int) -> list[GenerateRequest]:
    plain, start = parity.a_request(width=side, height=side), InitImage(parity.a_picture(side), STRENGTH)
    return [
        replace(plain, id="noise", steps=4),
        replace(plain, id="picture", steps=5, init_image=start),
        replace(plain, id="mask", steps=6, init_image=start, mask=parity.a_mask(side)),
    ]


def _largest_difference(config: EngineConfig, requests: list[GenerateRequest], stock: Stock) -> float:
    latents, _ = parity.draw(load_models(config), requests)
    return max((latents[request.id] - stock(request)).abs().max().item() for request in requests)


def _starter(folder: Path) -> float:
    from engine.starter.model import StarterModel
    from engine.starter.vocabulary import Vocabulary

    torch.manual_seed(3)
    model = StarterModel(Vocabulary.from_file(limit=20))
    torch.nn.init.normal_(model.denoiser.patch_out.weight, std=0.05)  # zero in a newborn: it would draw grey
    model.save(folder / "starter")
    saved = StarterModel.load(folder / "starter")  # kept in half precision
    models = (ModelConfig("tiny", "starter", str(folder / "starter")),)
    config = EngineConfig(models=models, device="cpu", cache_dir=folder)
    requests = [replace(request, prompt="monkey at night") for request in _in_every_mode(STARTER_SIDE)]
    [starter] = load_models(config).values()
    return _largest_difference(config, requests, lambda request: _plain_loop(saved, starter, request))


def _plain_loop(model: Any, starter: Pipeline, request: GenerateRequest) -> torch.Tensor:
    """As anybody would write it around the model and diffusers' own flow-matching scheduler. Only what seeds and
    pictures make of the prompt is left to the engine.
    """
    from diffusers import FlowMatchEulerDiscreteScheduler

    from engine.starter.model import Conditioning

    assert request.steps is not None
    assert request.guidance_scale is not None
    side, scheduler = STARTER_LATENTS, FlowMatchEulerDiscreteScheduler()
    scheduler.set_timesteps(request.steps)
    dice = [torch.Generator().manual_seed(seed) for seed in request.seeds]
    noise = torch.cat([torch.randn(1, 3, side, side, generator=die) for die in dice])
    settings = resolve(request, starter.traits)
    rows = [starter.encode(settings.of_row(index)).positive for index in range(len(noise))]
    conditioning = Conditioning(**{name: torch.cat([row[name] for row in rows]) for name in rows[0]})
    nothing = model.encode([""] * len(noise))
    latents, skipped, clean = noise, 0, noise
    if init := request.init_image:
        skipped = request.steps - int(request.steps * init.strength)
        clean = to_tensor(init.pixels, side, side)
        latents = torch.lerp(clean, noise, scheduler.sigmas[skipped])
    for index, timestep in enumerate(scheduler.timesteps[skipped:], start=skipped):
        times = (timestep / 1000).expand(len(latents))
        without = model.denoise(latents, times, nothing)
        velocity = without + request.guidance_scale * (model.denoise(latents, times, conditioning) - without)
        latents = scheduler.step(velocity, timestep, latents, return_dict=False)[0]
        if mask := request.mask:
            levels = torch.frombuffer(bytearray(mask.levels), dtype=torch.uint8).view(mask.height, mask.width)
            step = STARTER_SIDE // side
            kept = torch.lerp(clean, noise, scheduler.sigmas[index + 1])
            latents = torch.where(levels[::step, ::step] > 127, latents, kept)
    return latents


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parity", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="three samplers only")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    with torch.inference_mode():
        figures = measure(is_quick=options.quick)
    print(json.dumps({f"parity_max_abs_{family}": round(value, 6) for family, value in figures.items()}))


if __name__ == "__main__":
    main()
