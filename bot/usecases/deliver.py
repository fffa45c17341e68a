"""Shows every ended job to its member once, whatever the chat does: retried, re-encoded, at last by direct message."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import structlog

from bot.domain.errors import JobGone
from bot.domain.job import DeliveryStatus, Job, JobId, JobStatus, MessageRef
from bot.pictures import compose_grid, fit_bytes
from bot.tasks import BackgroundTasks
from bot.usecases.ports import (
    ConflictingChange,
    DeliveryDelayed,
    DeliveryError,
    DeliveryRefused,
    FileTooLarge,
    ResultFile,
)
from bot.usecases.studio import Studio

log = structlog.get_logger(__name__)

MAX_ATTEMPTS = 6
SMALLEST_UPLOAD = 64 * 1024
ALT_TEXT_LIMIT = 1_024


def backoff(attempt: int) -> float:
    """Seconds before the next try: 1, 2, 4 ... 30."""
    return min(30.0, 2.0**attempt)


class Courier:
    """Owns which deliveries are under way. `pause` gives the seconds to wait after the n-th failed try."""

    def __init__(self, studio: Studio, tasks: BackgroundTasks, pause: Callable[[int], float] = backoff) -> None:
        self._studio = studio
        self._tasks = tasks
        self._pause = pause
        self._changed = asyncio.Event()
        self._under_way: set[JobId] = set()

    def wake(self) -> None:
        self._changed.set()

    async def run(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            async with self._studio.db.transaction() as tx:
                due = await tx.jobs.list_undelivered()
            for job in due:
                if job.id not in self._under_way:
                    self._under_way.add(job.id)
                    self._tasks.start(self._deliver(job), name=f"delivery {job.id}")

    async def _deliver(self, job: Job) -> None:
        try:
            for attempt in range(MAX_ATTEMPTS):
                try:
                    return await deliver_job(job, studio=self._studio)
                except DeliveryDelayed as delay:
                    log.warning("delivery delayed", job=job.id, attempt=attempt, why=str(delay))
                    await asyncio.sleep(delay.retry_after if delay.retry_after is not None else self._pause(attempt))
                    job = replace(job, delivery_attempts=job.delivery_attempts + 1)
            await _fall_back(job, "the channel did not take it", self._studio)
        except ConflictingChange:
            log.info("job delivered elsewhere", job=job.id)
        finally:
            self._under_way.discard(job.id)


async def deliver_job(job: Job, *, studio: Studio) -> None:
    """One try. Raises `DeliveryDelayed` when it is worth another."""
    try:
        if job.status is not JobStatus.SUCCEEDED:
            await studio.notifier.show_end(job)
            return await _record(job, None, studio)
        message = await _post_once(job, studio)
    except DeliveryRefused as refusal:
        return await _fall_back(job, str(refusal), studio)
    except JobGone:
        return await _record(job, None, studio, DeliveryStatus.UNDELIVERABLE)
    await _tidy(job, studio)
    await _record(job, message, studio)
    return None


async def _post_once(job: Job, studio: Studio) -> MessageRef:
    """A try that was begun may have reached the chat before its process died, so later tries look there first."""
    if job.delivery_attempts and (already := await studio.notifier.find_result(job)):
        return already
    async with studio.db.transaction() as tx:
        await tx.jobs.save_delivery(replace(job, delivery_attempts=job.delivery_attempts + 1))
    limit = await studio.notifier.upload_limit(job)
    while True:
        try:
            return await studio.notifier.post_result(job, await make_file(job, limit, studio))
        except FileTooLarge as refusal:
            limit //= 2
            if limit < SMALLEST_UPLOAD:
                raise DeliveryRefused("the picture is too large for the channel") from refusal


async def make_file(job: Job, limit: int, studio: Studio) -> ResultFile:
    """The job's grid or picture in at most `limit` bytes. The masters stay as they are."""
    async with studio.db.transaction() as tx:
        pictures = await tx.gallery.list_of_job(job.id)
    if not pictures:
        raise JobGone
    masters = [await studio.store.get(picture.store_key) for picture in pictures]
    whole = await asyncio.to_thread(compose_grid, masters)
    data, extension = await asyncio.to_thread(fit_bytes, whole, limit)
    return ResultFile(f"{job.id}.{extension}", data, job.prompt[:ALT_TEXT_LIMIT])


async def _fall_back(job: Job, why: str, studio: Studio) -> None:
    """The channel refused: the member gets it by direct message, and it stays in the gallery in any case."""
    log.warning("delivery refused", job=job.id, why=why)
    try:
        limit = await studio.notifier.upload_limit(job)
        files = [await make_file(job, limit, studio)] if job.status is JobStatus.SUCCEEDED else []
        text = f"**{job.prompt}**\nI could not show this in <#{job.channel_id}>: {why}. It is kept in your `/gallery`."
        message = await studio.notifier.send_direct(job.user_id, text, files)
    except (DeliveryError, JobGone) as refusal:
        log.warning("direct message refused", job=job.id, why=str(refusal))
        return await _record(job, None, studio, DeliveryStatus.UNDELIVERABLE)
    await _tidy(job, studio)
    return await _record(job, message, studio, DeliveryStatus.BY_DM)


async def _tidy(job: Job, studio: Studio) -> None:
    async with studio.db.transaction() as tx:
        current = await tx.jobs.get(job.id)
    try:
        await studio.notifier.remove_waiting(current)
    except DeliveryError as trouble:
        log.info("waiting message left", job=job.id, why=str(trouble))


async def _record(
    job: Job, message: MessageRef | None, studio: Studio, how: DeliveryStatus = DeliveryStatus.DELIVERED
) -> None:
    async with studio.db.transaction() as tx:
        await tx.jobs.save_delivery(job.delivered(message, how))
    log.info("job delivered", job=job.id, how=how)
