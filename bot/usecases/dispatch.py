"""Keeps the engine supplied: whenever something changes, the fairest waiting job is claimed and drawn."""

import asyncio
import contextlib
import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

import structlog

from bot.domain.fair_share import Choice, choose_next, members_without_room
from bot.domain.job import Job, JobStatus
from bot.domain.lease import RENEWAL_SECONDS, Lease
from bot.domain.oversight import QueueState
from bot.domain.prompt import Speed
from bot.tasks import BackgroundTasks
from bot.usecases.end_job import save_job
from bot.usecases.patience import LeftForLater, outlast
from bot.usecases.ports import ConflictingChange
from bot.usecases.run_job import EngineStopped, run_job
from bot.usecases.start_job import start_job
from bot.usecases.studio import Studio

log = structlog.get_logger(__name__)

HEADS = 8
"""Jobs looked at in each line: the first goes next, unless one beside it is for a model that is at work."""


class Dispatcher:
    """Owns which jobs this process draws. `capacity` bounds how many the engine holds at once.

    When the engine ends, it pauses until it is told to resume. A database that is away is waited for, see `outlast`.
    `run` returns when it was closed, or when a job's end cannot be written down."""

    def __init__(self, studio: Studio, tasks: BackgroundTasks, capacity: int) -> None:
        self._studio = studio
        self._tasks = tasks
        self._capacity = capacity
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._is_paused = False
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._running: dict[str, Job] = {}  # by attempt: another process may have put a job back meanwhile
        self._passed = 0

    def wake(self) -> None:
        self._changed.set()

    def close(self) -> None:
        """Claim nothing more; `run` then returns. Jobs that are being drawn are not touched."""
        self._closing.set()
        self._changed.set()

    async def pause(self) -> None:
        """Claim nothing until `resume`. Returns once nothing is being drawn any more."""
        self._is_paused = True
        await self._is_idle.wait()

    def resume(self) -> None:
        self._is_paused = False
        self.wake()

    async def run(self) -> None:
        with contextlib.suppress(LeftForLater):
            while not self._closing.is_set():
                await self._changed.wait()
                self._changed.clear()
                self._is_idle.clear()
                while self._has_room() and (job := await self._claim()):
                    self._running[job.request_id] = job
                    self._tasks.start(self._run(job), name=f"job {job.id}")
                if not self._running:
                    self._is_idle.set()

    def _has_room(self) -> bool:
        return not self._closing.is_set() and not self._is_paused and len(self._running) < self._capacity

    async def _claim(self) -> Job | None:
        try:
            running = tuple(self._running.values())
            choice = await claim_next(running, self._passed, studio=self._studio, stop=self._closing)
        except ConflictingChange:
            self.wake()
            return None
        if choice is None:
            return None
        self._passed = choice.passed
        self._studio.notices.wake()
        log.info("job started", job=choice.job.id, attempt=choice.job.attempt)
        return choice.job

    async def _run(self, job: Job) -> None:
        try:
            await run_job(job, studio=self._studio)
        except EngineStopped:
            self._is_paused = True  # what waits is for the engine's next start
        except Exception:
            self.close()  # the job's end could not be written down, so the next start has to take it up
            raise
        finally:
            del self._running[job.request_id]
            self.wake()


async def claim_next(
    running: Sequence[Job], passed: int, *, studio: Studio, stop: asyncio.Event | None = None
) -> Choice | None:
    """The job that goes next, which from now on is this process's. `running` is what its engine holds.

    Raises `ConflictingChange` when another process was first, and what `outlast` does.
    """
    choice = await outlast(lambda: _choose(running, passed, studio), "next job", studio=studio, stop=stop)
    if choice is None:
        return None
    chosen, now = choice.job, studio.now()
    job = await outlast(lambda: _start(chosen, now, studio), f"start of {chosen.id}", studio=studio, stop=stop)
    return replace(choice, job=job)


async def _choose(running: Sequence[Job], passed: int, studio: Studio) -> Choice | None:
    """By reading, so that nobody who presses meanwhile has to wait for the choice."""
    async with studio.db.reading() as tx:
        if await tx.oversight.queue_state() is QueueState.PAUSED:
            return None
        under_way = await tx.jobs.list_by_status(JobStatus.RUNNING)  # of all processes
        full = members_without_room(under_way, lambda job: studio.plan_for(job).limits)
        heads = {speed: await tx.jobs.list_next(speed, full[speed], HEADS) for speed in Speed}
    return choose_next(heads, running, passed, studio.now().timestamp())


async def _start(job: Job, now: datetime, studio: Studio) -> Job:
    async with studio.db.transaction(can_wait=True) as tx:
        return await start_job(job, now, tx, studio=studio)


async def resume_jobs(*, studio: Studio) -> int:
    """Put back what a former process left running, with the same seeds. Returns how many."""
    if not studio.db.is_shared:
        async with studio.db.transaction() as tx:
            await tx.jobs.forget_owners()
    return await take_over(studio=studio)


async def take_over(*, studio: Studio) -> int:
    """Put back what is left of processes that are silent for the length of a lease, with the same seeds.

    What was left running too often may be what killed them: that ends, and its member is told.
    """
    async with studio.db.reading() as tx:
        orphans = await tx.jobs.list_abandoned(studio.now())
    resumed = [job for orphan in orphans if (job := await _interrupt(orphan, studio))]
    studio.wake()
    return sum(not job.has_ended for job in resumed)


async def _interrupt(orphan: Job, studio: Studio) -> Job | None:
    """None when another process was first."""
    job = orphan.interrupt(studio.now(), secrets.token_hex(4))
    try:
        async with studio.db.transaction(can_wait=True) as tx:
            await save_job(job, tx, expected=JobStatus.RUNNING, attempt=orphan.attempt)
    except ConflictingChange:
        return None
    log.warning("job interrupted", job=job.id, times=job.interruptions, status=job.status, incident=job.incident_id)
    return job


async def keep_leases(stop: asyncio.Event, *, studio: Studio) -> None:
    """Until `stop`: says in time that this process lives, and takes over from those that do not.

    Past the end of its leases it goes on: whatever others took over meanwhile, only they can end.
    """
    with contextlib.suppress(LeftForLater):
        while not stop.is_set():
            await outlast(lambda: _renew(studio), "leases", studio=studio, stop=stop)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RENEWAL_SECONDS):
                    await stop.wait()


async def _renew(studio: Studio) -> None:
    async with studio.db.transaction() as tx:
        await tx.jobs.renew(Lease.from_now(studio.owner, studio.now()))
    if studio.db.is_shared:
        await take_over(studio=studio)
