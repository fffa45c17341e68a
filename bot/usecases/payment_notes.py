"""What is written down beside a payment: that we were told, and what the member and the operators are to hear of it."""

from datetime import datetime

import structlog

from bot.domain.letter import Letter, write_taken_back
from bot.domain.oversight import PAYMENT_SERVICE, Act, Deed
from bot.domain.payment_event import PaymentEvent
from bot.domain.prices import Unit
from bot.domain.said import Said
from bot.domain.subscription import Order, Subscription
from bot.usecases.ports import Transaction
from bot.usecases.studio import Studio
from bot.words import speaking, spoken

log = structlog.get_logger(__name__)


async def take_note(event: PaymentEvent, bought: Subscription | Order, tx: Transaction, now: datetime) -> bool:
    """False when it was told before. Of what a bank asks back an operator should hear: at Stripe it can be answered,
    for a while."""
    if not await tx.payments.add_event(event, now):
        return False
    if event.dispute is not None:
        log.warning("payment disputed", member=bought.user_id, bought=bought.reference, dispute=str(event.dispute))
        details = f"{event.dispute}: {bought.reference}"
        await tx.oversight.record(Act(now, PAYMENT_SERVICE, Deed.DISPUTE, bought.user_id, details))
    return True


async def tell_taken_back(
    bought: Subscription | Order, taken: int, unit: Unit, tx: Transaction, studio: Studio
) -> None:
    if taken:
        text = write_taken_back(taken, unit)
        await owe_letter(f"{bought.reference}:refunded:{bought.refunded}", bought, text, tx, studio)


async def owe_letter(
    letter_id: str, bought: Subscription | Order, text: Said | None, tx: Transaction, studio: Studio
) -> None:
    """In the language that it was bought in."""
    if text is not None:
        with speaking(bought.locale):
            await tx.letters.owe(Letter(letter_id, bought.user_id, spoken(text), studio.now()))
