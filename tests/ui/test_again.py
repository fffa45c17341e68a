"""Doing again what was done to a picture that a member handed in: from that very picture, not from what came of it."""

import pytest

from bot.sandbox import Member, Upload
from engine.protocol import GenerateRequest, Pixels, UpscaleRequest
from tests.fakes import FakeEngine
from tests.odd_pictures import READABLE
from tests.ui.conftest import Scene, buttons_of, next_result, press_for_result

HALVES = READABLE["turned photo"]


def enlarged_by(engine: FakeEngine) -> list[Pixels]:
    return [request.pixels for request in engine.others if isinstance(request, UpscaleRequest)]


def started_from(request: GenerateRequest) -> Pixels:
    assert request.init_image is not None
    return request.init_image.pixels


async def linked(member: Member) -> str:
    message = await member.say("look", file=Upload("photo.jpg", HALVES.data))
    return str(message["attachments"][0]["url"])


async def test_redo_upscale_enlarges_what_was_handed_in(scene: Scene) -> None:
    """Also a third time, after a restart, and as large as the first time."""
    ada = await scene.member()
    first = await next_result(ada, await ada.slash("upscale", image=Upload("photo.jpg", HALVES.data)))
    second = await press_for_result(ada, first, "Redo Upscale (Subtle)")
    [original, again] = enlarged_by(scene.engine)
    assert (original.width, original.height) == HALVES.shown
    assert again == original
    await scene.restart()
    third = await press_for_result(ada, second, "Redo Upscale (Creative)")
    assert enlarged_by(scene.engine) == [original]
    sizes = {(one["attachments"][0]["width"], one["attachments"][0]["height"]) for one in (first, second, third)}
    assert sizes == {(HALVES.shown[0] * 2, HALVES.shown[1] * 2)}


async def test_the_same_redo_has_to_wait(scene: Scene) -> None:
    ada = await scene.member()
    first = await next_result(ada, await ada.slash("upscale", image=Upload("photo.jpg", HALVES.data)))
    second = await press_for_result(ada, first, "Redo Upscale (Subtle)")
    sent = await ada.press(second, "Redo Upscale (Subtle)")
    told = await ada.wait_for_message(lambda message: bool(message["embeds"]), since=sent)
    assert told["embeds"][0]["title"] == "Slow Down!"
    assert len(enlarged_by(scene.engine)) == 2


async def test_another_picture_of_ones_own_does_not_have_to_wait(scene: Scene) -> None:
    ada = await scene.member()
    for name in ("alpha", "cmyk jpeg"):
        first = await next_result(ada, await ada.slash("upscale", image=Upload("a.png", READABLE[name].data)))
        await press_for_result(ada, first, "Redo Upscale (Subtle)")
    assert len(enlarged_by(scene.engine)) == 4


async def test_what_was_made_of_a_result_starts_from_the_result(scene: Scene) -> None:
    ada = await scene.member()
    large = await next_result(ada, await ada.slash("upscale", image=Upload("photo.jpg", HALVES.data)))
    await press_for_result(ada, large, "Vary (Strong)")
    varied = started_from(scene.engine.requests[-1])
    assert (varied.width, varied.height) == (HALVES.shown[0] * 2, HALVES.shown[1] * 2)


@pytest.mark.parametrize("times", [2])
async def test_a_film_of_a_linked_picture_is_drawn_again_from_that_picture(scene: Scene, times: int) -> None:
    ada = await scene.member()
    film = await next_result(ada, await ada.slash("imagine", prompt=f"{await linked(ada)} waves --video"))
    assert next(iter(buttons_of(film))) == "🔄"
    firsts = [started_from(scene.engine.requests[0])]
    assert (firsts[0].width, firsts[0].height) == HALVES.shown
    seeds = [scene.engine.requests[0].seeds]
    for _ in range(times):
        drawn = len(scene.engine.requests)
        film = await press_for_result(ada, film, "🔄")
        assert film["attachments"][0]["filename"].endswith(".webp")
        firsts.append(started_from(scene.engine.requests[drawn]))
        seeds.append(scene.engine.requests[drawn].seeds)
    assert firsts == [firsts[0]] * (times + 1)
    assert len(set(seeds)) == times + 1
