"""Which jobs wait for others of the same member: counted apart by speed, and by nobody else's."""

from dataclasses import replace

from bot.usecases.room import find_waiting
from tests.domain.factories import ANN, BOB
from tests.usecases.conftest import World


async def test_those_beyond_what_is_drawn_at_once_are_held_back(world: World) -> None:
    world.studio = replace(world.studio, limits=replace(world.studio.limits, max_running=2, max_running_relax=1))
    jobs = []
    for number, speed in enumerate(("fast", "fast", "relax", "fast", "relax", "turbo")):
        world.clock.advance(1)
        jobs.append(await world.imagine(f"fox {number} --{speed}", ANN))
    others = await world.imagine("an owl", BOB)
    held = [await find_waiting(job, studio=world.studio) is not None for job in (*jobs, others)]
    assert held == [False, False, False, True, True, True, False]
