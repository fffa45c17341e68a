"""Draw one claimed job: the request goes to the engine, its events come back, its end is written before it is shown."""

import asyncio
import secrets
from collections.abc import Sequence

import structlog

from bot.domain.errors import CannotDraw, JobGone, StoreFull
from bot.domain.gallery import Picture, Visibility
from bot.domain.job import FailureReason, Job, JobKind, JobStatus
from bot.pictures import compose_preview, decode_rgb, encode_png
from bot.usecases.drawing import choose_model, plan_for_model
from bot.usecases.ports import ConflictingChange
from bot.usecases.studio import Studio
from engine.protocol import (
    Cancelled,
    Described,
    Failed,
    FailureCode,
    Finished,
    GenerateRequest,
    InitImage,
    Pixels,
    Progress,
    Queued,
    Started,
    Weighed,
)

log = structlog.get_logger(__name__)

STRENGTH = {JobKind.VARIATION: 0.8, JobKind.VARY_STRONG: 0.8, JobKind.VARY_SUBTLE: 0.5}
"""How much of the source picture is forgotten, 0 to 1. V1-V4 are the strong kind, as their label in the chat says."""

PREVIEWS_PER_JOB = 4
PREVIEW_PIXELS = 512

REASONS = {
    FailureCode.OUT_OF_MEMORY: FailureReason.OUT_OF_MEMORY,
    FailureCode.NOT_A_NUMBER: FailureReason.BAD_PICTURE,
    FailureCode.MODEL_BROKEN: FailureReason.MODEL,
    FailureCode.UNKNOWN_MODEL: FailureReason.MODEL,
}


class EngineStopped(Exception):
    """The engine ended before the job did. The job waits in the queue again, with the same seed."""


async def run_job(job: Job, *, studio: Studio) -> None:
    """`job` is running under its attempt number; somebody who ended it meanwhile wins, and the drawing is dropped.

    Raises `EngineStopped`.
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
    except JobGone:
        await _fail(job, FailureReason.SOURCE_GONE, "the picture it starts from is gone", studio)
    except CannotDraw as refusal:
        await _fail(job, FailureReason.MODEL, refusal.sentence, studio)
    except StoreFull:
        await _fail(job, FailureReason.DISK_FULL, "the image store is full", studio)
    except Exception:
        log.exception("job broke", job=job.id)
        studio.engine.cancel(job.request_id)
        await _fail(job, FailureReason.ENGINE, "unexpected error, see the trace above", studio)


async def _draw(job: Job, studio: Studio) -> None:
    request = await _make_request(job, studio)
    async for event in studio.engine.generate(request):
        match event:
            case Queued() | Started():
                pass
            case Progress():
                await _show_progress(job, event, studio)
            case Finished():
                await _keep(job, event, studio)
            case Failed(FailureCode.ENGINE_STOPPED, reason):
                await _save(job.requeue(), studio)
                log.info("job put back", job=job.id)
                raise EngineStopped(reason)
            case Failed(code, reason):
                await _fail(job, REASONS.get(code, FailureReason.ENGINE), reason, studio)
            case Described() | Weighed():
                raise TypeError(f"a request for pictures was answered with {event}")
            case Cancelled():
                await _save(job.cancel(studio.now()), studio)


async def _make_request(job: Job, studio: Studio) -> GenerateRequest:
    model = choose_model(job.params, studio)
    plan = plan_for_model(job.params, model, job.picture_count)
    return GenerateRequest(
        id=job.request_id,
        prompt=plan.prompt,
        negative_prompt=plan.negative_prompt,
        seeds=job.seeds,
        model=model.name,
        width=plan.width,
        height=plan.height,
        steps=plan.steps,
        guidance_scale=plan.guidance_scales[0] if plan.guidance_scales else None,
        init_image=await _source_of(job, studio),
        preview_every=max(1, plan.steps // PREVIEWS_PER_JOB),
        fairness_key=str(job.user_id),
    )


async def _source_of(job: Job, studio: Studio) -> InitImage | None:
    if not job.starts_from_picture or job.parent is None:
        return None
    async with studio.db.reading() as tx:
        source = await tx.gallery.get(job.parent)
    pixels: Pixels = await asyncio.to_thread(decode_rgb, await studio.store.get(source.store_key))
    return InitImage(pixels, STRENGTH[job.kind])


async def _show_progress(job: Job, event: Progress, studio: Studio) -> None:
    """The waiting message may have been attached after the job was claimed, so the stored job is asked for it.

    Steps without a preview are not worth an edit: the chat takes one a second at best.
    """
    if not event.previews:
        return
    async with studio.db.reading() as tx:
        current = await tx.jobs.find(job.id)
    if current is None or current.has_ended:
        studio.engine.cancel(job.request_id)
        return
    preview = await asyncio.to_thread(compose_preview, event.previews, PREVIEW_PIXELS)
    await studio.notifier.show_progress(current, event.step_index / event.total_steps, preview)


async def _keep(job: Job, event: Finished, studio: Studio) -> None:
    """Bytes first, then one transaction for job and gallery: what the database names, the store has."""
    now = studio.now()
    plan = plan_for_model(job.params, choose_model(job.params, studio), job.picture_count)
    masters = await asyncio.gather(*(asyncio.to_thread(encode_png, pixels) for pixels in event.images))
    keys = [f"{job.id}/{index}.png" for index in range(len(masters))]
    visibility = Visibility.PRIVATE if job.is_stealth else Visibility.PUBLIC
    await _put_all(keys, masters, studio)
    pictures = [
        Picture(job.id, index, job.user_id, job.prompt, seed, pixels.width, pixels.height, key, now, visibility)
        for index, (pixels, seed, key) in enumerate(zip(event.images, job.seeds, keys, strict=True))
    ]
    async with studio.db.transaction() as tx:
        ended = job.succeed(now, event.engine_seconds, (*plan.notes, *event.notes))
        await tx.jobs.save(ended, expected=JobStatus.RUNNING, attempt=job.attempt)
        await tx.gallery.add(pictures)
    log.info("job succeeded", job=job.id, engine_seconds=round(event.engine_seconds, 3))


async def _put_all(keys: Sequence[str], masters: Sequence[bytes], studio: Studio) -> None:
    """All or nothing: a full disk is not made fuller by parts that no gallery names."""
    puts = (studio.store.put(key, master) for key, master in zip(keys, masters, strict=True))
    outcomes = await asyncio.gather(*puts, return_exceptions=True)
    if troubles := [outcome for outcome in outcomes if outcome is not None]:
        for key in keys:
            await studio.store.delete(key)
        raise troubles[0]


async def _fail(job: Job, reason: FailureReason, detail: str, studio: Studio) -> None:
    incident_id = secrets.token_hex(4)
    log.error("job failed", job=job.id, reason=reason, detail=detail, incident=incident_id)
    await _save(job.fail(studio.now(), reason, incident_id), studio)


async def _save(job: Job, studio: Studio) -> None:
    async with studio.db.transaction() as tx:
        await tx.jobs.save(job, expected=JobStatus.RUNNING, attempt=job.attempt)
