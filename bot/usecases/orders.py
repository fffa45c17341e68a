"""What is paid for once at Stripe, hours and packs of credits, is given, taken back and held back here.

It does not matter which of several answers of Stripe is written last: what went back stays back, and a dispute that was
won stays won.
"""

from datetime import timedelta

import structlog

from bot.domain.goods import Supply
from bot.domain.job import UserId
from bot.domain.ledger import AccountKind
from bot.domain.letter import FAILED_ORDER, write_reinstated, write_supply, write_suspended
from bot.domain.payment_event import PaymentEvent
from bot.domain.subscription import SOURCE, Order, PayState
from bot.usecases.grants import TimeGrant, put_time, reinstate_part, suspend_part, take_back_part, take_back_time
from bot.usecases.payment_notes import owe_letter, take_note, tell_taken_back
from bot.usecases.ports import Transaction
from bot.usecases.studio import Studio

log = structlog.get_logger(__name__)


async def take_order(order: Order, supply: Supply, event: PaymentEvent | None, studio: Studio) -> bool:
    async with studio.db.transaction() as tx:
        now = studio.now()
        await tx.users.hold(order.user_id, now)
        if event and not await take_note(event, order, tx, now):
            return False
        if order.customer_id:
            await _remember_customer(order.user_id, order.customer_id, tx)
        if order.state is PayState.FAILED:
            await owe_letter(f"{order.reference}:failed", order, FAILED_ORDER, tx, studio)
        elif order.state is PayState.PAID:
            await _give(order, supply, tx, studio)
            await _take_back(order, supply, tx, studio)
            await _follow_disputes(order, supply, tx, studio)
    return True


async def _remember_customer(user_id: UserId, customer_id: str, tx: Transaction) -> None:
    """The customer who has a subscription stays: the portal is of most use to them."""
    if await tx.payments.find_customer(user_id) is None:
        await tx.payments.set_customer(user_id, customer_id)


async def _give(order: Order, supply: Supply, tx: Transaction, studio: Studio) -> None:
    amount, expires_at = supply.amount * order.quantity, order.bought_at + timedelta(days=supply.days)
    gift = TimeGrant(order.user_id, amount, AccountKind.EXTRA, SOURCE, order.reference, expires_at, supply.unit)
    if await put_time(gift, tx, studio=studio):
        log.info("time from Stripe", member=order.user_id, amount=amount, unit=supply.unit)
        text = write_supply(Supply(amount, supply.unit, supply.days), expires_at)
        await owe_letter(order.reference, order, text, tx, studio)


async def _take_back(order: Order, supply: Supply, tx: Transaction, studio: Studio) -> None:
    if not order.refunded:
        return
    if order.refunded >= order.paid:
        taken = await take_back_time(order.reference, order.user_id, tx, source=SOURCE, studio=studio)
    else:
        taken = await take_back_part(order.reference, order.user_id, order.paid, order.refunded, tx, studio=studio)
    await tell_taken_back(order, taken, supply.unit, tx, studio)


async def _follow_disputes(order: Order, supply: Supply, tx: Transaction, studio: Studio) -> None:
    """Each takes once and gives back once. One that was won is over, whatever an older answer says."""
    for dispute in order.disputes:
        if dispute.is_won:
            back = await reinstate_part(order.reference, dispute, tx, studio=studio)
            text = write_reinstated(back, supply.unit) if back else None
        else:
            taken = await suspend_part(order.reference, order.user_id, order.paid, dispute, tx, studio=studio)
            text = write_suspended(taken, supply.unit) if taken else None
        await owe_letter(f"{order.reference}:{dispute.id}:{dispute.is_won}", order, text, tx, studio)
