"""Pictures by link: fetched before anything is queued, kept by us, told to the model or lent to what it drew."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from bot.domain.buttons import Action, Button
from bot.domain.errors import CannotDraw, DuplicateImages, InvalidLink, InvalidPrompt, PromptError
from bot.domain.job import Job, JobKind, JobStatus, MessageRef
from bot.domain.prompt.linked import MAX_PICTURES
from bot.pictures.films import is_film
from bot.usecases.run_job import run_job
from bot.usecases.submit_imagine import submit_imagine
from bot.usecases.submit_press import submit_press
from engine.protocol import Ability, AnimateRequest, ReferenceRole, RestyleRequest
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


async def pressed(world: World, action: Action, job: Job, how: str = "") -> Job:
    button = Button(action, job.id, how=how)
    child = await submit_press(button, place_of(ANN), MessageRef(500, 900), studio=world.studio)
    await run_job(await world.claim(child), studio=world.studio)
    return await world.job(child.id)


@pytest.mark.parametrize(("action", "how"), [(Action.VARY_STRONG, ""), (Action.ZOOM_OUT, "50"), (Action.PAN_LEFT, "")])
async def test_a_model_that_looks_goes_on_looking(shelf: World, action: Action, how: str) -> None:
    knows(shelf, *Ability)
    grid = await shelf.drawn(f"a fox --sref {RED} {BLUE}::2")
    single = await submit_press(Button(Action.UPSCALE, grid.id), place_of(ANN), MessageRef(500, 1), studio=shelf.studio)
    await pressed(shelf, action, single, how)
    first, later = shelf.engine.requests
    assert later.references == first.references
    assert len(later.references) == 2
    assert later.init_image or later.init_images


async def test_beyond_the_edge_no_style_is_lent_and_the_member_is_told(shelf: World) -> None:
    grid = await shelf.drawn(f"a fox --sref {RED}")
    single = await submit_press(Button(Action.UPSCALE, grid.id), place_of(ANN), MessageRef(500, 1), studio=shelf.studio)
    before = len(shelf.engine.others)
    zoomed = await pressed(shelf, Action.ZOOM_OUT, single, "50")
    assert "The style of `--sref` was not lent to what is new here." in zoomed.notes
    assert not any(isinstance(request, RestyleRequest) for request in shelf.engine.others[before:])


async def test_what_weighs_nothing_is_left_out_aloud(shelf: World) -> None:
    knows(shelf, *Ability)
    job = await shelf.drawn(f"a fox --oref {RED} --ow 0 --v 7")
    assert shelf.engine.requests[0].references == ()
    assert "A reference that weighs nothing was left out." in job.notes


async def test_five_times_the_same_picture_is_told_and_nothing_is_queued(shelf: World) -> None:
    knows(shelf, Ability.IMAGE_REFERENCE)
    same = [f"https://pictures.example/{number}.png" for number in range(5)]
    shelf.links.files |= dict.fromkeys(same, a_file("red"))
    with pytest.raises(DuplicateImages):
        await submit_imagine(" ".join(same), place_of(ANN), studio=shelf.studio, kind=JobKind.BLEND)
    async with shelf.studio.db.reading() as tx:
        assert await tx.jobs.list_by_status(JobStatus.QUEUED) == []


async def test_one_picture_is_no_blend(shelf: World) -> None:
    knows(shelf, Ability.IMAGE_REFERENCE)
    with pytest.raises(PromptError):
        await submit_imagine(f"{RED} --ar 1:1", place_of(ANN), studio=shelf.studio, kind=JobKind.BLEND)
    assert shelf.links.asked == []


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


@pytest.mark.parametrize("abilities", [(), (Ability.FILM,)])
async def test_a_film_begins_at_the_linked_picture(shelf: World, abilities: tuple[Ability, ...]) -> None:
    knows(shelf, *abilities)
    job = await shelf.imagine(f"{RED} slow turn of the head --video --motion high --loop")
    assert (job.kind, job.operation.motion, job.picture_count) == (JobKind.ANIMATE, "high", 1)
    await run_job(await shelf.claim(job), studio=shelf.studio)
    [picture] = await shelf.pictures(job.id)
    film = await shelf.studio.store.get(picture.store_key)
    assert is_film(film)
    if abilities:
        [asked] = shelf.engine.others
        assert isinstance(asked, AnimateRequest)
        assert asked.pixels.rgb[:3] == b"\xff\x00\x00"
        assert Image.open(io.BytesIO(film)).n_frames == 8  # type: ignore[attr-defined]  # five, and back again
    else:
        starts = [request.init_image for request in shelf.engine.requests]
        assert all(start is not None and start.pixels.rgb[:3] == b"\xff\x00\x00" for start in starts)
        assert all(request.references == () for request in shelf.engine.requests)


async def test_a_film_without_a_picture_is_told(shelf: World) -> None:
    with pytest.raises(PromptError, match="needs a picture to start from"):
        await shelf.imagine("a fox --video")
    assert shelf.engine.requests == []


async def test_a_prompt_takes_only_so_many_pictures_and_none_is_fetched_of_more(world: World) -> None:
    knows(world, Ability.IMAGE_REFERENCE)
    links = [f"https://pictures.example/{number}.png" for number in range(MAX_PICTURES + 1)]
    with pytest.raises(InvalidPrompt, match="at most 20 pictures; this one has 21"):
        await world.imagine(f"{' '.join(links)} a fox")
    assert world.links.asked == []
    with pytest.raises(InvalidLink):  # of those that may be fetched none is there
        await world.imagine(f"{' '.join(links[1:])} a fox")
