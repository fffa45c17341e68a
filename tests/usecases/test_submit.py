"""A wish becomes a job: once for a double press, within limits, with what it starts from."""

import asyncio
import contextlib
from dataclasses import replace

import pytest

from bot.domain.batch import KEPT
from bot.domain.buttons import Action, Button
from bot.domain.errors import BatchGone, JobGone, PressedTwice, PromptError, QueueFull
from bot.domain.job import DeliveryStatus, Job, JobKind, JobStatus, MessageRef, PictureRef, UserId, new_job_id
from bot.usecases.admission import attach_waiting_message
from bot.usecases.cancel import cancel_job
from bot.usecases.deliver import deliver_job
from bot.usecases.run_job import run_job
from bot.usecases.submit_imagine import BatchQuestion, confirm_batch, submit_imagine
from bot.usecases.submit_press import submit_press
from tests.domain.factories import ANN, BOB
from tests.usecases.conftest import World, place_of

ROOM = 3 + 10
"""Those that may be drawn at once, and those that may wait for them."""


async def press(world: World, action: Action, job: Job, index: int = 0, user_id: UserId = ANN, where: int = 900) -> Job:
    return await submit_press(
        Button(action, job.id, index), place_of(user_id), MessageRef(500, where), studio=world.studio
    )


async def test_a_refused_prompt_leaves_no_trace(world: World) -> None:
    with pytest.raises(PromptError):
        await world.imagine("  ")
    async with world.studio.db.transaction() as tx:
        assert await tx.jobs.list_waiting(10) == []


async def test_the_same_button_counts_once_within_three_seconds(world: World) -> None:
    grid = await world.drawn()
    await press(world, Action.VARIATION, grid, 1)
    world.clock.advance(2.9)
    with pytest.raises(PressedTwice):
        await press(world, Action.VARIATION, grid, 1)
    await press(world, Action.VARIATION, grid, 2)  # another button
    await press(world, Action.VARIATION, grid, 1, user_id=BOB)  # another member
    await press(world, Action.VARIATION, grid, 1, where=901)  # the same picture, shown elsewhere
    world.clock.advance(0.2)
    await press(world, Action.VARIATION, grid, 1)


async def test_many_presses_at_once_make_one_job(world: World) -> None:
    grid = await world.drawn()
    outcomes = await asyncio.gather(*(press(world, Action.REROLL, grid) for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(outcome, Job) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, PressedTwice) for outcome in outcomes) == 7


async def test_a_split_keeps_seed_and_bytes_and_draws_nothing(world: World) -> None:
    grid = await world.drawn("a fox --seed 40")
    single = await press(world, Action.UPSCALE, grid, 2)
    [picture], source = await world.pictures(single.id), (await world.pictures(grid.id))[2]
    assert (single.status, single.delivery, single.is_grid) == (JobStatus.SUCCEEDED, DeliveryStatus.PENDING, False)
    assert (picture.seed, single.params.seed, picture.store_key) == (42, 42, source.store_key)
    assert len(world.engine.requests) == 1
    await deliver_job(single.id, studio=world.studio)
    [shown] = world.notifier.said("result")
    assert shown.files[0].data == await world.studio.store.get(source.store_key)


async def test_a_reroll_draws_the_prompt_again_by_another_chance(world: World) -> None:
    grid = await world.drawn("a fox --ar 3:2 --seed 40")
    again = await press(world, Action.REROLL, grid)
    assert (again.kind, again.prompt, again.params.aspect) == (JobKind.REROLL, "a fox --ar 3:2 --seed 40", (3, 2))
    assert again.params.seed != 40


async def test_a_reroll_of_variations_varies_the_same_picture_again(world: World) -> None:
    grid = await world.drawn()
    varied = await press(world, Action.VARIATION, grid, 3)
    await run_job(await world.claim(varied), studio=world.studio)
    again = await press(world, Action.REROLL, varied, where=901)
    assert (again.kind, again.parent) == (JobKind.VARIATION, PictureRef(grid.id, 3))
    await run_job(await world.claim(again), studio=world.studio)
    first, second = world.engine.requests[1:]
    assert first.init_image is not None
    assert second.init_image == first.init_image
    assert second.seeds != first.seeds


async def test_buttons_of_what_is_not_there(world: World) -> None:
    grid = await world.drawn()
    single = await press(world, Action.UPSCALE, grid)
    with pytest.raises(JobGone):
        await press(world, Action.UPSCALE, replace(grid, id=new_job_id()))
    with pytest.raises(JobGone):
        await press(world, Action.VARY_SUBTLE, single, 1)
    waiting = await world.imagine()
    with pytest.raises(JobGone):
        await press(world, Action.UPSCALE, waiting)


async def test_the_queue_is_full_for_one_member_only(world: World) -> None:
    jobs = [await world.imagine(f"fox {number}") for number in range(ROOM)]
    with pytest.raises(QueueFull, match="10 are waiting"):
        await world.imagine("one too many")
    await world.imagine("a moon", BOB)
    await cancel_job(jobs[4].id, ANN, studio=world.studio)
    await world.imagine("there is room again")


async def test_the_queue_holds_when_many_ask_at_once(world: World) -> None:
    wishes = (world.imagine(f"fox {number}") for number in range(ROOM + 5))
    outcomes = await asyncio.gather(*wishes, return_exceptions=True)
    assert sum(isinstance(outcome, Job) for outcome in outcomes) == ROOM


async def test_a_split_needs_no_room_in_the_queue(world: World) -> None:
    grid = await world.drawn()
    for number in range(ROOM):
        await world.imagine(f"fox {number}")
    assert (await press(world, Action.UPSCALE, grid)).status is JobStatus.SUCCEEDED
    with pytest.raises(QueueFull):
        await press(world, Action.VARIATION, grid)


async def test_a_waiting_message_that_comes_late_is_taken_away(world: World) -> None:
    job = await world.imagine(is_waiting=False)
    await run_job(await world.claim(job), studio=world.studio)
    late = world.notifier.wait(job)
    await deliver_job(job.id, studio=world.studio)
    await attach_waiting_message(job.id, late, studio=world.studio)
    assert [said.kind for said in world.notifier.messages.values()] == ["result"]


async def test_a_waiting_message_that_tells_the_end_stays(world: World) -> None:
    """It was found in the chat and edited before its id was written down."""
    job = await world.imagine()
    await cancel_job(job.id, ANN, studio=world.studio)
    await deliver_job(job.id, studio=world.studio)
    ended = await world.job(job.id)
    assert ended.result_message == ended.waiting_message
    assert ended.waiting_message is not None
    await attach_waiting_message(job.id, ended.waiting_message, studio=world.studio)
    assert [said.kind for said in world.notifier.messages.values()] == ["end"]


async def test_a_question_about_several_jobs_can_be_answered_for_a_day(world: World) -> None:
    for seconds_short, expected in ((1, contextlib.nullcontext()), (0, pytest.raises(BatchGone))):
        asked = await submit_imagine("a {red, blue} fox", place_of(ANN), studio=world.studio)
        assert isinstance(asked, BatchQuestion)
        world.clock.advance(KEPT.total_seconds() - seconds_short)
        with expected:
            assert len((await confirm_batch(asked.batch.id, place_of(ANN), studio=world.studio)).jobs) == 2
