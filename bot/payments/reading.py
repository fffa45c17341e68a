"""Stripe's objects, as plain dictionaries, in the words of the domain. Pure; `None` for what is none of ours."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.domain.dispute import Dispute, DisputeState
from bot.domain.job import UserId
from bot.domain.money import Money
from bot.domain.payment_event import PaymentEvent, Subject, SubjectKind
from bot.domain.subscription import Order, Payment, PayState, Subscription

OWNER = "easel_member"
"""Under which we note on Stripe's objects whose they are."""
LOCALE = "easel_locale"
PORTAL = "easel_portal"

Object = Mapping[str, Any]

STATES = {
    "incomplete": PayState.PENDING,
    "trialing": PayState.PAID,
    "active": PayState.PAID,
    "past_due": PayState.FAILED,
    "unpaid": PayState.FAILED,
    "paused": PayState.FAILED,
    "canceled": PayState.ENDED,
    "incomplete_expired": PayState.ENDED,
}


DISPUTES = {
    "needs_response": DisputeState.OPEN,
    "under_review": DisputeState.OPEN,
    "appeal_needs_response": DisputeState.LOST,
    "appeal_under_review": DisputeState.LOST,
    "lost": DisputeState.LOST,
    "won": DisputeState.WON,
}
"""Others are questions of a bank, which move no money."""


def read_event(event: Object) -> PaymentEvent:
    thing, kind = event["data"]["object"], str(event["type"])
    subject, payment_id, dispute = _subject_of(kind, thing), "", None
    if kind == "charge.refunded" or kind.startswith("charge.dispute."):
        payment_id = _id_of(thing.get("payment_intent")) or ""
    if kind in ("charge.dispute.created", "charge.dispute.closed") or _had(event, "status"):
        dispute = read_dispute(thing)
    return PaymentEvent(str(event["id"]), kind, _time(event["created"]), subject, payment_id, dispute)


def _had(event: Object, name: str) -> bool:
    """Whether a dispute was another one before the event."""
    return str(event["type"]) == "charge.dispute.updated" and name in (event["data"].get("previous_attributes") or {})


def read_dispute(found: Object) -> Dispute | None:
    state = DISPUTES.get(str(found["status"]))
    return (
        Dispute(str(found["id"]), Money(int(found["amount"]), str(found["currency"]).upper()), state) if state else None
    )


def _subject_of(kind: str, thing: Object) -> Subject | None:
    match kind.split("."):
        case ["checkout", "session", "completed" | "async_payment_succeeded" | "async_payment_failed"]:
            if subscription_id := _id_of(thing.get("subscription")):
                return Subject(SubjectKind.SUBSCRIPTION, subscription_id)
            return Subject(SubjectKind.ORDER, str(thing["id"]))
        case ["customer", "subscription", _]:
            return Subject(SubjectKind.SUBSCRIPTION, str(thing["id"]))
        case ["invoice", "paid" | "payment_failed"]:
            return subject_of_invoice(thing)
        case _:
            return None


def subject_of_invoice(invoice: Object) -> Subject | None:
    """Events may be written in an older version of Stripe's language, in which it stands at another place."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    subscription_id = _id_of(details.get("subscription") or invoice.get("subscription"))
    return Subject(SubjectKind.SUBSCRIPTION, subscription_id) if subscription_id else None


def read_subscription(
    found: Object, invoices: Sequence[tuple[Object, Sequence[Object]]], disputed: Sequence[Object] = ()
) -> Subscription | None:
    """`invoices` are those of the current period, each with its payments; `disputed` is what banks ask back of them."""
    user_id, item = user_of(found), found["items"]["data"][0]
    if user_id is None:
        return None
    state = STATES.get(found["status"], PayState.PENDING)
    ends_at = found.get("cancel_at") or (item["current_period_end"] if found.get("cancel_at_period_end") else None)
    if state is PayState.ENDED:
        ends_at = found.get("ended_at") or found.get("canceled_at") or found["created"]
    elif found.get("pause_collection"):
        state = PayState.FAILED
    disputes = _disputes(disputed)
    if state is PayState.PAID and any(dispute.state is DisputeState.OPEN for dispute in disputes):
        state = PayState.DISPUTED
    return Subscription(
        id=str(found["id"]),
        user_id=user_id,
        customer_id=str(_id_of(found["customer"])),
        price_id=str(item["price"]["id"]),
        state=state,
        starts_at=_time(_anchor(found)),
        ends_at=_time(ends_at) if ends_at else None,
        payments=_payments_of(invoices, disputed),
        paid_until=_time(item["current_period_end"]),
        locale=_locale_of(found),
    )


def period_of(found: Object) -> int:
    """When what is paid for now began, as Stripe writes times."""
    return int(found["items"]["data"][0]["current_period_start"])


def _anchor(found: Object) -> int:
    """An anchor may lie ahead, where the first payment is for less than a month."""
    anchor = found.get("billing_cycle_anchor") or found["start_date"]
    return int(anchor if anchor <= period_of(found) else found["start_date"])


def _payments_of(
    invoices: Sequence[tuple[Object, Sequence[Object]]], disputed: Sequence[Object]
) -> tuple[Payment, ...]:
    lost: dict[str | None, int] = defaultdict(int)
    for one in disputed:
        if (dispute := read_dispute(one)) and dispute.state is DisputeState.LOST:
            lost[_id_of(one["payment_intent"])] += dispute.amount.minor
    payments = (_payment_of(invoice, paid, lost) for invoice, paid in invoices)
    return tuple(sorted(payments, key=lambda payment: payment.at))


def _payment_of(invoice: Object, paid: Sequence[Object], lost: Mapping[str | None, int]) -> Payment:
    """A raise pays back what is left of the price before, and for the same time the new one."""
    intents = [payment["payment"].get("payment_intent") for payment in paid]
    lines = [line for line in (invoice.get("lines") or {}).get("data") or [] if line.get("pricing")]
    is_change = invoice.get("billing_reason") == "subscription_update"
    paid_back = [line for line in lines if line["amount"] < 0 and is_change]
    return Payment(
        price_id=_price_of([line for line in lines if line not in paid_back]),
        at=_time(invoice["created"]),
        paid=sum(int(payment.get("amount_paid") or 0) for payment in paid),
        refunded=sum(_refunded(intent) + lost.get(_id_of(intent), 0) for intent in intents),
        former_price_id=_price_of(paid_back[:1]),
    )


def _price_of(lines: Sequence[Object]) -> str:
    return (_id_of(lines[-1]["pricing"]["price_details"]["price"]) or "") if lines else ""


def read_order(session: Object, disputed: Sequence[Object] = ()) -> Order | None:
    user_id, lines = user_of(session), (session.get("line_items") or {}).get("data") or []
    if user_id is None or session.get("mode") != "payment" or not lines:
        return None
    intent = session.get("payment_intent")
    return Order(
        id=str(session["id"]),
        user_id=user_id,
        customer_id=_id_of(session.get("customer")),
        price_id=str(lines[0]["price"]["id"]),
        quantity=int(lines[0]["quantity"]),
        state=_order_state(session, intent),
        bought_at=_time(session["created"]),
        paid=int(session.get("amount_total") or 0),
        refunded=_refunded(intent),
        disputes=_disputes(disputed),
        locale=_locale_of(session),
    )


def _order_state(session: Object, intent: object) -> PayState:
    if session["payment_status"] in ("paid", "no_payment_required"):
        return PayState.PAID
    is_over = session["status"] == "complete" and isinstance(intent, Mapping)
    if is_over and isinstance(intent, Mapping) and intent["status"] in ("requires_payment_method", "canceled"):
        return PayState.FAILED
    return PayState.PENDING


def _refunded(intent: object) -> int:
    charge = intent.get("latest_charge") if isinstance(intent, Mapping) else None
    return int(charge.get("amount_refunded") or 0) if isinstance(charge, Mapping) else 0


def disputed_payment_of(intent: object) -> str | None:
    """The id of a payment that a bank has asked back, whatever became of that."""
    charge = intent.get("latest_charge") if isinstance(intent, Mapping) else None
    return _id_of(intent) if isinstance(charge, Mapping) and charge.get("disputed") else None


def _disputes(found: Sequence[Object]) -> tuple[Dispute, ...]:
    return tuple(dispute for one in found if (dispute := read_dispute(one)))


def user_of(thing: Object) -> UserId | None:
    """Others than us may sell by the same account."""
    noted = str((thing.get("metadata") or {}).get(OWNER, ""))
    return UserId(int(noted)) if noted.isdecimal() else None


def _locale_of(thing: Object) -> str:
    return str((thing.get("metadata") or {}).get(LOCALE, ""))


def _id_of(thing: object) -> str | None:
    """Stripe writes a thing as its id or, where it was asked to, whole."""
    if isinstance(thing, Mapping):
        return str(thing["id"])
    return str(thing) if thing else None


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
