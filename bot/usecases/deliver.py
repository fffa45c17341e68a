"""Shows an ended job to its member once: in its channel, else by direct message, else in words.

Each of these is one try; `courier` repeats them."""

from dataclasses import replace

import structlog

from bot.domain.errors import JobGone
from bot.domain.job import DeliveryStatus, Job, JobId, JobStatus, MessageRef
from bot.domain.prompt import shorten_echo
from bot.domain.said import Said
from bot.usecases.charge import refund_job
from bot.usecases.copies import owe_copy
from bot.usecases.placing import place_file
from bot.usecases.ports import ConflictingChange, DeliveryError, DeliveryRefused
from bot.usecases.studio import Studio
from bot.words import say, speaking, spoken

log = structlog.get_logger(__name__)

NOT_TAKEN = Said("Discord did not take it for a long time")
PICTURES_GONE = Said("its pictures are no longer in the store")
APOLOGY_PROMPT = 1_500
"""Characters of a prompt beside which there is room to say what went wrong, in any language."""


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
