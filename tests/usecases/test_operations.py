"""What buttons do to pixels: canvases that grow, old pictures that stay, and who may press what."""

import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bot.domain.buttons import Action, Button
from bot.domain.canvas import Rect, Size
from bot.domain.descent import Origin, check_step
from bot.domain.errors import (
    InvalidParameter,
    JobGone,
    NotAllowed,
    PressedTwice,
    SlowDown,
    UnreadablePicture,
    UnusableMask,
)
from bot.domain.gallery import GalleryQuery
from bot.domain.job import Job, JobKind, JobStatus, MessageRef, PictureRef, UserId
from bot.domain.operation import Operation
from bot.domain.prompt import Visibility as PromptVisibility
from bot.pictures import decode_rgb, encode_png
from bot.pictures.arrays import Colours, to_array, to_pixels
from bot.pictures.films import is_film
from bot.pictures.masks import write_mask
from bot.usecases.browse import browse_gallery
from bot.usecases.cancel import cancel_job
from bot.usecases.deliver import deliver_job
from bot.usecases.keep import like_job, trash_job
from bot.usecases.run_job import run_job
from bot.usecases.settings import change_settings
from bot.usecases.submit_handed_in import HandedIn, submit_upscale
from bot.usecases.submit_press import submit_press
from bot.usecases.submit_region import submit_region
from engine.protocol import Ability, AnimateRequest, GenerateRequest, ModelInfo, Pixels, ReferenceRole, UpscaleRequest
from tests.domain.factories import ANN, BOB
from tests.fakes import FAKE_MODEL, FakeEngine, noise
from tests.usecases.conftest import World, place_of

FREE_MODEL = replace(FAKE_MODEL, name="free", max_pixels=1_000_000)
WORDY_MODEL = replace(
    FAKE_MODEL, name="wordy", vocabulary=("fox", "snow", "red"), scenery=("snow", "red", "background")
)


async def press(
    world: World,
    action: Action,
    job: Job,
    *,
    how: str = "",
    user_id: UserId = ANN,
    where: int = 900,
    wording: str | None = None,
) -> Job:
    button = Button(action, job.id, how=how)
    return await submit_press(button, place_of(user_id), MessageRef(500, where), studio=world.studio, wording=wording)


async def run(world: World, job: Job) -> Job:
    await run_job(await world.claim(job), studio=world.studio)
    return await world.job(job.id)


async def single(world: World, prompt: str = "a fox", user_id: UserId = ANN) -> Job:
    grid = await world.drawn(prompt, user_id)
    return await press(world, Action.UPSCALE, grid, user_id=user_id, where=800)


async def masters(world: World, job: Job) -> list[Colours]:
    pictures = await world.pictures(job.id)
    decoded = [decode_rgb(await world.studio.store.get(picture.store_key)) for picture in pictures]
    assert [(p.width, p.height) for p in pictures] == [(d.width, d.height) for d in decoded]
    return [to_array(pixels) for pixels in decoded]


def use(world: World, *models: ModelInfo) -> FakeEngine:
    world.engine = FakeEngine(models, draw=noise)
    world.studio = replace(world.studio, engine=world.engine)
    return world.engine


def inside(colours: Colours, place: Rect) -> Colours:
    return colours[place.top : place.bottom, place.left : place.right]


@pytest.mark.parametrize(
    ("action", "how", "size", "place", "prompt"),
    [
        (Action.ZOOM_OUT, "50", (128, 128), Rect(32, 32, 64, 64), "a fox"),
        (Action.ZOOM_OUT, "75", (96, 96), Rect(16, 16, 64, 64), "a fox"),
        (Action.PAN_LEFT, "", (96, 64), Rect(32, 0, 64, 64), "a fox --ar 3:2"),
        (Action.PAN_RIGHT, "", (96, 64), Rect(0, 0, 64, 64), "a fox --ar 3:2"),
        (Action.PAN_UP, "", (64, 96), Rect(0, 32, 64, 64), "a fox --ar 2:3"),
        (Action.PAN_DOWN, "", (64, 96), Rect(0, 0, 64, 64), "a fox --ar 2:3"),
    ],
)
@pytest.mark.parametrize("model", [FAKE_MODEL, FREE_MODEL])
async def test_four_new_surroundings_around_the_very_same_pixels(
    world: World, action: Action, how: str, size: tuple[int, int], place: Rect, prompt: str, model: ModelInfo
) -> None:
    use(world, model)
    source = await single(world)
    [before] = await masters(world, source)
    job = await run(world, await press(world, action, source, how=how))
    assert (job.status, job.prompt) == (JobStatus.SUCCEEDED, prompt)
    drawn = await masters(world, job)
    assert [(one.shape[1], one.shape[0]) for one in drawn] == [size] * 4
    assert all((inside(one, place) == before).all() for one in drawn)
    assert len({one.tobytes() for one in drawn}) == 4


async def test_make_square_and_a_chain_of_pans(world: World) -> None:
    use(world, FAKE_MODEL)
    first = await run(world, await press(world, Action.PAN_RIGHT, await single(world)))
    wide = await press(world, Action.UPSCALE, first, where=801)
    [before] = await masters(world, wide)
    second = await run(world, await press(world, Action.PAN_RIGHT, wide))
    assert second.params.aspect == (2, 1)
    assert [one.shape for one in await masters(world, second)] == [(64, 128, 3)] * 4
    square = await run(world, await press(world, Action.MAKE_SQUARE, wide))
    assert (square.prompt, square.params.aspect) == ("a fox --ar 1:1", (1, 1))
    drawn = await masters(world, square)
    assert all((inside(one, Rect(0, 16, 96, 64)) == before).all() for one in drawn)


async def test_square_pictures_are_not_made_square(world: World) -> None:
    with pytest.raises(NotAllowed, match="square already"):
        await press(world, Action.MAKE_SQUARE, await single(world))


async def test_pans_end_at_the_versions_ratio(world: World) -> None:
    source = await single(world, "a fox --v 4")
    for _ in range(2):
        grid = await run(world, await press(world, Action.PAN_UP, source))
        source = await press(world, Action.UPSCALE, grid, where=801)
    assert source.params.aspect == (1, 2)
    with pytest.raises(NotAllowed, match="taller than 1:2"):
        await press(world, Action.PAN_UP, source)
    await press(world, Action.PAN_LEFT, source)


async def test_windows_go_through_one_request_each_under_the_jobs_own_name(world: World) -> None:
    engine = use(world, FAKE_MODEL)
    wide = await run(world, await press(world, Action.PAN_RIGHT, await single(world)))
    source = await press(world, Action.UPSCALE, wide, where=801)
    job = await run(world, await press(world, Action.ZOOM_OUT, source, how="50"))
    asked = engine.requests[2:]
    assert [request.id for request in asked] == [job.request_id, f"{job.request_id}/5"]
    assert [other.id for other in engine.others[:2]] == [f"{job.request_id}/1", f"{job.request_id}/2"]
    assert all(request.mask is not None and request.seeds == job.seeds for request in asked)
    assert asked[0].init_image is not None
    assert len(asked[1].init_images) == 4
    assert job.engine_seconds == 2 * 0.25 + 8 * 0.5
    assert world.notifier.progress[-8:] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.6, 0.7, 0.8, 0.9])


async def test_a_closed_vocabulary_is_told_of_the_scenery_alone(world: World) -> None:
    engine = use(world, WORDY_MODEL)
    source = await single(world, "a fox on a red background in the SNOW")
    await run(world, await press(world, Action.ZOOM_OUT, source, how="50"))
    remixed = await press(world, Action.ZOOM_OUT, source, how="50", where=901, wording="a fox in the snow")
    await run(world, remixed)
    plain, other = engine.requests[1:]
    assert (plain.prompt, other.prompt) == ("red background SNOW", "a fox in the snow")
    assert strength_of(plain) < 0.3 < strength_of(other)
    assert (remixed.is_remix, remixed.prompt) == (True, "a fox in the snow")


def strength_of(request: GenerateRequest) -> float:
    assert request.init_image is not None
    return request.init_image.strength


async def test_custom_zoom_takes_a_prompt_a_zoom_and_a_ratio(world: World) -> None:
    use(world, FREE_MODEL)
    source = await single(world, "a fox --v 7")
    wording = "a castle --v 7 --ar 2:1 --zoom 1.5"
    job = await run(world, await press(world, Action.CUSTOM_ZOOM, source, wording=wording))
    assert (job.kind, job.prompt, job.is_remix) == (JobKind.ZOOM_OUT, "a castle --v 7.0 --ar 2:1", True)
    assert (job.operation.zoom, job.params.aspect, job.params.zoom) == (1.5, (2, 1), None)
    assert [one.shape for one in await masters(world, job)] == [(96, 192, 3)] * 4
    same = await press(world, Action.CUSTOM_ZOOM, source, where=902, wording="a fox --v 7.0 --zoom 2")
    assert (same.is_remix, same.operation.zoom, same.params.aspect) == (False, 2.0, (1, 1))


async def test_a_custom_zoom_that_adds_nothing_or_too_much_is_told_so(world: World) -> None:
    source = await single(world)
    with pytest.raises(NotAllowed, match="Nothing would be added"):
        await press(world, Action.CUSTOM_ZOOM, source, wording="a fox --zoom 1")
    with pytest.raises(InvalidParameter, match="between 1 and 2"):
        await press(world, Action.CUSTOM_ZOOM, source, wording="a fox --zoom 3")
    with pytest.raises(InvalidParameter, match="too narrow"):
        await press(world, Action.CUSTOM_ZOOM, source, wording="a fox --ar 20:1 --zoom 1")


async def test_a_reroll_does_the_same_again(world: World) -> None:
    use(world, FAKE_MODEL)
    source = await single(world)
    first = await run(world, await press(world, Action.PAN_LEFT, source))
    again = await run(world, await press(world, Action.REROLL, first, where=901))
    assert (again.kind, again.parent, again.params.aspect) == (JobKind.PAN_LEFT, first.parent, (3, 2))
    assert [one.shape for one in await masters(world, again)] == [(64, 96, 3)] * 4
    assert again.params.seed != first.params.seed


async def test_zooms_side_by_side_are_two_presses(world: World) -> None:
    source = await single(world)
    await press(world, Action.ZOOM_OUT, source, how="50")
    await press(world, Action.ZOOM_OUT, source, how="75")
    with pytest.raises(PressedTwice):
        await press(world, Action.ZOOM_OUT, source, how="75")


async def test_a_cancel_between_two_windows_ends_the_job(world: World) -> None:
    engine = use(world, FAKE_MODEL)
    wide = await run(world, await press(world, Action.PAN_RIGHT, await single(world)))
    job = await world.claim(
        await press(world, Action.ZOOM_OUT, await press(world, Action.UPSCALE, wide, where=801), how="50")
    )

    def cancel_late(width: int, height: int, seed: int) -> Pixels:
        """As if the cancel had come just when the first window was drawn."""
        cancelled.append(seed)
        return noise(width, height, seed)

    cancelled: list[int] = []
    world.studio = replace(world.studio, engine=FakeEngine((FAKE_MODEL,), draw=cancel_late))
    await cancel_job(job.id, ANN, studio=world.studio)
    await run_job(job, studio=world.studio)
    assert (await world.job(job.id)).status is JobStatus.CANCELLED
    assert len(engine.requests) == 2
    assert await world.pictures(job.id) == []


async def test_private_pictures_are_their_makers_alone(world: World) -> None:
    grid = await world.drawn("a fox --stealth", BOB)
    for action, how in ((Action.UPSCALE, ""), (Action.VARIATION, ""), (Action.REROLL, ""), (Action.ZOOM_OUT, "50")):
        with pytest.raises(NotAllowed, match="private"):
            await press(world, action, grid, how=how)
    mine = await press(world, Action.UPSCALE, grid, user_id=BOB)
    assert mine.is_stealth
    with pytest.raises(NotAllowed, match="private"):
        await press(world, Action.PAN_UP, mine)
    with pytest.raises(JobGone):
        await like_job(mine.id, ANN, "ann", studio=world.studio)


async def test_what_is_taken_out_in_stealth_is_kept_out_of_the_gallery(world: World) -> None:
    """Also of a public grid: the grid stays where everybody sees it."""
    grid = await world.drawn("a fox")
    await change_settings(
        place_of(ANN), lambda held: replace(held, visibility=PromptVisibility.STEALTH), studio=world.studio
    )
    mine = await press(world, Action.UPSCALE, grid)
    assert mine.is_stealth
    seen = await browse_gallery(GalleryQuery(BOB), 0, studio=world.studio)
    assert {picture.job_id for picture in seen.pictures} == {grid.id}


async def test_pictures_in_the_trash_start_nothing(world: World) -> None:
    source = await single(world, user_id=BOB)
    await trash_job(source.id, BOB, studio=world.studio)
    with pytest.raises(JobGone):
        await press(world, Action.ZOOM_OUT, source, how="50")
    with pytest.raises(NotAllowed, match="trash"):
        await press(world, Action.ZOOM_OUT, source, how="50", user_id=BOB)


async def test_a_picture_that_the_job_never_had(world: World) -> None:
    source = await single(world)
    with pytest.raises(JobGone):
        await submit_press(
            Button(Action.PAN_UP, source.id, 3), place_of(ANN), MessageRef(500, 900), studio=world.studio
        )


async def test_the_same_upscale_waits_a_minute(world: World) -> None:
    source = await single(world)
    first = await press(world, Action.ENLARGE, source, how="v6r1_2x_subtle")
    assert (first.kind, first.operation.scale) == (JobKind.UPSCALE_SUBTLE, 2)
    world.clock.advance(30)
    until = int((first.created_at + timedelta(minutes=1)).timestamp()) + 1
    with pytest.raises(SlowDown, match=rf"another upscale for this image <t:{until}:R>"):
        await press(world, Action.ENLARGE, source, how="v6r1_2x_subtle")
    await press(world, Action.ENLARGE, source, how="v6r1_2x_creative")
    await press(world, Action.ENLARGE, source, how="v5_4x")
    world.clock.advance(31)
    await press(world, Action.ENLARGE, source, how="v6r1_2x_subtle")


async def test_an_upscale_that_was_cancelled_may_be_asked_for_at_once(world: World) -> None:
    source = await single(world)
    first = await press(world, Action.ENLARGE, source, how="v7_2x_subtle")
    await cancel_job(first.id, ANN, studio=world.studio)
    world.clock.advance(4)
    await press(world, Action.ENLARGE, source, how="v7_2x_subtle")


@pytest.mark.parametrize(("how", "scale"), [("v6r1_2x_subtle", 2), ("v5_2x", 2), ("v5_4x", 4)])
async def test_upscales_enlarge_the_very_picture(world: World, how: str, scale: int) -> None:
    engine = use(world, FAKE_MODEL)
    source = await single(world, "a fox --seed 7")
    [before] = await masters(world, source)
    job = await run(world, await press(world, Action.ENLARGE, source, how=how))
    [after] = await masters(world, job)
    assert (after == before.repeat(scale, axis=0).repeat(scale, axis=1)).all()
    assert (job.params.seed, [picture.seed for picture in await world.pictures(job.id)]) == (7, [7])
    assert len(engine.requests) == 1


async def test_redoing_an_upscale_starts_from_the_same_picture(world: World) -> None:
    use(world, FAKE_MODEL)
    source = await single(world)
    first = await run(world, await press(world, Action.ENLARGE, source, how="v7_2x_subtle"))
    again = await press(world, Action.ENLARGE, first, how="v7_2x_creative", where=901)
    assert again.parent == first.parent
    world.clock.advance(10)
    with pytest.raises(SlowDown):
        await press(world, Action.ENLARGE, first, how="v7_2x_subtle", where=901)


@pytest.mark.parametrize(("side", "is_taken"), [(1024, True), (1040, False)])
async def test_redoing_goes_by_the_size_of_what_was_handed_in(world: World, side: int, is_taken: bool) -> None:
    use(world, FAKE_MODEL)
    world.links.files["https://x.example/a.png"] = encode_png(noise(side, side, 1))
    picture = HandedIn("https://x.example/a.png", "a.png")
    first = await run(world, await submit_upscale(picture, "v5_2x", place_of(ANN), studio=world.studio))
    second = await run(world, await press(world, Action.ENLARGE, first, how="v5_2x"))
    if is_taken:
        assert (await press(world, Action.ENLARGE, second, how="v5_4x", where=901)).operation.scale == 4
        return
    with pytest.raises(NotAllowed, match=f"{side}x{side} would have more than 4096x4096"):
        await press(world, Action.ENLARGE, second, how="v5_4x", where=901)


async def test_upscaling_is_the_last_step(world: World) -> None:
    use(world, FAKE_MODEL)
    large = await run(world, await press(world, Action.ENLARGE, await single(world), how="v7_2x_subtle"))
    for action in (Action.PAN_UP, Action.MAKE_SQUARE):
        with pytest.raises(NotAllowed, match="last step"):
            await press(world, action, large)
    varied = await run(world, await press(world, Action.VARY_SUBTLE, large))
    assert varied.status is JobStatus.SUCCEEDED


async def test_what_is_too_large_is_not_enlarged(world: World) -> None:
    source = await single(world)
    ref = PictureRef(source.id, 0)
    twice, four_times = (Origin(JobKind.UPSCALE_SUBTLE, ref, Operation(scale=scale)) for scale in (2, 4))
    check_step(twice, source, Size(2048, 2048))
    with pytest.raises(NotAllowed, match="4096x4096"):
        check_step(four_times, source, Size(2048, 1024))


async def test_a_model_with_one_size_draws_the_whole_over_before_it_is_enlarged(world: World) -> None:
    engine = use(world, FAKE_MODEL)
    job = await run(world, await press(world, Action.ENLARGE, await single(world), how="v7_2x_creative"))
    [redrawn] = engine.requests[1:]
    [enlarged] = engine.others
    assert (redrawn.width, redrawn.height, len(redrawn.seeds), strength_of(redrawn)) == (64, 64, 1, 0.3)
    assert isinstance(enlarged, UpscaleRequest)
    assert enlarged.pixels == noise(64, 64, job.params.seed)
    assert [one.shape for one in await masters(world, job)] == [(128, 128, 3)]


async def test_other_models_draw_the_enlarged_picture_over_tile_by_tile(world: World) -> None:
    engine = use(world, FREE_MODEL)
    source = await single(world)
    job = await run(world, await press(world, Action.ENLARGE, source, how="v7_2x_creative"))
    tiles = engine.requests[1:]
    assert [len(request.init_images) for request in tiles] == [4, 4, 1]
    assert all(request.mask is None and request.init_images[0].strength == 0.3 for request in tiles)
    assert len({seed for request in tiles for seed in request.seeds}) == 9
    assert [one.shape for one in await masters(world, job)] == [(128, 128, 3)]


LOOKS = frozenset({Ability.IMAGE_REFERENCE, Ability.STYLE_REFERENCE, Ability.CHARACTER_REFERENCE})


@pytest.mark.parametrize("model", [FAKE_MODEL, FREE_MODEL])
@pytest.mark.parametrize("is_able", [True, False])
async def test_a_model_that_looks_is_shown_the_references_of_what_it_enlarges(
    world: World, model: ModelInfo, is_able: bool
) -> None:
    engine = use(world, replace(model, abilities=LOOKS if is_able else LOOKS - {Ability.STYLE_REFERENCE}))
    urls = [f"https://x.example/{name}.png" for name in ("seen", "style", "face")]
    world.links.files |= {url: encode_png(noise(32, 32, number)) for number, url in enumerate(urls)}
    source = await single(world, f"{urls[0]} a fox --sref {urls[1]} --sw 50 --cref {urls[2]}")
    drawn = len(engine.requests)
    await run(world, await press(world, Action.ENLARGE, source, how="v6r1_2x_creative"))
    asked = engine.requests[drawn:]
    told = [(one.role, one.pixels, one.weight) for one in asked[0].references]
    assert all(request.references == asked[0].references and request.init_images != () for request in asked[1:])
    if not is_able:
        assert told == []
        return
    assert [role for role, _, _ in told] == [ReferenceRole.IMAGE, ReferenceRole.STYLE, ReferenceRole.CHARACTER]
    assert [pixels for _, pixels, _ in told] == [noise(32, 32, number) for number in range(3)]
    assert told[1][2] == 0.5


@pytest.mark.parametrize("model", [FAKE_MODEL, FREE_MODEL])
@pytest.mark.parametrize("how", ["v7_2x_subtle", "v7_2x_creative"])
async def test_what_repeats_is_enlarged_around_its_edge(world: World, how: str, model: ModelInfo) -> None:
    engine = use(world, replace(model, abilities=frozenset({Ability.TILE})))
    source = await single(world, "a fox --tile --v 7")
    job = await run(world, await press(world, Action.ENLARGE, source, how=how))
    [enlargement] = engine.others
    assert isinstance(enlargement, UpscaleRequest)
    around = to_array(enlargement.pixels)
    assert around.shape == (68, 68, 3)
    assert (around[64:] == around[:4]).all()
    assert (around[:, 64:] == around[:, :4]).all()
    assert [one.shape for one in await masters(world, job)] == [(128, 128, 3)]
    redrawn = engine.requests[1:] if model is FAKE_MODEL else []
    assert all(request.tile for request in redrawn)


async def test_what_was_drawn_around_a_tile_makes_it_none(world: World) -> None:
    use(world, replace(FAKE_MODEL, abilities=frozenset({Ability.TILE})))
    source = await single(world, "a fox --tile")
    varied = await run(world, await press(world, Action.VARY_SUBTLE, source))
    zoomed = await run(world, await press(world, Action.ZOOM_OUT, source, how="50"))
    assert (varied.params.tile, zoomed.params.tile) == (True, False)


def a_mask(width: int, height: int, place: Rect) -> bytes:
    levels = np.zeros((height, width), bool)
    levels[place.top : place.bottom, place.left : place.right] = True
    return write_mask(levels)


async def repaint(world: World, picture: Job, mask: bytes, wording: str | None = None, user_id: UserId = ANN) -> Job:
    button = Button(Action.VARY_REGION, picture.id)
    return await submit_region(
        button, mask, place_of(user_id), MessageRef(500, 900), studio=world.studio, wording=wording
    )


@pytest.mark.parametrize("model", [FAKE_MODEL, FREE_MODEL, WORDY_MODEL])
async def test_a_region_is_drawn_anew_and_nothing_else(world: World, model: ModelInfo) -> None:
    engine = use(world, model)
    source = await single(world)
    [before] = await masters(world, source)
    region = Rect(40, 4, 20, 30)
    job = await run(world, await repaint(world, source, a_mask(64, 64, region), "an owl"))
    assert (job.status, job.prompt, job.is_remix) == (JobStatus.SUCCEEDED, "an owl", True)
    drawn = await masters(world, job)
    outside = np.ones((64, 64), bool)
    outside[region.top : region.bottom, region.left : region.right] = False
    assert all((one[outside] == before[outside]).all() for one in drawn)
    assert all((one[~outside] != before[~outside]).any() for one in drawn)
    [request] = engine.requests[1:]
    assert (request.prompt, strength_of(request), len(request.seeds)) == ("an owl", 1.0, 4)


@pytest.mark.parametrize(
    ("wording", "told", "is_blind"),
    [
        ("a fox", "large a fox, in the middle, snow", True),
        ("a fox, red background", "large a fox, red background, in the middle", True),
        ("a snow fox", "large a snow fox, in the middle, snow", True),
        ("more snow", "large more snow, in the middle", False),
        ("a wug", "large a wug, in the middle, snow", False),
    ],
)
async def test_a_closed_vocabulary_draws_a_thing_by_itself_and_goes_on_with_scenery(
    world: World, wording: str, told: str, is_blind: bool
) -> None:
    words = ("fox", "snow fox", "large", "middle")
    engine = use(world, replace(WORDY_MODEL, vocabulary=(*words, *WORDY_MODEL.scenery)))
    source = await single(world, "a cat in the snow")
    await run(world, await repaint(world, source, a_mask(64, 64, Rect(8, 8, 32, 32)), wording))
    [request] = engine.requests[1:]
    assert (request.prompt, request.mask is None, request.init_image is None) == (told, is_blind, is_blind)


async def test_a_reroll_of_a_region_draws_the_same_region(world: World) -> None:
    use(world, FAKE_MODEL)
    source = await single(world)
    first = await run(world, await repaint(world, source, a_mask(64, 64, Rect(0, 0, 32, 32))))
    again = await run(world, await press(world, Action.REROLL, first, where=901))
    assert (again.kind, again.operation) == (JobKind.VARY_REGION, first.operation)
    assert again.status is JobStatus.SUCCEEDED


@pytest.mark.parametrize(
    ("place", "size", "sentence"),
    [
        (Rect(0, 0, 0, 0), 64, "Nothing is marked"),
        (Rect(0, 0, 64, 64), 64, "Everything is marked"),
        (Rect(5, 5, 3, 3), 64, "too small"),
        (Rect(0, 0, 9, 9), 32, "is 64x32, but the picture 64x64"),
    ],
)
async def test_masks_of_which_nothing_can_come(
    world: World, tmp_path: Path, place: Rect, size: int, sentence: str
) -> None:
    source = await single(world)
    with pytest.raises(UnusableMask, match=sentence):
        await repaint(world, source, a_mask(64, size, place))
    assert not (tmp_path / "images" / "masks").exists()


async def test_a_mask_for_a_refused_press_is_not_kept(world: World, tmp_path: Path) -> None:
    source = await single(world, "a fox --stealth", BOB)
    with pytest.raises(NotAllowed, match="private"):
        await repaint(world, source, a_mask(64, 64, Rect(0, 0, 32, 32)))
    assert list((tmp_path / "images" / "masks").iterdir()) == []


async def test_bytes_that_are_no_mask(world: World) -> None:
    with pytest.raises(UnreadablePicture):
        await repaint(world, await single(world), b"no picture")
    with pytest.raises(UnusableMask, match="Mark the part"):
        await press(world, Action.VARY_REGION, await single(world))


async def test_a_region_keeps_the_pictures_shape_whatever_is_typed(world: World) -> None:
    source = await single(world)
    job = await repaint(world, source, a_mask(64, 64, Rect(0, 0, 32, 32)), "an owl --ar 3:2")
    assert (job.prompt, job.params.aspect) == ("an owl --ar 1:1", (1, 1))


@pytest.mark.parametrize(("how", "turn", "strength"), [("low", 0.5, 0.5), ("high", 1.0, 0.75)])
async def test_a_film_turns_from_one_noise_to_another(world: World, how: str, turn: float, strength: float) -> None:
    engine = use(world, FAKE_MODEL)
    source = await single(world)
    job = await run(world, await press(world, Action.ANIMATE, source, how=how))
    asked = engine.requests[1:]
    blends = [blend for request in asked for blend in request.noise_blends]
    assert [len(request.seeds) for request in asked] == [4, 4, 4, 4]
    assert {seed for request in asked for seed in request.seeds} == {job.params.seed}
    assert {blend.seed for blend in blends} == {(job.params.seed + 1) % 2**32}
    assert [blend.share for blend in blends] == pytest.approx([turn * n / 15 for n in range(16)])
    assert all(strength_of(request) == strength for request in asked)
    [picture] = await world.pictures(job.id)
    film = await world.studio.store.get(picture.store_key)
    assert is_film(film)
    assert (picture.width, picture.height, picture.store_key) == (64, 64, f"{job.id}/0.webp")
    await deliver_job(job.id, studio=world.studio)
    shown = world.notifier.said("result")[-1].files[0]
    assert (shown.data, shown.name.endswith(".webp")) == (film, True)


@pytest.mark.parametrize("model", [FAKE_MODEL, WORDY_MODEL])
async def test_a_film_begins_with_its_picture(world: World, model: ModelInfo) -> None:
    use(world, model)
    source = await single(world)
    [before] = await masters(world, source)
    job = await run(world, await press(world, Action.ANIMATE, source, how="low"))
    [picture] = await world.pictures(job.id)
    with Image.open(io.BytesIO(await world.studio.store.get(picture.store_key))) as film:
        assert film.n_frames == 1 + 5 + 16 + 15 * 2  # type: ignore[attr-defined]
        assert to_pixels(np.asarray(film.convert("RGB"))) == to_pixels(before)


@pytest.mark.parametrize(("how", "motion"), [("low", 0.3), ("high", 0.7)])
async def test_a_model_of_moving_pictures_makes_the_film(world: World, how: str, motion: float) -> None:
    engine = use(world, replace(FAKE_MODEL, abilities=frozenset({Ability.FILM})))
    source = await single(world)
    [before] = await masters(world, source)
    job = await run(world, await press(world, Action.ANIMATE, source, how=how))
    [asked] = engine.others
    assert isinstance(asked, AnimateRequest)
    assert (asked.pixels, asked.motion, asked.seed) == (to_pixels(before), motion, job.params.seed)
    assert len(engine.requests) == 1
    [picture] = await world.pictures(job.id)
    with Image.open(io.BytesIO(await world.studio.store.get(picture.store_key))) as film:
        assert (film.n_frames, film.size) == (5, (64, 64))  # type: ignore[attr-defined]


async def test_films_are_not_varied_but_made_again(world: World) -> None:
    use(world, FAKE_MODEL)
    film = await run(world, await press(world, Action.ANIMATE, await single(world), how="low"))
    with pytest.raises(NotAllowed, match="film"):
        await press(world, Action.VARY_SUBTLE, film)
    again = await run(world, await press(world, Action.REROLL, film, where=901))
    assert (again.kind, again.parent, again.operation) == (JobKind.ANIMATE, film.parent, film.operation)


async def test_likes_are_kept_once(world: World) -> None:
    source = await single(world)
    for _ in range(2):
        await like_job(source.id, BOB, "bob", studio=world.studio)
    async with world.studio.db.reading() as tx:
        assert await tx.styles.list_liked(BOB, 9) == [source.params]
        assert await tx.styles.list_liked(ANN, 9) == []
