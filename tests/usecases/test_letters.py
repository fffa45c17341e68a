"""Members are told once, sooner or later, and nobody waits for one who cannot be reached."""

from dataclasses import replace
from datetime import timedelta

from bot.domain.job import UserId
from bot.domain.letter import Letter
from bot.tasks import BackgroundTasks
from bot.usecases.courier import MAX_ATTEMPTS
from bot.usecases.letters import Herald
from bot.usecases.ports import DeliveryDelayed, DeliveryRefused
from tests.domain.factories import ANN, BOB
from tests.usecases.conftest import World


async def owe(world: World, *letters: tuple[int, str]) -> None:
    async with world.studio.db.transaction() as tx:
        for user_id, text in letters:
            await tx.letters.owe(Letter(text, UserId(user_id), text, world.clock.now))


def told(world: World) -> list[str]:
    return [said.text for said in world.notifier.said("direct")]


async def test_each_is_told_once(world: World) -> None:
    await owe(world, (ANN, "one"), (BOB, "two"), (ANN, "one"))
    herald = Herald(world.studio)
    assert await herald.tell_due() is None
    assert await herald.tell_due() is None
    assert sorted(told(world)) == ["one", "two"]


async def test_who_takes_no_messages_is_left_alone(world: World) -> None:
    await owe(world, (ANN, "one"))
    world.notifier.refuse("send_direct", DeliveryRefused("closed"))
    assert await Herald(world.studio).tell_due() is None
    assert told(world) == []


async def test_a_passing_trouble_is_waited_for_and_not_for_ever(world: World) -> None:
    await owe(world, (ANN, "one"))
    world.notifier.refuse("send_direct", DeliveryDelayed("slow", 7.0), *[DeliveryDelayed("busy")] * MAX_ATTEMPTS)
    herald = Herald(replace(world.studio, pause=lambda attempt: 10.0 * attempt))
    assert await herald.tell_due() == 7.0
    assert await herald.tell_due() == 7.0  # it is not time yet
    for attempt in range(2, MAX_ATTEMPTS):
        world.clock.now += timedelta(minutes=5)
        assert await herald.tell_due() == 10.0 * attempt
    world.clock.now += timedelta(minutes=5)
    assert await herald.tell_due() is None
    assert told(world) == []


async def test_it_is_told_as_soon_as_it_is_owed(world: World) -> None:
    herald = Herald(world.studio)
    world.listeners.append(herald.wake)
    async with BackgroundTasks() as tasks:
        running = tasks.start(herald.run(), name="herald")
        await owe(world, (ANN, "one"))
        world.studio.wake()
        await world.notifier.until(lambda: told(world) == ["one"])
        herald.close()
        await running


async def test_who_closes_waits_for_one_letter_and_not_for_all(world: World) -> None:
    """The others are told at the next start."""
    await owe(world, (ANN, "one"), (BOB, "two"), (ANN, "three"))
    herald = Herald(world.studio)
    async with BackgroundTasks() as tasks:
        gate = world.notifier.hold("send_direct")
        running = tasks.start(herald.run(), name="herald")
        await gate.reached()
        herald.close()
        gate.open()
        await running
    assert told(world) == ["one"]
    world.clock.now += timedelta(minutes=5)
    assert await Herald(world.studio).tell_due() is None
    assert sorted(told(world)) == ["one", "three", "two"]
