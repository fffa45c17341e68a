"""Keeps the engine supplied: whenever something changes, the fairest waiting job is claimed and drawn."""

import asyncio
import time

import structlog

from bot.domain.fair_share import choose_next
from bot.domain.job import Job, JobId, JobStatus, UserId
from bot.tasks import BackgroundTasks
from bot.usecases.ports import ConflictingChange
from bot.usecases.run_job import EngineStopped, run_job
from bot.usecases.studio import Studio

log = structlog.get_logger(__name__)

LOOK_AHEAD = 1_000
"""Waiting jobs looked at for a choice. Members have at most ten each, so this is a hundred members."""


class Dispatcher:
    """Owns which jobs this process draws. `capacity` bounds how many the engine holds at once.

    `run` returns when it was closed, or when drawing makes no sense any more: the engine has stopped, or the database
    cannot be written."""

    def __init__(self, studio: Studio, tasks: BackgroundTasks, capacity: int) -> None:
        self._studio = studio
        self._tasks = tasks
        self._capacity = capacity
        self._changed = asyncio.Event()
        self._is_open = True
        self._running: dict[JobId, Job] = {}
        self._last_served: dict[UserId, float] = {}

    def wake(self) -> None:
        self._changed.set()

    def close(self) -> None:
        """Claim nothing more; `run` then returns. Jobs that are being drawn are not touched."""
        self._is_open = False
        self._changed.set()

    async def run(self) -> None:
        while self._is_open:
            await self._changed.wait()
            self._changed.clear()
            while self._has_room() and (job := await self._claim()):
                self._running[job.id] = job
                self._tasks.start(self._run(job), name=f"job {job.id}")

    def _has_room(self) -> bool:
        return self._is_open and len(self._running) < self._capacity

    async def _claim(self) -> Job | None:
        """Chosen by reading, so that nobody who presses meanwhile has to wait for the choice."""
        async with self._studio.db.reading() as tx:
            waiting = await tx.jobs.list_waiting(LOOK_AHEAD)
        chosen = choose_next(waiting, self._running.values(), self._last_served, self._studio.limits.max_running)
        if chosen is None:
            return None
        job = chosen.start(self._studio.now())
        try:
            async with self._studio.db.transaction() as tx:
                await tx.jobs.save(job, expected=JobStatus.QUEUED)
        except ConflictingChange:
            self.wake()
            return None
        self._last_served[job.user_id] = time.monotonic()
        log.info("job started", job=job.id, attempt=job.attempt)
        return job

    async def _run(self, job: Job) -> None:
        try:
            await run_job(job, studio=self._studio)
        except EngineStopped:
            self.close()  # it was stopped or it died: what waits is for the next start
        except Exception:
            self.close()  # the job's end could not be written down, so the next start has to take it up
            raise
        finally:
            del self._running[job.id]
            self.wake()


async def resume_jobs(*, studio: Studio) -> int:
    """Put back what a former process left running, with the same seeds. Returns how many."""
    async with studio.db.transaction() as tx:
        orphans = await tx.jobs.list_by_status(JobStatus.RUNNING)
        for job in orphans:
            await tx.jobs.save(job.requeue(), expected=JobStatus.RUNNING)
    studio.wake()
    return len(orphans)
