"""Shows every ended job to its member once, whatever the chat does: retried, re-encoded, at last by direct message."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from bot.domain.errors import JobGone, StoreUnreachable
from bot.domain.job import DeliveryStatus, Job, JobId, JobStatus, MessageRef
from bot.domain.lease import Lease
from bot.domain.prompt import shorten_echo
from bot.domain.said import Said
from bot.tasks import BackgroundTasks
from bot.usecases.charge import refund_job
from bot.usecases.copies import owe_copy, send_copy, settle_copy
from bot.usecases.placing import place_file
from bot.usecases.ports import (
    ConflictingChange,
    DatabaseTrouble,
    DeliveryDelayed,
    DeliveryError,
    DeliveryRefused,
)
from bot.usecases.studio import Studio
from bot.words import say, speaking, spoken

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 6
AT_ONCE = 16
"""Tries under way. After a long absence very many are due, which all at once would keep each other, and members who
press, from the database; what waits for another try takes up no room."""
NOT_TAKEN = Said("Discord did not take it for a long time")
STORE_AWAY = Said("the place where pictures are kept could not be reached for a long time")
PICTURES_GONE = Said("its pictures are no longer in the store")
APOLOGY_PROMPT = 1_500
"""Characters of a prompt beside which there is room to say what went wrong, in any language."""
BROKEN = Said("something went wrong here, which the operator can read in the log")


def backoff(attempt: int, dice: Callable[[], float] = random.random) -> float:
    """Seconds before the next try: up to 1, 2, 4 ... 30, and at least half of that. `dice` gives 0 to 1: those that
    failed together do not all come back together."""
    return min(30.0, 2.0**attempt) * (1.0 + dice()) / 2.0


class LeftForLater(Exception):
    """The program is about to end, so the delivery stays due: the next start tries it again."""


class Courier:
    """Owns which deliveries are under way. `pause` gives the seconds to wait after the n-th failed try.

    `run` returns when it was closed, or when the database cannot be written any more."""

    def __init__(self, studio: Studio, tasks: BackgroundTasks, pause: Callable[[int], float] = backoff) -> None:
        self._studio = studio
        self._tasks = tasks
        self._pause = pause
        self._changed = asyncio.Event()
        self._is_open = True
        self._in_a_hurry = asyncio.Event()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._under_way: set[str] = set()

    def wake(self) -> None:
        self._changed.set()

    def close(self) -> None:
        """Look once more at what is due; `run` then returns. Deliveries that are under way are not touched."""
        self._is_open = False
        self._changed.set()

    def hurry(self) -> None:
        """Deliveries that wait for another try are left for the next start."""
        self._in_a_hurry.set()

    async def run(self) -> None:
        while self._is_open:
            await self._changed.wait()
            self._changed.clear()
            async with self._studio.db.reading() as tx:
                due = await tx.jobs.list_undelivered(self._studio.owner, self._studio.now())
                owed = await tx.copies.list_owed()
            for job in due:
                self._start(f"delivery {job.id}", job.id, self._deliver_or_give_up)
            for job_id in owed:
                self._start(f"copy {job_id}", job_id, self._copy_or_give_up)

    def _start(self, name: str, job_id: JobId, work: Callable[[JobId], Awaitable[None]]) -> None:
        if name not in self._under_way:
            self._under_way.add(name)
            self._tasks.start(self._guard(name, job_id, work), name=name)

    async def _guard(self, name: str, job_id: JobId, work: Callable[[JobId], Awaitable[None]]) -> None:
        try:
            if await self._take(job_id):
                await work(job_id)
        except ConflictingChange:
            log.info("job delivered elsewhere", job=job_id)
        except LeftForLater:
            log.info("delivery left for the next start", job=job_id)
        except Exception:
            self.close()  # how it went could not be written down, so the next start has to look what was shown
            raise
        finally:
            self._under_way.discard(name)

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

        The boundary of all that is shown: whatever goes wrong with one thing, the others go on. Unless how it went
        cannot be written down: then it may stand there already, and the next start has to look. Raises `LeftForLater`.
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
            await self._wait(seconds if seconds is not None else self._pause(attempt))
        return trouble

    async def _wait(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._in_a_hurry.wait()
                raise LeftForLater


async def deliver_job(job_id: JobId, *, studio: Studio) -> None:
    """One try; nothing when it was delivered already. Raises `DeliveryDelayed` when it is worth another."""
    job = await _read(job_id, studio)
    if job.delivery is not DeliveryStatus.PENDING:
        return
    try:
        shown = job.result_message or await _show(job, studio)
    except DeliveryRefused as refusal:
        await deliver_by_dm(job_id, refusal.why, studio=studio)
    except JobGone:
        await give_up(job_id, studio=studio, why=PICTURES_GONE)
    else:
        await _finish(job, shown, DeliveryStatus.DELIVERED, studio)


async def _show(job: Job, studio: Studio) -> MessageRef:
    if job.status is JobStatus.SUCCEEDED:
        return await _post_once(job, studio)
    return await studio.notifier.show_end(job)


async def _post_once(job: Job, studio: Studio) -> MessageRef:
    """A try that was begun may have reached the chat before its process died, so later tries look there first."""
    if job.delivery_attempts and (already := await studio.notifier.find_result(job)):
        return already
    async with studio.db.transaction(can_wait=True) as tx:
        await tx.jobs.save_delivery(replace(job, delivery_attempts=job.delivery_attempts + 1), owner=studio.owner)
    return await place_file(job, lambda file: studio.notifier.post_result(job, file), studio)


async def deliver_by_dm(job_id: JobId, why: str, *, studio: Studio) -> None:
    """The channel refused: the member gets it by direct message, and it stays in the gallery in any case."""
    job = await _read(job_id, studio)
    if job.delivery is not DeliveryStatus.PENDING:
        return
    log.warning("delivery refused", job=job.id, why=why)
    text = _apology(job, why)
    try:
        if job.status is JobStatus.SUCCEEDED:
            shown = await place_file(job, lambda file: studio.notifier.send_direct(job.user_id, text, [file]), studio)
        else:
            shown = await studio.notifier.send_direct(job.user_id, text, [])
    except DeliveryRefused as refusal:
        await give_up(
            job_id, studio=studio, why=Said("{why}; by direct message: {refusal}", why=why, refusal=refusal.why)
        )
    except JobGone:
        await give_up(job_id, studio=studio, why=PICTURES_GONE)
    else:
        await _finish(job, shown, DeliveryStatus.BY_DM, studio)


async def give_up(job_id: JobId, *, studio: Studio, why: str = NOT_TAKEN) -> None:
    """No way is left to show it. What was kept is in the gallery, and the waiting message does not go on promising."""
    job = await _read(job_id, studio)
    if job.delivery is not DeliveryStatus.PENDING:
        return
    log.error("job undeliverable", job=job.id, why=why)
    try:
        await studio.notifier.send_direct(job.user_id, _apology(job, why), [])
        shown = None
    except DeliveryError as refusal:
        log.warning("direct message refused", job=job.id, why=str(refusal))
        shown = await _leave_word(job, studio)
    await _finish(job, shown, DeliveryStatus.UNDELIVERABLE, studio)


async def _leave_word(job: Job, studio: Studio) -> MessageRef | None:
    """Where nothing new can be posted, a message of ours can often still be edited."""
    try:
        return await studio.notifier.show_end(job)
    except DeliveryError as refusal:
        log.warning("no word left", job=job.id, why=str(refusal))
        return None


def _apology(job: Job, why: str) -> str:
    match job.status:
        case JobStatus.SUCCEEDED if why == PICTURES_GONE:
            end = Said("Please draw it again.")
        case JobStatus.SUCCEEDED:
            end = Said("It is kept in your `/gallery`.")
        case JobStatus.CANCELLED:
            end = Said("It was stopped, as asked.")
        case _:
            end = Said("It ended without a picture (incident {id}). Please try again.", id=job.incident_id)
    place = f"<#{job.channel_id}>"
    with speaking(job.locale):
        told = say("I could not show this in {place}: {why}. {end}", place=place, why=spoken(why), end=end)
    return f"**{shorten_echo(job.prompt, APOLOGY_PROMPT)}**\n{told}"


async def _finish(job: Job, shown: MessageRef | None, how: DeliveryStatus, studio: Studio) -> None:
    try:
        await _write_down(job, shown, how, studio)
    except ConflictingChange:
        if shown is not None and (await _read(job.id, studio)).is_discarded:
            await _take_back(replace(job, result_message=shown), studio)
        raise


async def _take_back(job: Job, studio: Studio) -> None:
    """Its member discarded it while it was being shown."""
    try:
        await studio.notifier.remove_result(job)
    except DeliveryError as trouble:
        log.warning("discarded result left", job=job.id, why=str(trouble))


async def _write_down(job: Job, shown: MessageRef | None, how: DeliveryStatus, studio: Studio) -> None:
    """Take away the waiting message, unless it is the one that tells the end, and write down how it went.

    What was shown is written down first, for its member may react to it at once. A waiting message that became known
    only now is taken away as well.
    """
    if job.waiting_message != shown:
        async with studio.db.transaction(can_wait=True) as tx:
            await tx.jobs.save_delivery(replace(job, result_message=shown), owner=studio.owner)
        await tidy(job, studio)
    async with studio.db.transaction(can_wait=True) as tx:
        if how is DeliveryStatus.UNDELIVERABLE:
            await refund_job(job, tx, at=studio.now())
        await tx.jobs.save_delivery(job.delivered(shown, how), owner=studio.owner)
        owes_copy = await owe_copy(job, how, tx, studio=studio)
        stored = await tx.jobs.get(job.id)
    log.info("job delivered", job=job.id, how=how)
    if owes_copy:
        studio.wake()
    if stored.waiting_message not in (job.waiting_message, shown):
        await tidy(stored, studio)


async def tidy(job: Job, studio: Studio) -> None:
    """Take the waiting message away; it does no harm if that fails."""
    try:
        await studio.notifier.remove_waiting(job)
    except DeliveryError as trouble:
        log.info("waiting message left", job=job.id, why=str(trouble))


async def _read(job_id: JobId, studio: Studio) -> Job:
    async with studio.db.reading() as tx:
        return await tx.jobs.get(job_id)
