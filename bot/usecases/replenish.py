"""Brings a member's lots up to date whenever they are looked at: no timer gives or takes anything."""

from bot.domain import ledger
from bot.domain.allowance import due_grant
from bot.domain.job import UserId
from bot.domain.ledger import Lot
from bot.domain.standing import Standing
from bot.usecases.grants import take_back_share
from bot.usecases.ports import Transaction
from bot.usecases.studio import Studio


async def replenish(user_id: UserId, standing: Standing, tx: Transaction, *, studio: Studio) -> list[Lot]:
    """Give what the month brings, close what has expired, and return the lots that are left.

    For a member whose row is locked.
    """
    unit, now = studio.catalogue.unit, studio.now()
    due = due_grant(standing, user_id, unit, now)
    if due and await tx.ledger.post(due):
        await take_back_share(due, standing.entitlement, tx, studio=studio)
    lots = await tx.ledger.list_open_lots(user_id, unit)
    for lot in lots:
        if not lot.is_live(now):
            await tx.ledger.post(ledger.expire(lot, user_id, unit, now))
    return [lot for lot in lots if lot.is_live(now)]
