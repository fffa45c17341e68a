"""Members who wish so get every finished job by direct message as well.

That a copy is owed is written down together with the delivery of the result, so that a crash neither loses it nor
sends it twice: a try that was begun is looked for among the direct messages before it is repeated.
"""

import structlog

from bot.domain.errors import JobGone
from bot.domain.job import DeliveryStatus, Job, JobId, JobStatus
from bot.usecases.placing import place_file
from bot.usecases.ports import DeliveryRefused, Transaction
from bot.usecases.settings import settings_of
from bot.usecases.studio import Studio

log = structlog.get_logger(__name__)


async def owe_copy(job: Job, how: DeliveryStatus, tx: Transaction, *, studio: Studio) -> bool:
    """Whether a copy is owed of a job that was just shown. What was shown in direct messages needs none."""
    if job.status is not JobStatus.SUCCEEDED or how is not DeliveryStatus.DELIVERED:
        return False
    if job.guild_id is None and job.door is None:  # it stands among the direct messages already
        return False
    if not (await settings_of(job.user_id, tx)).is_auto_dm:
        return False
    await tx.copies.owe(job.id, studio.now())
    return True


async def send_copy(job_id: JobId, *, studio: Studio) -> None:
    """One try. Raises `DeliveryDelayed` when it is worth another, and `ConflictingChange` when somebody else tries."""
    async with studio.db.reading() as tx:
        attempts, job = await tx.copies.find_attempts(job_id), await tx.jobs.find(job_id)
    if attempts is None or job is None:
        return
    try:
        await _send_once(job, attempts, studio)
    except (DeliveryRefused, JobGone) as refusal:
        log.warning("copy refused", job=job_id, why=str(refusal))
    else:
        log.info("copy sent", job=job_id)
    await settle_copy(job_id, studio=studio)


async def _send_once(job: Job, attempts: int, studio: Studio) -> None:
    if attempts and await studio.notifier.find_copy(job):
        return
    async with studio.db.transaction(can_wait=True) as tx:
        await tx.copies.begin(job.id, attempts)
    await place_file(job, lambda file: studio.notifier.post_copy(job, file), studio)


async def settle_copy(job_id: JobId, *, studio: Studio) -> None:
    """It is owed no longer."""
    async with studio.db.transaction(can_wait=True) as tx:
        await tx.copies.settle(job_id)
