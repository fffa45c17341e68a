"""A member reports a job: written down for operators, who find it by `/admin reports` and in the log. Nobody else is
told."""

import structlog

from bot.domain.job import Job, UserId
from bot.domain.report import Report
from bot.usecases.studio import Studio

log = structlog.get_logger(__name__)


async def report_job(job: Job, reporter_id: UserId, *, studio: Studio) -> bool:
    """False when this member has reported it before."""
    async with studio.db.transaction() as tx:
        is_new = await tx.reports.add(Report(job.id, reporter_id, studio.now()))
    if is_new:
        log.warning("job reported", job=job.id, member=job.user_id, reporter=reporter_id, prompt=job.prompt)
    return is_new
