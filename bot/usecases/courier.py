"""Keeps ended jobs moving towards their members: what is due is tried, tried again, and at last given up."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

import structlog

from bot.domain.errors import StoreUnreachable
from bot.domain.job import JobId
from bot.domain.lease import Lease
from bot.domain.said import Said
from bot.tasks import BackgroundTasks
from bot.usecases.copies import send_copy, settle_copy
from bot.usecases.deliver import NOT_TAKEN, deliver_by_dm, deliver_job, give_up
from bot.usecases.patience import LeftForLater, outlast
from bot.usecases.ports import ConflictingChange, DatabaseTrouble, DeliveryDelayed
from bot.usecases.studio import Studio

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 6
AT_ONCE = 16
"""Tries under way. After a long absence very many are due, which all at once would keep each other, and members who
press, from the database; what waits for another try takes up no room."""
STORE_AWAY = Said("the place where pictures are kept could not be reached for a long time")
BROKEN = Said("something went wrong here, which the operator can read in the log")


class Courier:
    """Owns which deliveries are under way.

    A database that is away is waited for, see `outlast`. `run` returns when it was closed, or when how a delivery went
    cannot be written down."""

    def __init__(self, studio: Studio, tasks: BackgroundTasks) -> None:
        self._studio = studio
        self._tasks = tasks
        self._changed = asyncio.Event()
        self._closing = asyncio.Event()
        self._in_a_hurry = asyncio.Event()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[str] = set()

    def wake(self) -> None:
        self._changed.set()

    def close(self) -> None:
        """Look once more at what is due; `run` then returns. Deliveries that are under way are not touched, unless the
        database is away: those are left for the next start."""
        self._closing.set()
        self._changed.set()

    def hurry(self) -> None:
        """Deliveries that wait for another try are left for the next start."""
        self._in_a_hurry.set()

    async def run(self) -> None:
        with contextlib.suppress(LeftForLater):
            while not self._closing.is_set():
                await self._changed.wait()
                self._changed.clear()
                await self._outlast("what is due", self._start_due)

    async def _start_due(self) -> None:
        async with self._studio.db.reading() as tx:
            due = await tx.jobs.list_undelivered(self._studio.owner, self._studio.now())
            owed = await tx.copies.list_owed()
        for job in due:
            self._start(f"delivery {job.id}", job.id, self._deliver_or_give_up)
        for job_id in owed:
            self._start(f"copy {job_id}", job_id, self._copy_or_give_up)

    async def _outlast(self, what: str, work: Callable[[], Awaitable[None]]) -> None:
        await outlast(work, what, studio=self._studio, stop=self._closing)

    def _start(self, name: str, job_id: JobId, work: Callable[[JobId], Awaitable[None]]) -> None:
        if name not in self._under_way:
            self._under_way.add(name)
            self._tasks.start(self._guard(name, job_id, work), name=name)

    async def _guard(self, name: str, job_id: JobId, work: Callable[[JobId], Awaitable[None]]) -> None:
        try:
            await self._outlast(name, lambda: self._take_and(work, job_id))
        except ConflictingChange:
            log.info("job delivered elsewhere", job=job_id)
        except LeftForLater:
            log.info("delivery left for the next start", job=job_id)
        except Exception:
            self.close()  # how it went could not be written down, so the next start has to look what was shown
            raise
        finally:
            self._under_way.discard(name)

    async def _take_and(self, work: Callable[[JobId], Awaitable[None]], job_id: JobId) -> None:
        """Anew as after a crash: what was begun before is looked for in the chat first."""
        if await self._take(job_id):
            await work(job_id)

    async def _take(self, job_id: JobId) -> bool:
        """Of several processes one delivers. How it went is written only as long as it still does."""
        studio = self._studio
        async with self._room:
            now = studio.now()
            async with studio.db.transaction(can_wait=True) as tx:
                return await tx.jobs.claim_showing(job_id, Lease.from_now(studio.owner, now), now)

    async def _deliver_or_give_up(self, job_id: JobId) -> None:
        studio = self._studio
        trouble = await self._insist(job_id, lambda: deliver_job(job_id, studio=studio))
        if trouble == NOT_TAKEN:
            trouble = await self._insist(job_id, lambda: deliver_by_dm(job_id, NOT_TAKEN, studio=studio))
        if trouble is not None:
            await give_up(job_id, studio=studio, why=trouble)

    async def _copy_or_give_up(self, job_id: JobId) -> None:
        studio = self._studio
        if trouble := await self._insist(job_id, lambda: send_copy(job_id, studio=studio)):
            log.error("copy undeliverable", job=job_id, why=trouble)
            await settle_copy(job_id, studio=studio)

    async def _insist(self, job_id: JobId, deliver: Callable[[], Awaitable[None]]) -> str | None:
        """What it fails of in the end, if it does. Waits as long as Discord asks, else ever longer.

        The boundary of all that is shown: whatever goes wrong with one thing, the others go on. Raises
        `LeftForLater`, and what says that how it went cannot be written down now: then it may stand there already, and
        whoever begins anew has to look.
        """
        trouble = None
        for attempt in range(MAX_ATTEMPTS):
            try:
                async with self._room:
                    await deliver()
            except DeliveryDelayed as delay:
                trouble, why, seconds = NOT_TAKEN, str(delay), delay.retry_after
            except StoreUnreachable as away:
                trouble, why, seconds = STORE_AWAY, away.why, None
            except (ConflictingChange, DatabaseTrouble):
                raise
            except Exception:
                log.exception("delivery broke", job=job_id)
                return BROKEN
            else:
                return None
            log.warning("delivery delayed", job=job_id, attempt=attempt, why=why)
            await self._wait(seconds if seconds is not None else self._studio.pause(attempt))
        return trouble

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._in_a_hurry.wait()
                raise LeftForLater
