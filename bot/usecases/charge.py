"""What jobs cost their members: set aside when they are admitted, used when they succeed, given back when they do not.

Each step is taken in the transaction that changes the job, with the member's row held, and at most once.
"""

from collections.abc import Sequence
from datetime import datetime

from bot.domain import ledger
from bot.domain.allowance import exhausted
from bot.domain.job import Job, JobStatus
from bot.domain.ledger import Entry, EntryKind, Homes, Lot, Shortage
from bot.domain.prices import list_price
from bot.domain.prompt import Speed
from bot.domain.standing import Standing
from bot.usecases.grants import homes_of
from bot.usecases.ports import Transaction
from bot.usecases.replenish import replenish
from bot.usecases.studio import Studio


async def reserve_jobs(jobs: Sequence[Job], standing: Standing, tx: Transaction, *, studio: Studio) -> None:
    """Set the price of one member's new jobs aside, of all or of none. Relaxed ones are only counted.

    Raises `CreditsExhausted`, or `SubscriptionRequired` after a trial.
    """
    if not studio.catalogue.is_charging:
        return
    lots = await replenish(jobs[0].user_id, standing, tx, studio=studio)
    for job in jobs:
        entry = _reserve(job, lots, standing, studio)
        if entry is not None:
            await tx.ledger.post(entry)
            lots = ledger.after(lots, entry)


def _reserve(job: Job, lots: Sequence[Lot], standing: Standing, studio: Studio) -> Entry | None:
    unit, now = studio.catalogue.unit, studio.now()
    price = list_price(job, studio.catalogue.prices, unit)
    if not price:
        return None
    if job.speed is Speed.RELAX:
        return ledger.reserve_free(job.id, job.user_id, unit, price, now)
    try:
        return ledger.reserve(job.id, job.user_id, unit, price, lots, now)
    except Shortage as shortage:
        raise exhausted(shortage, standing, unit) from shortage


async def find_reserved(job: Job, tx: Transaction) -> Entry | None:
    """What was set aside for the job. None where nothing is charged."""
    return await tx.ledger.find(ledger.reserve_id(job.id))


async def settle(job: Job, reserved: Entry, tx: Transaction, *, at: datetime) -> None:
    """The job has ended: what was set aside is used or goes back."""
    if job.status is JobStatus.SUCCEEDED:
        await tx.ledger.post(ledger.capture(reserved, job.speed, at))
    else:
        await tx.ledger.post(ledger.release(reserved, await _homes(reserved, tx), at))


async def refund_job(job: Job, tx: Transaction, *, at: datetime) -> None:
    """The job succeeded and its member was never shown it: what it cost goes back."""
    reserved, captured = await find_reserved(job, tx), await tx.ledger.find(ledger.settle_id(job.id))
    if reserved is None or captured is None or captured.kind is not EntryKind.CAPTURE:
        return
    await tx.users.hold(job.user_id, at)
    await tx.ledger.post(ledger.refund(reserved, captured, await _homes(reserved, tx), at))


async def _homes(reserved: Entry, tx: Transaction) -> Homes:
    lots = [posting.account.label for posting in reserved.postings]
    return await homes_of(lots, reserved.user_id, reserved.unit, tx)
