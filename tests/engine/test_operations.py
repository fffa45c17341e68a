"""What buttons do, with real models: the one that ships, and tiny random ones of the families that draw any size."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.db.database import migrate, open_database
from bot.domain.buttons import Action, Button
from bot.domain.job import Job, JobKind, JobStatus, MessageRef
from bot.domain.operation import Operation
from bot.pictures import decode_rgb, encode_png
from bot.pictures.arrays import Colours, to_array
from bot.pictures.films import is_film
from bot.pictures.masks import write_mask
from bot.usecases.answers import describe_picture, weigh_prompt
from bot.usecases.run_job import run_job
from bot.usecases.submit_handed_in import HandedIn, submit_restyle
from bot.usecases.submit_imagine import Submitted, submit_imagine
from bot.usecases.submit_press import submit_press
from bot.usecases.submit_region import submit_region
from engine.config import STARTER, EngineConfig, ModelConfig
from engine.local import LocalEngine
from engine.protocol import Ability
from tests.domain.factories import ANN
from tests.fakes import noise
from tests.usecases.conftest import World, make_world, place_of

URLS = ("https://pictures.example/one.png", "https://pictures.example/other.png")

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers' schedulers


@asynccontextmanager
async def studio_with(model: ModelConfig, folder: Path) -> AsyncIterator[World]:
    url = f"sqlite:///{folder / 'easel.db'}"
    await migrate(url)
    engine = LocalEngine(EngineConfig(models=(model,), device="cpu", threads=1, max_rows=4, cache_dir=folder))
    await engine.start()
    try:
        async with open_database(url) as database:
            world = make_world(database, folder)
            world.studio = replace(world.studio, engine=engine)
            yield world
    finally:
        await engine.stop()


async def press(world: World, action: Action, job: Job, how: str = "", where: int = 900) -> Job:
    button = Button(action, job.id, how=how)
    return await run(world, await submit_press(button, place_of(ANN), MessageRef(500, where), studio=world.studio))


async def run(world: World, job: Job) -> Job:
    if job.status is JobStatus.SUCCEEDED:
        return job
    await run_job(await world.claim(job), studio=world.studio)
    ended = await world.job(job.id)
    assert ended.status is JobStatus.SUCCEEDED, ended
    return ended


async def masters(world: World, job: Job) -> list[Colours]:
    pictures = await world.pictures(job.id)
    return [to_array(decode_rgb(await world.studio.store.get(picture.store_key))) for picture in pictures]


def tiny(family: str, folder: Path) -> ModelConfig:
    return ModelConfig("tiny", family, str(folder), width=64, height=64, steps=2)


@pytest.mark.parametrize("model", ["tiny_sd", "tiny_sdxl", "tiny_sd_inpaint", "tiny_flux_dev"])
async def test_every_button_on_a_tiny_model(model: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    families = {"sd": "stable-diffusion", "sdxl": "sdxl", "flux": "flux"}
    config = tiny(families[model.split("_")[1]], request.getfixturevalue(model))
    async with studio_with(config, tmp_path) as world:
        single = await press(world, Action.UPSCALE, await world.drawn("a fox"))
        [before] = await masters(world, single)
        side = len(before)
        zoomed = await press(world, Action.ZOOM_OUT, single, how="50")
        middle = slice(side // 2, side * 3 // 2)
        assert all((one[middle, middle] == before).all() for one in await masters(world, zoomed))
        wide = await press(world, Action.PAN_RIGHT, single)
        assert all((one[:, :side] == before).all() for one in await masters(world, wide))
        square = await press(world, Action.MAKE_SQUARE, await press(world, Action.UPSCALE, wide, where=901))
        assert {one.shape for one in await masters(world, square)} == {(side * 3 // 2, side * 3 // 2, 3)}
        for how in ("v6r1_2x_subtle", "v6r1_2x_creative"):
            [large] = await masters(world, await press(world, Action.ENLARGE, single, how=how))
            assert large.shape == (2 * side, 2 * side, 3)
        film = await press(world, Action.ANIMATE, single, how="high")
        assert is_film(await world.studio.store.get((await world.pictures(film.id))[0].store_key))
        assert await repainted_outside(world, single, before) == 0


@pytest.mark.parametrize("model", ["tiny_sd", "tiny_sdxl_inpaint", "tiny_flux_dev"])
async def test_every_command_on_a_tiny_model(model: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """What needs words or pictures from outside."""
    families = {"sd": "stable-diffusion", "sdxl": "sdxl", "flux": "flux"}
    config = tiny(families[model.split("_")[1]], request.getfixturevalue(model))
    async with studio_with(config, tmp_path) as world:
        world.links.files |= {url: encode_png(noise(64, 64, seed)) for seed, url in enumerate(URLS)}
        abilities, place = world.studio.engine.list_models()[0].abilities, place_of(ANN)
        drawn = await world.drawn("a fox --tile" if Ability.TILE in abilities else "a fox")
        single = await press(world, Action.UPSCALE, drawn)
        [before] = await masters(world, single)
        for action in (Action.VARY_SUBTLE, Action.VARY_STRONG):
            varied = await masters(world, await press(world, action, single))
            assert all((one != before).any() for one in varied)
        for how, scale in (("v5_4x", 4), ("v6r1_2x_creative", 2)):
            [large] = await masters(world, await press(world, Action.ENLARGE, single, how=how))
            assert large.shape == (64 * scale, 64 * scale, 3)
        blend = await submit_imagine(" ".join(URLS), place, studio=world.studio, kind=JobKind.BLEND)
        assert isinstance(blend, Submitted)
        assert len(await masters(world, await run(world, blend.jobs[0]))) == 4
        content, style = (HandedIn(url, "a.png") for url in URLS)
        styled = await submit_restyle(content, style, Operation(style_steps=2), place, studio=world.studio)
        [restyled] = await masters(world, await run(world, styled))
        assert restyled.shape == (64, 64, 3)
        words = await weigh_prompt("a red fox", ANN, studio=world.studio)
        assert [word for word, _ in words] == ["a", "red", "fox"]
        described = await describe_picture(URLS[0], ANN, studio=world.studio)
        assert len(described.texts) == 4


async def repainted_outside(world: World, single: Job, before: Colours) -> int:
    """How many pixels outside a marked part are no longer the same."""
    region = np.zeros(before.shape[:2], bool)
    region[8:40, 16:50] = True
    button = Button(Action.VARY_REGION, single.id)
    job = await submit_region(
        button, write_mask(region), place_of(ANN), MessageRef(500, 902), studio=world.studio, wording="an owl"
    )
    drawn = await masters(world, await run(world, job))
    assert all((one[region] != before[region]).any() for one in drawn)
    return sum(int((one != before).any(axis=2)[~region].sum()) for one in drawn)


async def test_the_starter_goes_on_with_the_scenery(tmp_path: Path) -> None:
    """Around a red picture is red, and the horizon of a meadow runs on to both sides."""
    async with studio_with(replace(STARTER, steps=8), tmp_path) as world:
        red = await press(world, Action.UPSCALE, await world.drawn("a cat, red background"))
        for colours in await masters(world, await press(world, Action.ZOOM_OUT, red, how="50")):
            corner = colours[:64, :64].reshape(-1, 3).mean(axis=0)
            assert corner[0] > 150 > 90 > corner[1]
        meadow = await press(world, Action.UPSCALE, await world.drawn("a castle on grass"), where=901)
        for colours in await masters(world, await press(world, Action.PAN_LEFT, meadow)):
            new = colours[:, :100].astype(int).reshape(256, -1, 3).mean(axis=1)
            assert new[40, 2] > new[40, 1]
            assert new[230, 1] > new[230, 2] + 40
        assert await repainted_outside(world, red, (await masters(world, red))[0]) == 0


async def test_creative_redraws_a_little_and_keeps_the_thing_where_and_as_large_as_it_is(tmp_path: Path) -> None:
    """Also a thing of its background's colour, of which a lesser look sees only a part."""
    async with studio_with(STARTER, tmp_path) as world:
        strawberry = await press(world, Action.UPSCALE, await world.drawn("a strawberry, red background --seed 3"))
        [subtle] = await masters(world, await press(world, Action.ENLARGE, strawberry, how="v6r1_2x_subtle"))
        [creative] = await masters(world, await press(world, Action.ENLARGE, strawberry, how="v6r1_2x_creative"))
    assert creative.shape == subtle.shape == (512, 512, 3)
    assert 0.5 < np.abs(creative.astype(int) - subtle).mean() < 6
