"""Parameters that a model can honour reach the engine; what it cannot is noted under the picture."""

from dataclasses import replace

import pytest

from bot.domain.errors import CannotDraw
from bot.domain.gallery import Visibility
from bot.domain.job import JobStatus
from bot.domain.prompt import Speed
from bot.usecases.run_job import run_job
from engine.protocol import Ability, GenerateRequest, ModelInfo, WeightedPart
from tests.fakes import FAKE_MODEL, FakeEngine
from tests.usecases.conftest import World

ABLE = replace(FAKE_MODEL, guidance_scale=10.0, steps=20, abilities=frozenset(Ability))


async def asked_for(world: World, prompt: str, model: ModelInfo) -> tuple[GenerateRequest, tuple[str, ...]]:
    """What the engine was asked, and what the member is told under the picture."""
    engine = FakeEngine(models=[model])
    world.studio = replace(world.studio, engine=engine)
    job = await world.claim(await world.imagine(prompt))
    await run_job(job, studio=world.studio)
    ended = await world.job(job.id)
    assert ended.status is JobStatus.SUCCEEDED
    return engine.requests[0], ended.notes


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("a fox", {"guidance_scale": None, "guidance_scales": (), "stop_step": None, "tile": False, "parts": ()}),
        ("a fox --chaos 100", {"guidance_scale": None, "guidance_scales": (4.0, 8.0, 12.0, 16.0)}),
        ("a fox --raw", {"guidance_scale": 11.5, "guidance_scales": ()}),
        ("a fox --stop 40", {"steps": 20, "stop_step": 8, "preview_every": 2}),
        ("a fox --tile", {"tile": True}),
        ("fox::2 moon::", {"prompt": "fox, moon", "parts": (WeightedPart("fox", 2.0), WeightedPart("moon", 1.0))}),
        (
            "a fox --weird 3000 --seed 0",
            {"parts": (WeightedPart("a fox"), WeightedPart("surreal, uncanny, eccentric", 1.0))},
        ),
    ],
)
async def test_an_able_model_is_told(world: World, prompt: str, expected: dict[str, object]) -> None:
    request, notes = await asked_for(world, prompt, ABLE)
    assert {name: getattr(request, name) for name in expected} == expected
    assert notes == ()


@pytest.mark.parametrize(
    ("prompt", "ability", "told"),
    [
        ("a fox --chaos 100", Ability.GUIDANCE_PER_ROW, "`--chaos`"),
        ("a fox --stop 40", Ability.STOP, "`--stop`"),
        ("fox::2 moon", Ability.PARTS, "`::`"),
    ],
)
async def test_what_a_model_does_not_declare_is_noted_and_not_asked(
    world: World, prompt: str, ability: Ability, told: str
) -> None:
    plain, _ = await asked_for(world, "a fox", ABLE)
    request, notes = await asked_for(world, prompt, replace(ABLE, abilities=ABLE.abilities - {ability}))
    told_alike = ("guidance_scales", "stop_step", "parts")
    assert [getattr(request, name) for name in told_alike] == [getattr(plain, name) for name in told_alike]
    assert told in " ".join(notes)


async def test_a_tile_is_refused_by_a_model_that_draws_none(world: World) -> None:
    engine = FakeEngine(models=[replace(ABLE, abilities=ABLE.abilities - {Ability.TILE})])
    world.studio = replace(world.studio, engine=engine)
    with pytest.raises(CannotDraw):
        await world.imagine("a fox --tile")
    assert engine.requests == []


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
