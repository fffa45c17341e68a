"""Draw one claimed job: what it asks of the engine comes back as masters, and its end is written before it is shown."""

import secrets
from collections.abc import Sequence
from datetime import datetime

import structlog

from bot.domain.errors import CannotDraw, JobGone, StoreFull, StoreUnreachable
from bot.domain.gallery import Picture, Visibility
from bot.domain.job import UPSCALES, FailureReason, Job, JobStatus
from bot.domain.plan import OTHERS_TERMS
from bot.usecases.attempt import Attempt, RequestCancelled, RequestFailed
from bot.usecases.draw import draw
from bot.usecases.end_job import end_job, save_job
from bot.usecases.masters import Master, drop_masters, put_masters
from bot.usecases.patience import ask, outlast
from bot.usecases.ports import ConflictingChange, DatabaseTrouble
from bot.usecases.studio import Studio
from engine.protocol import FailureCode

log = structlog.get_logger(__name__)

REASONS = {
    FailureCode.OUT_OF_MEMORY: FailureReason.OUT_OF_MEMORY,
    FailureCode.NOT_A_NUMBER: FailureReason.BAD_PICTURE,
    FailureCode.MODEL_BROKEN: FailureReason.MODEL,
    FailureCode.UNKNOWN_MODEL: FailureReason.MODEL,
}


class EngineStopped(Exception):
    """The engine ended before the job did. The job waits in the queue again, with the same seed, unless it has failed
    because that happened too often."""


async def run_job(job: Job, *, studio: Studio) -> None:
    """`job` is running under its attempt number; somebody who ended it meanwhile wins, and the drawing is dropped.

    Raises `EngineStopped`, and `DatabaseTrouble` when its end cannot be written down, however long that is tried.
    """
    try:
        await _draw_or_fail(job, studio)
    except ConflictingChange:
        log.info("job ended elsewhere", job=job.id)
    finally:
        studio.wake()


async def _draw_or_fail(job: Job, studio: Studio) -> None:
    try:
        await _draw(job, studio)
    except (ConflictingChange, EngineStopped):
        raise
    except DatabaseTrouble:
        studio.engine.cancel(job.request_id)
        raise
    except JobGone:
        await _fail(job, FailureReason.SOURCE_GONE, "the picture it starts from is gone", studio)
    except CannotDraw as refusal:
        await _fail(job, FailureReason.MODEL, refusal.sentence, studio)
    except StoreFull:
        await _fail(job, FailureReason.DISK_FULL, "the image store is full", studio)
    except StoreUnreachable as trouble:
        await _fail(job, FailureReason.STORE, trouble.why, studio)
    except Exception:
        log.exception("job broke", job=job.id)
        studio.engine.cancel(job.request_id)
        await _fail(job, FailureReason.ENGINE, "unexpected error, see the trace above", studio)


async def _draw(job: Job, studio: Studio) -> None:
    attempt = Attempt(job, studio)
    try:
        masters = await draw(attempt)
    except RequestCancelled:
        await _save(job.cancel(studio.now()), studio)
    except RequestFailed as failure:
        await _give_up(job, failure, studio)
    else:
        await _keep(attempt, masters, studio)


async def _give_up(job: Job, failure: RequestFailed, studio: Studio) -> None:
    match failure.code:
        case FailureCode.ENGINE_STOPPED:
            await _save(job.requeue(), studio)
            log.info("job put back", job=job.id)
        case FailureCode.ENGINE_DIED:
            await _interrupt(job, failure.reason, studio)
        case code:
            await _fail(job, REASONS.get(code, FailureReason.ENGINE), failure.reason, studio)
            return
    raise EngineStopped(failure.reason)


async def _keep(attempt: Attempt, masters: Sequence[Master], studio: Studio) -> None:
    """Bytes first, then one transaction for job and gallery: what the database names, the store has."""
    job, now = attempt.job, studio.now()
    keys = [f"{job.id}/{index}.{master.extension}" for index, master in enumerate(masters)]
    await put_masters(keys, masters, studio)
    pictures = _pictures_of(job, masters, keys, await _terms_of(job, studio), now)
    ended = job.succeed(now, attempt.engine_seconds, (*job.notes, *attempt.notes))
    try:
        await outlast(lambda: _write_success(ended, pictures, studio), f"end of {job.id}", studio=studio)
    except ConflictingChange:
        await _let_go(job, keys, studio)
        raise
    log.info("job succeeded", job=job.id, engine_seconds=round(attempt.engine_seconds, 3))


async def _write_success(ended: Job, pictures: Sequence[Picture], studio: Studio) -> None:
    async with studio.db.transaction(can_wait=True) as tx:
        await end_job(ended, tx, expected=JobStatus.RUNNING, attempt=ended.attempt)
        await tx.gallery.add(pictures)


def _pictures_of(
    job: Job, masters: Sequence[Master], keys: Sequence[str], terms: str, now: datetime
) -> tuple[Picture, ...]:
    return tuple(
        Picture(
            job_id=job.id,
            index=index,
            user_id=job.user_id,
            prompt=job.prompt,
            seed=seed,
            width=master.width,
            height=master.height,
            store_key=key,
            created_at=now,
            visibility=Visibility.PRIVATE if job.is_stealth else Visibility.PUBLIC,
            terms=terms,
        )
        for index, (master, seed, key) in enumerate(zip(masters, job.seeds, keys, strict=True))
    )


async def _let_go(job: Job, keys: Sequence[str], studio: Studio) -> None:
    """No gallery will name what was kept of a job that was ended meanwhile. Another attempt at it, under way or
    through, keeps its own under the same keys."""
    current = await ask(lambda tx: tx.jobs.find(job.id), f"job {job.id}", studio=studio)
    if current is None or current.status in (JobStatus.CANCELLED, JobStatus.FAILED):
        await drop_masters(keys, studio)


async def _terms_of(job: Job, studio: Studio) -> str:
    """Enlarging a picture does not make it one's own."""
    if job.kind in UPSCALES and job.parent is not None:
        parent = job.parent
        source = await ask(lambda tx: tx.gallery.get(parent), f"parent of {job.id}", studio=studio)
        if source.user_id != job.user_id:
            return OTHERS_TERMS
    return studio.plan_for(job).terms


async def _fail(job: Job, reason: FailureReason, detail: str, studio: Studio) -> None:
    incident_id = secrets.token_hex(4)
    log.error("job failed", job=job.id, reason=reason, detail=detail, incident=incident_id)
    await _save(job.fail(studio.now(), reason, incident_id), studio)


async def _interrupt(job: Job, why: str, studio: Studio) -> None:
    """Its member sees that it begins anew, or is told at the end of it why it does not."""
    interrupted = job.interrupt(studio.now(), secrets.token_hex(4))
    await _save(interrupted, studio)
    log.error("job interrupted", job=job.id, times=interrupted.interruptions, why=why, incident=interrupted.incident_id)
    if not interrupted.has_ended:
        current = await ask(lambda tx: tx.jobs.get(job.id), f"job {job.id}", studio=studio)
        await studio.notifier.show_progress(current, 0.0, None)


async def _save(job: Job, studio: Studio) -> None:
    await outlast(lambda: _write(job, studio), f"end of {job.id}", studio=studio)


async def _write(job: Job, studio: Studio) -> None:
    async with studio.db.transaction(can_wait=True) as tx:
        await save_job(job, tx, expected=JobStatus.RUNNING, attempt=job.attempt)
