"""Keeps the engine supplied: whenever something changes, the fairest waiting job is claimed and drawn."""

import asyncio
import secrets
import time

import structlog

from bot.domain.fair_share import choose_next
from bot.domain.job import Job, JobId, JobStatus, UserId
from bot.tasks import BackgroundTasks
from bot.usecases.end_job import save_job
from bot.usecases.ports import ConflictingChange
from bot.usecases.run_job import EngineStopped, run_job
from bot.usecases.studio import Studio

log = structlog.get_logger(__name__)

LOOK_AHEAD = 1_000
"""Waiting jobs looked at for a choice. Members have at most ten each, so this is a hundred members."""


class Dispatcher:
    """Owns which jobs this process draws. `capacity` bounds how many the engine holds at once.

    When the engine ends, it pauses until it is told to resume. `run` returns when it was closed, or when the database
    cannot be written."""

    def __init__(self, studio: Studio, tasks: BackgroundTasks, capacity: int) -> None:
        self._studio = studio
        self._tasks = tasks
        self._capacity = capacity
        self._changed = asyncio.Event()
        self._is_open = True
        self._is_paused = False
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._running: dict[JobId, Job] = {}
        self._last_served: dict[UserId, float] = {}

    def wake(self) -> None:
        self._changed.set()

    def close(self) -> None:
        """Claim nothing more; `run` then returns. Jobs that are being drawn are not touched."""
        self._is_open = False
        self._changed.set()

    async def pause(self) -> None:
        """Claim nothing until `resume`. Returns once nothing is being drawn any more."""
        self._is_paused = True
        await self._is_idle.wait()

    def resume(self) -> None:
        self._is_paused = False
        self.wake()

    async def run(self) -> None:
        while self._is_open:
            await self._changed.wait()
            self._changed.clear()
            self._is_idle.clear()
            while self._has_room() and (job := await self._claim()):
                self._running[job.id] = job
                self._tasks.start(self._run(job), name=f"job {job.id}")
            if not self._running:
                self._is_idle.set()

    def _has_room(self) -> bool:
        return self._is_open and not self._is_paused and len(self._running) < self._capacity

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
            self._is_paused = True  # what waits is for the engine's next start
        except Exception:
            self.close()  # the job's end could not be written down, so the next start has to take it up
            raise
        finally:
            del self._running[job.id]
            self.wake()


async def resume_jobs(*, studio: Studio) -> int:
    """Put back what a former process left running, with the same seeds. Returns how many.

    What it left running too often may be what killed it: that ends, and its member is told.
    """
    async with studio.db.transaction() as tx:
        orphans = await tx.jobs.list_by_status(JobStatus.RUNNING)
        resumed = [job.interrupt(studio.now(), secrets.token_hex(4)) for job in orphans]
        for job in resumed:
            await save_job(job, tx, expected=JobStatus.RUNNING)
    for job in resumed:
        log.warning("job interrupted", job=job.id, times=job.interruptions, status=job.status, incident=job.incident_id)
    studio.wake()
    return sum(not job.has_ended for job in resumed)
