"""The bot's own way from a press to kept pictures, on the starter, in a temporary folder and without a chat."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.operations.reference import Levels
from bot.db.database import migrate, open_database
from bot.domain.buttons import Action, Button
from bot.domain.job import Job, JobStatus, MessageRef, UserId
from bot.domain.place import Place
from bot.domain.plan import Limits
from bot.image_store import open_image_store
from bot.pictures import decode_rgb
from bot.usecases.run_job import run_job
from bot.usecases.studio import Studio
from bot.usecases.submit_imagine import Submitted, submit_imagine
from bot.usecases.submit_press import submit_press
from bot.usecases.submit_region import submit_region
from engine.protocol import Engine
from tests.usecases.conftest import ShelfOfLinks
from tests.usecases.notifier import FakeNotifier

PLACE = Place(UserId(1), "benchmark", channel_id=1, guild_id=None)


class Workshop:
    """One member's jobs, each drawn at once. Presses come from messages of their own, so that none is a double one."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._messages = 0

    async def imagine(self, prompt: str) -> Job:
        """Of the four, the first as a picture by itself."""
        submitted = await submit_imagine(prompt, PLACE, studio=self._studio)
        assert isinstance(submitted, Submitted), submitted
        grid = await self._draw(submitted.jobs[0])
        return await submit_press(Button(Action.UPSCALE, grid.id), PLACE, self._message(), studio=self._studio)

    async def press(self, button: Button, wording: str | None = None) -> Job:
        job = await submit_press(button, PLACE, self._message(), studio=self._studio, wording=wording)
        return await self._draw(job)

    async def repaint(self, picture: Job, mask: bytes, wording: str) -> Job:
        button = Button(Action.VARY_REGION, picture.id)
        job = await submit_region(button, mask, PLACE, self._message(), studio=self._studio, wording=wording)
        return await self._draw(job)

    async def files(self, job: Job) -> list[bytes]:
        async with self._studio.db.reading() as tx:
            pictures = await tx.gallery.list_of_job(job.id)
        return [await self._studio.store.get(picture.store_key) for picture in pictures]

    async def masters(self, job: Job) -> list[Levels]:
        decoded = [decode_rgb(data) for data in await self.files(job)]
        return [np.frombuffer(one.rgb, np.uint8).reshape(one.height, one.width, 3) for one in decoded]

    def _message(self) -> MessageRef:
        self._messages += 1
        return MessageRef(PLACE.channel_id, self._messages)

    async def _draw(self, job: Job) -> Job:
        running = job.start(self._studio.now())
        async with self._studio.db.transaction() as tx:
            await tx.jobs.save(running, expected=JobStatus.QUEUED)
        await run_job(running, studio=self._studio)
        async with self._studio.db.reading() as tx:
            ended = await tx.jobs.get(job.id)
        assert ended.status is JobStatus.SUCCEEDED, ended
        return ended


@asynccontextmanager
async def open_workshop(engine: Engine) -> AsyncIterator[Workshop]:
    """`engine` has been started, and is stopped by who started it."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'easel.db'}"
        await migrate(url)
        async with open_database(url) as db:
            studio = Studio(
                db=db,
                engine=engine,
                store=open_image_store(Path(folder) / "images"),
                notifier=FakeNotifier(),
                links=ShelfOfLinks(),
                wake=lambda: None,
                now=lambda: datetime.now(UTC),
                limits=Limits(max_running=3, max_waiting=10),
                page_size=9,
            )
            yield Workshop(studio)
