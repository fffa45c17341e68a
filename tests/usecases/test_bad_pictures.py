"""Pictures of which nothing can come: told in a sentence before anything is queued, charged or drawn."""

import asyncio
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.domain.buttons import Action, Button
from bot.domain.errors import DuplicateImages, InvalidLink, NotAllowed, StudioError
from bot.domain.job import Job, JobKind, JobStatus, MessageRef
from bot.domain.operation import Operation
from bot.pictures.masks import write_mask
from bot.usecases.account import account_info
from bot.usecases.region_page import UsedLink, close_page
from bot.usecases.run_job import run_job
from bot.usecases.submit_handed_in import HandedIn, submit_restyle, submit_upscale
from bot.usecases.submit_imagine import submit_imagine
from bot.usecases.submit_press import submit_press
from bot.usecases.submit_region import submit_region
from engine.protocol import Ability
from tests.domain.factories import ANN, BOB, CATALOGUE
from tests.fakes import FAKE_MODEL, FakeEngine
from tests.usecases.conftest import World, place_of
from tests.usecases.paying import own, sell

URL, OTHER = "https://pictures.example/one.png", "https://pictures.example/other.png"


def a_file(size: tuple[int, int], mode: str = "RGB", kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size).save(buffer, kind)
    return buffer.getvalue()


async def count_jobs(world: World) -> int:
    async with world.studio.db.reading() as tx:
        return len(await tx.jobs.list_states(ANN))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (a_file((20_000, 20_000), "1"), "too many"),
        (b"no picture", "PNG, JPEG, WebP or GIF"),
        (a_file((64, 64))[:60], "PNG, JPEG, WebP or GIF"),
        (b"", "PNG, JPEG, WebP or GIF"),
    ],
    ids=["400 megapixels", "text", "cut off", "empty"],
)
@pytest.mark.parametrize("command", ["upscale", "style", "imagine"])
async def test_what_cannot_be_opened_is_not_queued(world: World, command: str, data: bytes, says: str) -> None:
    world.links.files |= {URL: data, OTHER: a_file((64, 64))}
    with pytest.raises(InvalidLink, match=says):
        await hand_in(world, command)
    assert await count_jobs(world) == 0
    assert (world.engine.requests, world.engine.others) == ([], [])


async def hand_in(world: World, command: str, how: str = "v6r1_2x_subtle") -> Job | None:
    picture, studio = HandedIn(URL, "one.png"), world.studio
    match command:
        case "upscale":
            return await submit_upscale(picture, how, place_of(ANN), studio=studio)
        case "style":
            style = HandedIn(OTHER, "other.png")
            return await submit_restyle(picture, style, Operation(), place_of(ANN), studio=studio)
        case _:
            await submit_imagine(f"{URL} a fox --video", place_of(ANN), studio=studio)
            return None


@pytest.mark.parametrize(
    ("command", "how", "size", "says"),
    [
        ("style", "", (1, 1), "This picture is 1x1"),
        ("style", "", (1000, 20), "16 times as long as wide"),
        ("upscale", "v5_4x", (2048, 2048), "more than 4096x4096"),
    ],
)
async def test_what_is_too_small_or_too_large_is_not_queued(
    world: World, command: str, how: str, size: tuple[int, int], says: str
) -> None:
    world.links.files |= {URL: a_file(size), OTHER: a_file((64, 64), "L")}
    with pytest.raises(NotAllowed, match=says):
        await hand_in(world, command, how)
    assert await count_jobs(world) == 0


async def test_one_pixel_can_be_enlarged(world: World) -> None:
    world.links.files[URL] = a_file((1, 1))
    job = await hand_in(world, "upscale")
    assert job is not None
    await run_job(await world.claim(job), studio=world.studio)
    assert (await world.job(job.id)).status is JobStatus.SUCCEEDED
    [picture] = await world.pictures(job.id)
    assert (picture.width, picture.height) == (2, 2)


async def test_five_identical_pictures_are_no_blend(world: World) -> None:
    urls = [f"https://pictures.example/{number}.png" for number in range(5)]
    world.links.files |= {url: a_file((64, 64)) for url in urls}
    world.studio = replace(world.studio, engine=FakeEngine([replace(FAKE_MODEL, abilities=frozenset(Ability))]))
    with pytest.raises(DuplicateImages):
        await submit_imagine(" ".join(urls), place_of(ANN), studio=world.studio, kind=JobKind.BLEND)
    assert await count_jobs(world) == 0


async def a_single(world: World) -> Job:
    grid = await world.drawn("a fox")
    return await submit_press(Button(Action.UPSCALE, grid.id), place_of(ANN), MessageRef(500, 800), studio=world.studio)


async def test_a_refused_mask_costs_nothing(world: World) -> None:
    sell(world, CATALOGUE)
    await own(world)
    single = await a_single(world)
    before = await account_info(place_of(ANN), studio=world.studio)
    for region in (np.zeros((64, 64), bool), np.ones((64, 64), bool)):
        with pytest.raises(StudioError, match="is marked"):
            await submit_region(
                Button(Action.VARY_REGION, single.id),
                write_mask(region),
                place_of(ANN),
                MessageRef(500, 801),
                studio=world.studio,
            )
    assert await account_info(place_of(ANN), studio=world.studio) == before


async def test_of_two_submits_of_one_page_one_counts(world: World) -> None:
    closings = (close_page("nonce", place_of(ANN), studio=world.studio) for _ in range(2))
    outcomes = await asyncio.gather(*closings, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes if outcome is not None] == [UsedLink]


async def test_nobody_repaints_what_is_private_to_another(world: World, tmp_path: Path) -> None:
    grid = await world.drawn("a fox --stealth", BOB)
    region = np.zeros((64, 64), bool)
    region[8:40, 8:40] = True
    with pytest.raises(NotAllowed, match="private"):
        await submit_region(
            Button(Action.VARY_REGION, grid.id),
            write_mask(region),
            place_of(ANN),
            MessageRef(500, 801),
            studio=world.studio,
        )
    assert await count_jobs(world) == 0
    assert list((tmp_path / "images" / "masks").iterdir()) == []
