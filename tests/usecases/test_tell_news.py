"""What waits behind others of its member's hears of the line seldom, and not at all once it has started."""

import contextlib
from dataclasses import dataclass, replace

from bot.domain.job import Job
from bot.domain.waiting import Waiting
from bot.usecases.cancel import cancel_job
from bot.usecases.notices import KEPT, Notices
from bot.usecases.ports import Database, DatabaseTrouble, Transaction
from bot.usecases.room import find_waiting
from bot.usecases.tell_news import tell_news
from tests.domain.factories import ANN, a_job
from tests.usecases.conftest import World


async def some_waiting(world: World, count: int) -> list[Job]:
    """All of one member, drawn one at a time; the last one's message says where it stands."""
    world.studio = replace(world.studio, limits=replace(world.studio.limits, max_running=1))
    jobs = []
    for number in range(count):
        world.clock.advance(1)
        jobs.append(await world.imagine(f"fox {number}", ANN))
    waiting = await find_waiting(jobs[-1], studio=world.studio)
    assert waiting is not None
    world.studio.notices.say(jobs[-1].id, waiting)
    return jobs


async def test_only_half_of_the_way_is_told(world: World) -> None:
    *before, last = await some_waiting(world, 7)
    for job in before[:-1]:
        await cancel_job(job.id, ANN, studio=world.studio)
        for _ in range(3):
            await tell_news(studio=world.studio)
    assert world.notifier.places == [(last.id, 3)]


async def test_what_has_started_or_ended_is_forgotten(world: World) -> None:
    *_, last = await some_waiting(world, 3)
    await cancel_job(last.id, ANN, studio=world.studio)
    await tell_news(studio=world.studio)
    assert world.notifier.places == []
    assert world.studio.notices.take(9) == []


@dataclass
class SilentDatabase:
    """Reads nothing."""

    database: Database
    is_shared: bool = False

    def transaction(self, *, can_wait: bool = False) -> contextlib.AbstractAsyncContextManager[Transaction]:
        return self.database.transaction(can_wait=can_wait)

    def reading(self) -> contextlib.AbstractAsyncContextManager[Transaction]:
        raise DatabaseTrouble("the connection was lost")


async def test_what_the_database_did_not_say_is_told_when_it_does(world: World) -> None:
    *before, last = await some_waiting(world, 7)
    for job in before:
        world.studio.notices.say(job.id, Waiting(9, None))
    for job in before[:4]:
        await cancel_job(job.id, ANN, studio=world.studio)
    await tell_news(studio=replace(world.studio, db=SilentDatabase(world.studio.db)))
    assert world.notifier.places == []
    await tell_news(studio=world.studio)
    assert (last.id, 3) in world.notifier.places


async def test_what_has_room_now_is_told_nothing_more(world: World) -> None:
    *before, _last = await some_waiting(world, 3)
    for job in before:
        await cancel_job(job.id, ANN, studio=world.studio)
    await tell_news(studio=world.studio)
    assert world.notifier.places == []


async def test_only_so_many_are_remembered(world: World) -> None:
    jobs = await some_waiting(world, 2)
    waiting = await find_waiting(jobs[-1], studio=world.studio)
    assert waiting is not None
    notices = Notices()
    for _ in range(KEPT + 5):
        notices.say(a_job().id, waiting)
    assert len(notices.take(2 * KEPT)) == KEPT
