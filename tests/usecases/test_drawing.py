"""Parameters that a model can honour reach the engine; what it cannot is noted under the picture."""

from dataclasses import replace

from bot.domain.gallery import Visibility
from bot.domain.prompt import Speed
from bot.usecases.run_job import run_job
from tests.fakes import FAKE_MODEL, FakeEngine
from tests.usecases.conftest import World


async def test_stylize_lowers_the_guidance_of_a_guided_model(world: World) -> None:
    engine = FakeEngine(models=[replace(FAKE_MODEL, guidance_scale=7.0)])
    job = await world.claim(await world.imagine("a fox --stylize 1000"))
    await run_job(job, studio=replace(world.studio, engine=engine))
    assert engine.requests[0].guidance_scale == 3.5


async def test_stealth_pictures_are_their_owners_alone(world: World) -> None:
    hidden, shown = await world.drawn("a fox --stealth"), await world.drawn("an owl")
    assert {picture.visibility for picture in await world.pictures(hidden.id)} == {Visibility.PRIVATE}
    assert {picture.visibility for picture in await world.pictures(shown.id)} == {Visibility.PUBLIC}


async def test_the_engine_hears_of_the_speed_as_a_priority(world: World) -> None:
    for speed in ("", "--relax", "--fast"):
        await world.drawn(f"a fox {speed}")
    assert [request.priority for request in world.engine.requests] == [1, 2, 1]


async def test_turbo_without_plans_is_a_fast_job_and_says_so(world: World) -> None:
    job = await world.drawn("a fox --turbo")
    assert (job.speed, world.engine.requests[0].priority) == (Speed.FAST, 1)
    assert any("no turbo" in note for note in job.notes)


async def test_an_unguided_model_keeps_its_own_way_and_says_so(world: World) -> None:
    job = await world.claim(await world.imagine("a fox --stylize 1000"))
    await run_job(job, studio=world.studio)
    assert world.engine.requests[0].guidance_scale is None
    assert any("--stylize" in note for note in (await world.job(job.id)).notes)
