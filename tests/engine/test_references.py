"""What prompts point at, with real models: the pictures come out nearer to it than without."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.domain.job import Job, JobKind
from bot.domain.operation import Operation
from bot.domain.prompt.parameters import PromptPart
from bot.domain.taste import Style
from bot.pictures.arrays import Colours, to_pixels
from bot.usecases.settings import change_settings
from bot.usecases.submit_handed_in import HandedIn, submit_restyle
from bot.usecases.submit_imagine import Submitted, submit_imagine
from engine.config import STARTER
from engine.protocol import Described, DescribeRequest
from engine.starter.backgrounds import PLAIN
from tests.domain.factories import ANN, NOW
from tests.engine.test_operations import masters, run, studio_with, tiny
from tests.usecases.conftest import World, place_of

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # diffusers' schedulers

FAMILIES = {"tiny_sd": "stable-diffusion", "tiny_sdxl": "sdxl", "tiny_flux_dev": "flux"}
STUDIO = replace(STARTER, steps=4)


def on_shelf(world: World, name: str, picture: Image.Image) -> str:
    """The address under which the picture can be fetched."""
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    url = f"https://pictures.example/{name}.png"
    world.links.files[url] = buffer.getvalue()
    return url


def plain(colour: str) -> Image.Image:
    return Image.new("RGB", (96, 96), colour)


def stripes() -> Image.Image:
    rows, columns = np.mgrid[:96, :96]
    is_line = (rows + 2 * columns) % 12 < 5
    return Image.fromarray(np.where(is_line[..., None], (20, 90, 60), (90, 200, 150)).astype(np.uint8))


async def imagined(world: World, prompt: str) -> tuple[list[Colours], Job]:
    job = await run(world, await world.imagine(prompt))
    return await masters(world, job), job


async def blended(world: World, prompt: str) -> tuple[list[Colours], Job]:
    submitted = await submit_imagine(prompt, place_of(ANN), studio=world.studio, kind=JobKind.BLEND)
    assert isinstance(submitted, Submitted)
    job = await run(world, submitted.jobs[0])
    return await masters(world, job), job


def corners(colours: Colours) -> np.ndarray:
    """The mean colour of what stands behind a thing in the middle."""
    return np.concatenate([colours[:20, :20], colours[:20, -20:]]).reshape(-1, 3).mean(axis=0)


async def test_on_the_starter_an_image_prompt_decides_what_the_words_leave_open(tmp_path: Path) -> None:
    async with studio_with(STUDIO, tmp_path) as world:
        for colour in ("crimson", "royalblue"):
            wanted = np.array(Image.new("RGB", (1, 1), colour)).reshape(3).astype(float)
            url = on_shelf(world, colour, plain(colour))
            without, _ = await imagined(world, "a cat --seed 3")
            pictures, _ = await imagined(world, f"{url} a cat --seed 3")
            off = [np.abs(corners(one) - wanted).mean() for one in pictures]
            assert max(off) < 60
            assert np.mean(off) < 0.5 * np.mean([np.abs(corners(one) - wanted).mean() for one in without])


async def test_on_the_starter_a_style_is_lent_to_the_result(tmp_path: Path) -> None:
    async with studio_with(STUDIO, tmp_path) as world:
        url = on_shelf(world, "stripes", stripes())
        wanted = np.array(stripes()).reshape(-1, 3).mean(axis=0)
        off = {}
        for prompt in (
            "a cat, red background --seed 3",
            *(f"a cat, red background --seed 3 --sref {url} --sw {sw}" for sw in (40, 140)),
        ):
            pictures, _ = await imagined(world, prompt)
            off[prompt] = np.mean([np.abs(one.reshape(-1, 3).mean(axis=0) - wanted).mean() for one in pictures])
        without, faint, strong = off.values()
        assert strong < 0.5 * without
        assert strong < faint < without


async def test_a_picture_is_slowly_drawn_in_the_manner_of_another_with_live_progress(tmp_path: Path) -> None:
    async with studio_with(STUDIO, tmp_path) as world:
        content, style = (
            HandedIn(on_shelf(world, name, picture), f"{name}.png")
            for name, picture in (("crimson", plain("crimson")), ("stripes", stripes()))
        )
        operation = Operation(strength=0.8, style_steps=8)
        job = await submit_restyle(content, style, operation, place_of(ANN), studio=world.studio)
        [picture] = await masters(world, await run(world, job))
        shown = world.notifier.progress
        assert shown == [number / 8 for number in range(1, 9)]
        near, far = (np.array(one()).reshape(-1, 3).mean(axis=0) for one in (stripes, lambda: plain("crimson")))
        reached = picture.reshape(-1, 3).mean(axis=0)
        assert np.abs(reached - near).mean() < 0.9 * np.abs(far - near).mean()
        assert picture.std(axis=(0, 1)).min() > 5  # it has stripes, where there were none


async def test_on_the_starter_a_number_is_always_the_same_look(tmp_path: Path) -> None:
    async with studio_with(STUDIO, tmp_path) as world:
        looks = {code: [corners(one) for one in (await imagined(world, f"a cat --sref {code}"))[0]] for code in (7, 9)}
        for behind in looks.values():
            assert np.ptp(behind, axis=0).max() < 40  # four seeds, one background
        again = [corners(one) for one in (await imagined(world, "an owl --sref 7"))[0]]
        assert np.abs(np.mean(again, axis=0) - np.mean(looks[7], axis=0)).max() < 40
        assert np.abs(np.mean(looks[7], axis=0) - np.mean(looks[9], axis=0)).max() > 60


@pytest.mark.parametrize(("look", "other"), [("flat", "3d"), ("cartoon", "flat")])
async def test_on_the_starter_a_look_draws_in_its_manner(look: str, other: str, tmp_path: Path) -> None:
    """As the word in the prompt would, and unlike another look."""
    async with studio_with(STUDIO, tmp_path) as world:
        drawn, _ = await imagined(world, f"a large fox in the middle, red background --seed 5 --style {look}")
        said, _ = await imagined(world, f"a large {look} fox in the middle, red background --seed 5")
        others, _ = await imagined(world, f"a large fox in the middle, red background --seed 5 --style {other}")
        for one, same, different in zip(drawn, said, others, strict=True):
            assert (one == same).all()
            assert np.abs(one.astype(int) - different).mean() > 5


async def test_on_the_starter_settings_and_personal_styles_act(tmp_path: Path) -> None:
    prompt = "a large fox in the middle --seed 5"
    async with studio_with(STUDIO, tmp_path) as world:
        typed, _ = await imagined(world, f"{prompt} --style flat")
        async with world.studio.db.transaction() as tx:
            await tx.styles.keep(Style("pabcdefg", ANN, (PromptPart("teal", 0.5), PromptPart("flat", 0.25)), NOW))
        personal, job = await imagined(world, f"{prompt} --p pabcdefg")
        teal = np.array(PLAIN["teal"])
        assert max(np.abs(corners(one) - teal).max() for one in personal) < 40
        assert job.notes == ()
        await change_settings(place_of(ANN), lambda held: replace(held, look="flat"), studio=world.studio)
        chosen, job = await imagined(world, prompt)
        assert "--style flat" in job.prompt
        assert all((one == other).all() for one, other in zip(typed, chosen, strict=True))


@pytest.mark.parametrize("model", ["tiny_sd", "tiny_sdxl"])
async def test_other_families_read_a_look_as_words(model: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    async with studio_with(tiny(FAMILIES[model], request.getfixturevalue(model)), tmp_path) as world:
        look, _ = await imagined(world, "a fox --seed 5 --style oil")
        said, _ = await imagined(world, "a fox, oil painting --seed 5")
        bare, _ = await imagined(world, "a fox --seed 5")
        assert all((one == other).all() for one, other in zip(look, said, strict=True))
        assert all((one != other).any() for one, other in zip(look, bare, strict=True))


async def named_in(world: World, pictures: list[Colours]) -> list[str]:
    """What the studio's own `/describe` says of each."""
    said: list[str] = []
    for colours in pictures:
        request = DescribeRequest(f"d{len(said)}", to_pixels(colours), count=1)
        [described] = [event async for event in world.studio.engine.generate(request) if isinstance(event, Described)]
        said.append(described.texts[0])
    return said


async def test_on_the_starter_a_blend_shows_what_its_pictures_show(tmp_path: Path) -> None:
    """Things of all of them; of a character the thing alone, where the words have it."""
    async with studio_with(STUDIO, tmp_path) as world:
        urls: list[str] = []
        for prompt in ("a large fox in the middle, red background", "a large owl in the middle at night"):
            [picture, *_], _ = await imagined(world, f"{prompt} --seed 3")
            urls.append(on_shelf(world, str(len(urls)), Image.fromarray(picture)))
        pictures, job = await blended(world, f"{urls[0]}::2 {urls[1]} --seed 9")
        told = await named_in(world, pictures)
        assert sum("fox" in text and "owl" in text for text in told) >= 3, told
        assert np.mean([np.abs(corners(one) - PLAIN["red"]).mean() for one in pictures]) < 40
        assert any("told of pictures in words" in note for note in job.notes)
        pictures, _ = await imagined(world, f"in the snow --cref {urls[0]} --v 6 --seed 9")
        told = await named_in(world, pictures)
        assert sum("fox" in text and ("snow" in text or "winter" in text) for text in told) >= 3, told


@pytest.mark.parametrize("model", FAMILIES)
async def test_blends_take_two_to_five_pictures_in_any_shape(
    model: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    async with studio_with(tiny(FAMILIES[model], request.getfixturevalue(model)), tmp_path) as world:
        urls = [on_shelf(world, colour, plain(colour)) for colour in ("red", "blue", "white", "black", "lime")]
        without, _ = await imagined(world, "x --seed 3 --ar 2:3")
        for count, shape, is_tall in ((2, "2:3", True), (3, "1:1", None), (5, "3:2", False)):
            pictures, job = await blended(world, f"{' '.join(urls[:count])} --seed 3 --ar {shape}")
            heights, widths = {len(one) for one in pictures}, {one.shape[1] for one in pictures}
            [height], [width] = heights, widths
            assert (height > width) if is_tall else (height < width) if is_tall is False else height == width
            assert len(pictures) == 4
            assert len(job.operation.source_keys) == count
            if shape == "2:3":
                assert all((one != other).any() for one, other in zip(pictures, without, strict=True))
