"""Stripe's objects in our words, as several of its versions write them; and what the portal is allowed."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.domain.dispute import Dispute, DisputeState
from bot.domain.job import UserId
from bot.domain.money import Money
from bot.domain.payment_event import Subject, SubjectKind
from bot.domain.subscription import Payment, PayState
from bot.payments.portal import portal_features, portal_name
from bot.payments.reading import OWNER, read_event, read_order, read_subscription, subject_of_invoice

SUB = Subject(SubjectKind.SUBSCRIPTION, "sub_1")


def event(kind: str, **thing: Any) -> dict[str, Any]:
    return {"id": "evt_1", "type": kind, "created": 1_790_000_000, "data": {"object": thing}}


@pytest.mark.parametrize(
    ("told", "subject", "payment"),
    [
        (event("customer.subscription.deleted", id="sub_1"), SUB, ""),
        (event("checkout.session.completed", id="cs_1", subscription="sub_1"), SUB, ""),
        (event("checkout.session.completed", id="cs_1", subscription=None), Subject(SubjectKind.ORDER, "cs_1"), ""),
        (event("checkout.session.expired", id="cs_1"), None, ""),
        (event("invoice.paid", parent={"subscription_details": {"subscription": "sub_1"}}), SUB, ""),
        (event("invoice.payment_failed", subscription={"id": "sub_1"}), SUB, ""),  # as it was written until 2025
        (event("invoice.created", subscription="sub_1"), None, ""),
        (event("invoice.paid", parent=None), None, ""),
        (event("charge.refunded", payment_intent="pi_1"), None, "pi_1"),
        (event("charge.dispute.funds_withdrawn", payment_intent="pi_1"), None, "pi_1"),
        (event("product.updated", id="prod_1"), None, ""),
    ],
)
def test_what_an_event_is_about(told: dict[str, Any], subject: Subject | None, payment: str) -> None:
    read = read_event(told)
    assert (read.subject, read.payment_id) == (subject, payment)


def subscription(**changes: Any) -> dict[str, Any]:
    item = {"id": "si_1", "price": {"id": "price_1"}, "current_period_start": 2_000, "current_period_end": 3_000}
    return {
        "id": "sub_1",
        "customer": "cus_1",
        "metadata": {OWNER: "7"},
        "status": "active",
        "created": 500,
        "start_date": 1_000,
        "billing_cycle_anchor": 2_000,
        "items": {"data": [item]},
        **changes,
    }


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, PayState.PAID),
        ({"status": "trialing"}, PayState.PAID),
        ({"status": "incomplete"}, PayState.PENDING),
        ({"status": "incomplete_expired"}, PayState.ENDED),
        ({"status": "past_due"}, PayState.FAILED),
        ({"status": "unpaid"}, PayState.FAILED),
        ({"status": "paused"}, PayState.FAILED),
        ({"status": "canceled"}, PayState.ENDED),
        ({"pause_collection": {"behavior": "void"}}, PayState.FAILED),
        ({"status": "something new"}, PayState.PENDING),
    ],
)
def test_states(changes: dict[str, Any], state: PayState) -> None:
    read = read_subscription(subscription(**changes), [])
    assert read is not None
    assert (read.state, read.user_id, read.customer_id, read.price_id) == (state, UserId(7), "cus_1", "price_1")


@pytest.mark.parametrize(
    ("changes", "starts_at", "ends_at"),
    [
        ({}, 2_000, None),
        ({"billing_cycle_anchor": 2_500}, 1_000, None),  # the first payment was for a part of a month
        ({"cancel_at_period_end": True}, 2_000, 3_000),
        ({"cancel_at": 2_600, "cancel_at_period_end": False}, 2_000, 2_600),
        ({"status": "canceled", "ended_at": 2_300}, 2_000, 2_300),
    ],
)
def test_times(changes: dict[str, Any], starts_at: int, ends_at: int | None) -> None:
    read = read_subscription(subscription(**changes), [])
    assert read is not None
    assert read.starts_at.timestamp() == starts_at
    assert (read.ends_at.timestamp() if read.ends_at else None) == ends_at


def line(amount: int, price: str) -> dict[str, Any]:
    return {"amount": amount, "pricing": {"price_details": {"price": price}}}


def invoice(created: int, reason: str, *lines: dict[str, Any]) -> dict[str, Any]:
    return {"created": created, "billing_reason": reason, "lines": {"data": list(lines)}}


def paid(amount: int | None, refunded: int = 0, intent: str = "pi_2") -> dict[str, Any]:
    charge = {"amount_refunded": refunded}
    return {"amount_paid": amount, "payment": {"payment_intent": {"id": intent, "latest_charge": charge}}}


def test_payments_stand_in_their_order_with_what_they_are_for() -> None:
    raised = invoice(2_500, "subscription_update", line(-400, "basic"), line(1_100, "pro"))
    begun = invoice(2_000, "subscription_cycle", line(1500, "basic"))
    lost = dispute(status="lost", amount=20, payment_intent="pi_1")
    read = read_subscription(subscription(), [(raised, [paid(700, 300, "pi_1")]), (begun, [paid(1500, 5)])], [lost])
    assert read is not None
    assert read.payments == (
        Payment("basic", datetime.fromtimestamp(2_000, UTC), 1500, 5),
        Payment("pro", datetime.fromtimestamp(2_500, UTC), 700, 320, "basic"),
    )
    assert (read.paid, read.refunded, read.is_refunded) == (2200, 325, False)


def test_an_invoice_of_which_little_is_known_is_a_payment_all_the_same() -> None:
    bare: list[dict[str, Any]] = [
        {"amount_paid": 7, "payment": {"payment_intent": None}},
        {"amount_paid": None, "payment": {}},
    ]
    read = read_subscription(subscription(), [({"created": 2_000}, bare)])
    assert read is not None
    assert read.payments == (Payment("", datetime.fromtimestamp(2_000, UTC), 7),)


@pytest.mark.parametrize("metadata", [{}, None, {OWNER: ""}, {OWNER: "x"}, {"other": "7"}])
def test_what_others_sell_is_none_of_ours(metadata: dict[str, str] | None) -> None:
    assert read_subscription(subscription(metadata=metadata), []) is None
    session: dict[str, Any] = {"id": "cs_1", "mode": "payment", "metadata": metadata, "line_items": {"data": [{}]}}
    assert read_order(session) is None


def test_an_invoice_without_a_subscription_is_no_subject() -> None:
    assert subject_of_invoice({"parent": {"quote_details": {}}}) is None


def dispute(**changes: Any) -> dict[str, Any]:
    return {"id": "dp_1", "amount": 1500, "currency": "jpy", "payment_intent": "pi_1", **changes}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("needs_response", DisputeState.OPEN),
        ("under_review", DisputeState.OPEN),
        ("lost", DisputeState.LOST),
        ("appeal_under_review", DisputeState.LOST),
        ("won", DisputeState.WON),
        ("warning_needs_response", None),
        ("warning_closed", None),
        ("prevented", None),
        ("something new", None),
    ],
)
def test_what_a_bank_says(status: str, state: DisputeState | None) -> None:
    read = read_event(event("charge.dispute.created", **dispute(status=status))).dispute
    assert read == (Dispute("dp_1", Money(1500, "JPY"), state) if state else None)


@pytest.mark.parametrize(
    ("former", "is_told"), [({"status": "warning_needs_response"}, True), ({"evidence": {}}, False)]
)
def test_operators_hear_of_disputes_that_are_other_than_before(former: dict[str, Any], is_told: bool) -> None:
    told = event("charge.dispute.updated", **dispute(status="needs_response"))
    told["data"]["previous_attributes"] = former
    assert (read_event(told).dispute is not None) is is_told


@pytest.mark.parametrize(
    ("changes", "status", "state", "refunded"),
    [
        ({}, "needs_response", PayState.DISPUTED, 0),
        ({}, "won", PayState.PAID, 0),
        ({}, "lost", PayState.PAID, 1500),
        ({}, "warning_needs_response", PayState.PAID, 0),
        ({"status": "past_due"}, "needs_response", PayState.FAILED, 0),
        ({"status": "canceled"}, "needs_response", PayState.ENDED, 0),
    ],
)
def test_a_subscription_that_is_disputed(changes: dict[str, Any], status: str, state: PayState, refunded: int) -> None:
    begun = invoice(2_000, "subscription_cycle", line(1500, "basic"))
    payments = [(begun, [paid(1500, intent="pi_1")])]
    read = read_subscription(subscription(**changes), payments, [dispute(status=status)])
    assert read is not None
    assert (read.state, read.refunded) == (state, refunded)


def test_the_same_rules_of_the_portal_have_the_same_name() -> None:
    features = portal_features({"prod_1": ["a", "b"]})
    assert portal_name(features) == portal_name(portal_features({"prod_1": ["a", "b"]}))
    assert portal_name(features) != portal_name(portal_features({"prod_1": ["a"]}))
    assert not portal_features({})["subscription_update"]["enabled"]
