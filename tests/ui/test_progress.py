"""Of a job only the newest word is sent, and none after its end."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from bot.domain.job import Job, MessageRef
from bot.tasks import BackgroundTasks
from bot.ui.progress import Glimpse, ProgressEdits
from tests.domain.factories import a_job
from tests.patience import PATIENCE_SECONDS


class SlowChat:
    """Takes edits one by one, each only when told to."""

    def __init__(self) -> None:
        self.taken: list[Glimpse] = []
        self.begun = asyncio.Semaphore(0)
        self._let_through = asyncio.Semaphore(0)
        self.at_once = 0

    async def edit(self, glimpse: Glimpse) -> None:
        self.at_once += 1
        assert self.at_once == 1
        self.begun.release()
        await self._let_through.acquire()
        self.taken.append(glimpse)
        self.at_once -= 1

    def let_through(self, count: int = 1) -> None:
        for _ in range(count):
            self._let_through.release()


def shown_in(channel_id: int, message_id: int = 1) -> Job:
    return a_job(waiting_message=MessageRef(channel_id, message_id))


@pytest.fixture
async def tasks() -> AsyncIterator[BackgroundTasks]:
    async with BackgroundTasks() as tasks:
        yield tasks


async def test_only_the_newest_is_sent(tasks: BackgroundTasks) -> None:
    chat, job = SlowChat(), shown_in(1)
    edits = ProgressEdits(chat.edit, tasks)
    edits.show(Glimpse(job, 0.1, b"first"))
    await chat.begun.acquire()
    edits.show(Glimpse(job, 0.2, b"second"))
    edits.show(Glimpse(job, 0.3, None))
    chat.let_through(2)
    await tasks.settle(PATIENCE_SECONDS)
    assert chat.taken == [Glimpse(job, 0.1, b"first"), Glimpse(job, 0.3, b"second")]


async def test_one_edit_at_a_time_in_a_channel(tasks: BackgroundTasks) -> None:
    chat = SlowChat()
    edits = ProgressEdits(chat.edit, tasks)
    jobs = [shown_in(1, message) for message in range(5)]
    for job in jobs:
        edits.show(Glimpse(job, 0.5, None))
    chat.let_through(5)
    await tasks.settle(PATIENCE_SECONDS)
    assert [glimpse.job for glimpse in chat.taken] == jobs


async def test_the_end_waits_for_the_edit_under_way_and_nothing_follows(tasks: BackgroundTasks) -> None:
    chat, job = SlowChat(), shown_in(1)
    edits = ProgressEdits(chat.edit, tasks)
    edits.show(Glimpse(job, 0.1, None))
    await chat.begun.acquire()
    edits.show(Glimpse(job, 0.2, None))
    settling = asyncio.create_task(edits.settle(job))
    chat.let_through(2)
    await settling
    assert [glimpse.fraction for glimpse in chat.taken] == [0.1]
    edits.show(Glimpse(job, 0.9, None))
    await tasks.settle(PATIENCE_SECONDS)
    assert [glimpse.fraction for glimpse in chat.taken] == [0.1]


async def test_a_refused_edit_does_not_stop_the_next(tasks: BackgroundTasks) -> None:
    taken: list[float] = []

    async def edit(glimpse: Glimpse) -> None:
        if glimpse.fraction < 0.5:
            raise ConnectionResetError
        taken.append(glimpse.fraction)

    edits, job = ProgressEdits(edit, tasks), shown_in(1)
    edits.show(Glimpse(job, 0.1, None))
    await tasks.settle(PATIENCE_SECONDS)
    edits.show(Glimpse(job, 0.6, None))
    await tasks.settle(PATIENCE_SECONDS)
    assert taken == [0.6]


async def test_a_job_without_a_message_is_not_shown(tasks: BackgroundTasks) -> None:
    chat = SlowChat()
    ProgressEdits(chat.edit, tasks).show(Glimpse(a_job(), 0.1, None))
    await tasks.settle(PATIENCE_SECONDS)
    assert chat.taken == []
