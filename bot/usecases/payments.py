"""What members pay for through Stripe becomes plans and time here.

An event only says that something changed; what it is now, we ask. So it does not matter how often, how late and in
which order events come: each leads to how things stand. Between the question and the writing another process may have
written something newer; then we ask again.
"""

from dataclasses import replace
from datetime import timedelta

import structlog

from bot.domain.goods import Supply, supply_of
from bot.domain.letter import write_change, write_disputed_plan
from bot.domain.paid_month import parts_of
from bot.domain.payment_event import PaymentEvent, Subject, SubjectKind
from bot.domain.period import period_at
from bot.domain.plan import Article, Entitlement
from bot.domain.subscription import (
    SOURCE,
    Change,
    Order,
    PayState,
    Subscription,
    change_of,
    id_of,
    plan_after,
    reference_of,
)
from bot.usecases.grants import Moved, end_plan, put_month, put_plan
from bot.usecases.orders import take_order
from bot.usecases.payment_notes import owe_letter, take_note, tell_taken_back
from bot.usecases.ports import ConflictingChange, Transaction
from bot.usecases.studio import Studio
from bot.usecases.till import Till

log = structlog.get_logger(__name__)

EVENTS_ARE_KEPT = timedelta(days=90)
"""Stripe tells by itself for three days, and for thirty whatever it is asked to tell again."""


async def take_event(event: PaymentEvent, till: Till, *, studio: Studio) -> bool:
    """False when there was nothing to do: it was told before, or is none of ours. Raises `TillClosed`, and then nothing
    has happened."""
    if not studio.catalogue.is_charging or await _is_known(event, studio):
        return False
    subject = event.subject
    if subject is None and event.payment_id:
        subject = await till.find_subject(event.payment_id)
    if subject is None:
        return False
    taken = await take_subject(subject, till, event, studio=studio)
    if taken:
        await _forget_old_events(studio)
    studio.wake()
    return taken


async def take_subject(subject: Subject, till: Till, event: PaymentEvent | None = None, *, studio: Studio) -> bool:
    """As the service shows it now. False for what is none of ours, and for an event that was told before."""
    if subject.kind is SubjectKind.ORDER:
        order = await till.order(subject.id)
        supply = _supply_of(order, studio) if order else None
        return order is not None and supply is not None and await take_order(order, supply, event, studio)
    while True:
        known = await _read_plan(subject.id, studio)
        subscription = await till.subscription(subject.id)
        article = _plan_of(subscription, known, studio) if subscription else None
        if subscription is None or article is None or not article.plan:
            return False
        try:
            return await _take_subscription(subscription, article, known, event, studio)
        except ConflictingChange:
            log.info("subscription changed meanwhile", subscription=subject.id)


async def _forget_old_events(studio: Studio) -> None:
    """With each that is new, so that their number stays that of the latest months. No timer is needed: where nothing is
    told, nothing grows."""
    async with studio.db.transaction() as tx:
        await tx.payments.forget_events(studio.now() - EVENTS_ARE_KEPT)


async def _is_known(event: PaymentEvent, studio: Studio) -> bool:
    async with studio.db.reading() as tx:
        return await tx.payments.has_event(event.id)


async def _read_plan(subscription_id: str, studio: Studio) -> Entitlement | None:
    async with studio.db.reading() as tx:
        return await tx.entitlements.find(reference_of(subscription_id))


async def _take_subscription(
    subscription: Subscription,
    article: Article,
    known: Entitlement | None,
    event: PaymentEvent | None,
    studio: Studio,
) -> bool:
    """Raises `ConflictingChange` when the plan is no longer the one that was `known` before the question."""
    async with studio.db.transaction() as tx:
        now = studio.now()
        await tx.users.hold(subscription.user_id, now)
        if event and not await take_note(event, subscription, tx, now):
            return False
        if await tx.entitlements.find(subscription.reference) != known:
            raise ConflictingChange(f"{subscription.id} was written by somebody else")
        await tx.payments.set_customer(subscription.user_id, subscription.customer_id)
        if after := _sold_still(plan_after(known, subscription, article, now), article, studio):
            change = change_of(known, after, studio.catalogue, now)
            await _write_plan(known, after, change, tx, studio)
            month = await _put_month(after, subscription, tx, studio)
            await _tell_change(change, after, month.given, subscription, tx, studio)
            await tell_taken_back(subscription, month.taken, studio.catalogue.unit, tx, studio)
    return True


def _sold_still(plan: Entitlement | None, article: Article, studio: Studio) -> Entitlement | None:
    """What is paid for takes the place of a plan that the settings no longer name."""
    if plan is not None and studio.catalogue.find_plan(plan.plan_name) is None:
        return replace(plan, plan_name=article.plan)
    return plan


def _article_of(price_id: str, studio: Studio) -> Article | None:
    """An event about one that we do not know is not written down: it can be sent again when the settings know it."""
    article = studio.catalogue.find_price_tag(price_id)
    if article is None:
        log.error("a price that the settings do not name was paid", price=price_id)
    return article


def _plan_of(subscription: Subscription, known: Entitlement | None, studio: Studio) -> Article | None:
    """Who has a plan keeps it, and may end it, although the settings no longer name its price."""
    article = _article_of(subscription.price_id, studio)
    if article is None and known is not None:
        return Article(subscription.price_id, plan=known.plan_name, billing=known.billing)
    return article


def _supply_of(order: Order, studio: Studio) -> Supply | None:
    article = _article_of(order.price_id, studio)
    return supply_of(article, studio.catalogue) if article else None


async def _write_plan(
    known: Entitlement | None, after: Entitlement, change: Change, tx: Transaction, studio: Studio
) -> None:
    match change:
        case Change.ENDED:
            await end_plan(after.reference, after.user_id, tx, as_of=after.as_of, studio=studio)
        case Change.NONE | Change.RAISED if known is not None:
            await tx.entitlements.save(after)  # also unchanged: an older answer, still on its way, is seen to be one
        case _:
            await put_plan(after, tx, studio=studio)


async def _put_month(owned: Entitlement, subscription: Subscription, tx: Transaction, studio: Studio) -> Moved:
    """Of one that is over, or rests, nothing comes; what went back of its price meanwhile is taken when it goes on."""
    now, plan = studio.now(), studio.catalogue.find_plan(owned.plan_name)
    is_over = owned.ends_at is not None and owned.ends_at <= now
    if plan is None or is_over or subscription.state is not PayState.PAID:
        return Moved()
    period = period_at(owned.starts_at, now)
    parts = parts_of(subscription.payments, plan, period, studio.catalogue, now)
    return await put_month(owned, parts, tx, studio=studio)


async def _tell_change(
    change: Change, after: Entitlement, given: int, subscription: Subscription, tx: Transaction, studio: Studio
) -> None:
    if change is Change.NONE:
        return
    log.info("plan from Stripe", member=after.user_id, plan=after.plan_name, change=change.value)
    links = studio.payment_links
    url = links.manage(after.user_id) if links and change is Change.PAUSED else ""
    text = write_change(change, after, studio.catalogue, given, url)
    if change is Change.PAUSED and subscription.state is PayState.DISPUTED:
        text = write_disputed_plan(after)
    await owe_letter(f"{after.reference}:{after.as_of.isoformat()}", subscription, text, tx, studio)


async def catch_up(till: Till, *, studio: Studio) -> int:
    """Asks for every subscription that we know to go on, for what may not have reached us. Returns how many those were.
    Raises `TillClosed`."""
    async with studio.db.reading() as tx:
        owned = await tx.entitlements.list_of_source(SOURCE, studio.now())
    for one in owned:
        await take_subject(Subject(SubjectKind.SUBSCRIPTION, id_of(one.reference)), till, studio=studio)
    studio.wake()  # for what members are to be told of it
    return len(owned)
