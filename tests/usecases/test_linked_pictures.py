"""Pictures by link: fetched before anything is queued, kept by us, told to the model or lent to what it drew."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from bot.domain.errors import CannotDraw, InvalidLink
from bot.domain.job import JobKind, JobStatus
from bot.usecases.run_job import run_job
from bot.usecases.submit_imagine import submit_imagine
from engine.protocol import Ability, ReferenceRole, RestyleRequest
from tests.domain.factories import ANN
from tests.fakes import FAKE_MODEL, FakeEngine
from tests.usecases.conftest import World, place_of

RED, BLUE = "https://pictures.example/red.png", "https://pictures.example/blue.png"


def a_file(colour: str, size: tuple[int, int] = (32, 24), kind: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, kind)
    return buffer.getvalue()


@pytest.fixture
def shelf(world: World) -> World:
    world.links.files |= {RED: a_file("red"), BLUE: a_file("blue", kind="JPEG")}
    return world


def knows(world: World, *abilities: Ability) -> None:
    world.engine = FakeEngine([replace(FAKE_MODEL, abilities=frozenset(abilities))])
    world.studio = replace(world.studio, engine=world.engine)


async def test_linked_pictures_are_told_with_their_weights(shelf: World) -> None:
    knows(shelf, Ability.IMAGE_REFERENCE)
    await shelf.drawn(f"{RED}::3 {BLUE}::1 a fox --iw .5")
    [request] = shelf.engine.requests
    first, second = request.references
    assert (first.role, first.weight, second.weight) == (ReferenceRole.IMAGE, 0.75, 0.25)
    assert (first.pixels.width, first.pixels.height, first.pixels.rgb[:3]) == (32, 24, b"\xff\x00\x00")


async def test_a_link_is_fetched_once_and_the_picture_outlives_it(shelf: World) -> None:
    knows(shelf, Ability.IMAGE_REFERENCE)
    job = await shelf.imagine(f"{RED} a fox --sref {RED}")
    shelf.links.files.clear()
    await run_job(await shelf.claim(job), studio=shelf.studio)
    assert (await shelf.job(job.id)).status is JobStatus.SUCCEEDED
    assert shelf.links.asked == [RED]


async def test_a_model_without_image_prompts_refuses_before_anything_is_fetched(shelf: World) -> None:
    with pytest.raises(CannotDraw, match="start from pictures"):
        await shelf.imagine(f"{RED} a fox")
    assert shelf.links.asked == []


async def test_a_style_is_lent_where_the_model_takes_none(shelf: World) -> None:
    job = await shelf.drawn(f"a fox --sref {RED} {BLUE} --sw 50")
    asked = [request for request in shelf.engine.others if isinstance(request, RestyleRequest)]
    assert [request.style.rgb[:3] for request in asked] == [b"\xff\x00\x00"] * 4 + [asked[4].style.rgb[:3]] * 4
    assert {round(request.strength, 3) for request in asked} == {0.35}
    assert shelf.engine.requests[0].references == ()
    assert len(await shelf.pictures(job.id)) == 4


async def test_a_style_is_told_where_the_model_takes_it(shelf: World) -> None:
    knows(shelf, Ability.STYLE_REFERENCE)
    await shelf.drawn(f"a fox --sref {RED}")
    assert [one.role for one in shelf.engine.requests[0].references] == [ReferenceRole.STYLE]
    assert shelf.engine.others == []


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"<html>", "not a PNG"), (a_file("red", (9_000, 9_000)), "too many pixels"), (None, "cannot be opened")],
    ids=["page", "huge", "away"],
)
async def test_what_is_no_picture_is_refused_and_nothing_is_queued(
    shelf: World, content: bytes | None, says: str
) -> None:
    knows(shelf, Ability.IMAGE_REFERENCE)
    if content is not None:
        shelf.links.files["https://x.example/a.png"] = content
    with pytest.raises(InvalidLink, match=says):
        await submit_imagine("https://x.example/a.png a fox", place_of(ANN), studio=shelf.studio)
    async with shelf.studio.db.reading() as tx:
        assert await tx.jobs.list_by_status(JobStatus.QUEUED) == []


async def test_blended_pictures_need_no_words(shelf: World) -> None:
    knows(shelf, Ability.IMAGE_REFERENCE)
    submitted = await submit_imagine(f"{RED} {BLUE} --ar 3:2", place_of(ANN), studio=shelf.studio, kind=JobKind.BLEND)
    [job] = submitted.jobs if hasattr(submitted, "jobs") else ()
    await run_job(await shelf.claim(job), studio=shelf.studio)
    [request] = shelf.engine.requests
    assert (request.prompt, len(request.references), len(request.seeds)) == ("", 2, 4)
