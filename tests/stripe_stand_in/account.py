"""A Stripe account in memory: what people pay for, and the events that tell of it. Knows no HTTP and none of our code.

Only what a studio uses: checkout sessions, subscriptions with their invoices and payments, refunds, disputes.
Prorating is by the second, as there.
"""

import calendar
import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from typing import Any

Json = dict[str, Any]


@dataclass
class StripeAccount:
    """`events` are all that were told, oldest first; `things` all objects by id."""

    now: Callable[[], datetime]
    things: dict[str, Json] = field(default_factory=dict)
    events: list[Json] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _planned: dict[str, str] = field(default_factory=dict)

    # --- what an operator sets up ---

    def add_price(self, price_id: str, amount: int, interval: str = "", currency: str = "usd") -> None:
        product = f"prod_{price_id.removeprefix('price_').split('_')[0]}"
        self._keep(
            "price",
            price_id,
            active=True,
            unit_amount=amount,
            currency=currency,
            product=product,
            recurring={"interval": interval, "interval_count": 1} if interval else None,
        )

    # --- what a studio asks for ---

    def open_session(self, wish: Json) -> Json:
        line = wish["line_items"][0]
        price = self.things[line["price"]]
        return self._add(
            "checkout.session",
            "cs",
            **{name: wish.get(name) for name in ("mode", "client_reference_id", "customer", "success_url")},
            metadata=wish.get("metadata", {}),
            status="open",
            payment_status="unpaid",
            amount_total=price["unit_amount"] * int(line["quantity"]),
            currency=price["currency"],
            line_items={"object": "list", "data": [{"price": price, "quantity": int(line["quantity"])}]},
            payment_intent=None,
            subscription=None,
            url="https://checkout.invalid/",
            wish=wish,
        )

    # --- what people do ---

    def pay(self, session_id: str) -> str:
        """Pays what a checkout asks for. Returns the id of the subscription, or of the payment."""
        session = self.things[session_id]
        session["customer"] = session["customer"] or self._add("customer", "cus")["id"]
        session["status"] = "complete"
        if session["mode"] == "subscription":
            subscription = self._subscribe(session)
            session |= {"subscription": subscription["id"], "payment_status": "paid"}
            self._tell("checkout.session.completed", session)
            return str(subscription["id"])
        intent = self._pay_intent(session, session["amount_total"], session["wish"]["payment_intent_data"]["metadata"])
        session |= {"payment_intent": intent["id"], "payment_status": "paid"}
        self._tell("checkout.session.completed", session)
        return str(intent["id"])

    def pay_slowly(self, session_id: str) -> None:
        """By a bank that takes days: complete, and not paid."""
        session = self.things[session_id]
        session["customer"] = session["customer"] or self._add("customer", "cus")["id"]
        intent = self._add(
            "payment_intent", "pi", status="processing", customer=session["customer"], latest_charge=None
        )
        session |= {"status": "complete", "payment_intent": intent["id"]}
        self._tell("checkout.session.completed", session)

    def settle(self, session_id: str, *, succeeds: bool) -> None:
        session = self.things[session_id]
        intent = self.things[session["payment_intent"]]
        if not succeeds:
            intent["status"] = "requires_payment_method"
            self._tell("checkout.session.async_payment_failed", session)
            return
        intent |= {"status": "succeeded", "latest_charge": self._charge(session["amount_total"], intent)["id"]}
        session["payment_status"] = "paid"
        self._tell("checkout.session.async_payment_succeeded", session)

    def change(self, subscription_id: str, price_id: str) -> None:
        """To a price that is higher: at once, and its difference for the rest of the period is paid at once. By the
        year instead of the month begins a new period. To one that is lower, as an operator can: nothing is paid."""
        subscription = self.things[subscription_id]
        item = subscription["items"]["data"][0]
        length = item["current_period_end"] - item["current_period_start"]
        left = (item["current_period_end"] - self._second()) / length
        former, item["price"] = item["price"], self.things[price_id]
        worth = item["price"]["unit_amount"] * left
        if former["recurring"] != item["price"]["recurring"]:
            worth, begin = item["price"]["unit_amount"], self._second()
            item |= {"current_period_start": begin, "current_period_end": _later(begin, item["price"])}
            subscription["billing_cycle_anchor"] = begin
        amount = max(0, round(worth - former["unit_amount"] * left))
        self._invoice(subscription, "subscription_update", amount, former=former["id"])
        self._tell("customer.subscription.updated", subscription)

    def plan_change(self, subscription_id: str, price_id: str) -> None:
        """To a price that is lower: when the period is over."""
        self._planned[subscription_id] = price_id
        self.things[subscription_id]["schedule"] = f"sub_sched_{next(self._numbers)}"
        self._tell("customer.subscription.updated", self.things[subscription_id])

    def cancel(self, subscription_id: str) -> None:
        """At the end of what is paid for."""
        subscription = self.things[subscription_id]
        end = subscription["items"]["data"][0]["current_period_end"]
        subscription |= {"cancel_at_period_end": True, "cancel_at": end, "canceled_at": self._second()}
        self._tell("customer.subscription.updated", subscription)

    def think_better(self, subscription_id: str) -> None:
        subscription = self.things[subscription_id]
        subscription |= {"cancel_at_period_end": False, "cancel_at": None, "canceled_at": None}
        self._tell("customer.subscription.updated", subscription)

    def end(self, subscription_id: str) -> None:
        """At once, as an operator can."""
        self.things[subscription_id] |= {"status": "canceled", "ended_at": self._second()}
        self._tell("customer.subscription.deleted", self.things[subscription_id])

    def renew(self, subscription_id: str, *, succeeds: bool = True) -> None:
        """The period is over: paid for again, or not; or that was the end."""
        subscription = self.things[subscription_id]
        if subscription["cancel_at_period_end"]:
            self.end(subscription_id)
            return
        item = subscription["items"]["data"][0]
        if planned := self._planned.pop(subscription_id, None):
            item["price"], subscription["schedule"] = self.things[planned], None
        begin = item["current_period_end"]
        item |= {"current_period_start": begin, "current_period_end": _later(begin, item["price"])}
        self._invoice(subscription, "subscription_cycle", item["price"]["unit_amount"], succeeds=succeeds)
        if not succeeds:
            subscription["status"] = "past_due"
        self._tell("customer.subscription.updated", subscription)

    def pay_invoice(self, subscription_id: str) -> None:
        """What was due is paid in the end."""
        subscription = self.things[subscription_id]
        invoice = self.things[subscription["latest_invoice"]]
        self._settle_invoice(invoice, subscription)
        subscription["status"] = "active"
        self._tell("customer.subscription.updated", subscription)

    def pause(self, subscription_id: str) -> None:
        self.things[subscription_id]["status"] = "paused"
        self._tell("customer.subscription.paused", self.things[subscription_id])

    def resume(self, subscription_id: str) -> None:
        self.things[subscription_id]["status"] = "active"
        self._tell("customer.subscription.resumed", self.things[subscription_id])

    def refund(self, payment_id: str, amount: int | None = None) -> None:
        """Of a payment, or of the newest invoice of a subscription; all that is left of it, or an amount."""
        charge = self.things[self.things[self.payment_of(payment_id)]["latest_charge"]]
        charge["amount_refunded"] += charge["amount"] - charge["amount_refunded"] if amount is None else amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self._tell("charge.refunded", charge)

    def dispute(self, payment_id: str, amount: int | None = None, status: str = "needs_response") -> str:
        """A bank asks back what was paid, or an amount of it. Returns the id of the dispute."""
        intent = self.payment_of(payment_id)
        charge = self.things[self.things[intent]["latest_charge"]]
        charge["disputed"] = True
        asked = charge["amount"] if amount is None else amount
        content = {"amount": asked, "currency": "usd", "charge": charge["id"], "payment_intent": intent}
        dispute = self._add("dispute", "dp", status=status, **content)
        self._tell("charge.dispute.created", dispute)
        return str(dispute["id"])

    def escalate(self, dispute_id: str) -> None:
        """A question of a bank becomes a dispute."""
        dispute = self.things[dispute_id]
        former, dispute["status"] = dispute["status"], "needs_response"
        self._tell("charge.dispute.updated", dispute, status=former)

    def settle_dispute(self, dispute_id: str, status: str) -> None:
        self.things[dispute_id]["status"] = status
        self._tell("charge.dispute.closed", self.things[dispute_id])

    def payment_of(self, thing_id: str) -> str:
        thing = self.things[thing_id]
        if thing["object"] != "subscription":
            return thing_id
        paid = [one for one in self.list("invoice_payment") if one["invoice"] == thing["latest_invoice"]]
        return str(paid[0]["payment"]["payment_intent"])

    # --- what it is made of ---

    def list(self, kind: str) -> list[Json]:
        return [thing for thing in self.things.values() if thing["object"] == kind]

    def _subscribe(self, session: Json) -> Json:
        price = session["line_items"]["data"][0]["price"]
        begin = self._second()
        item = {
            "id": f"si_{next(self._numbers)}",
            "price": price,
            "quantity": 1,
            "current_period_start": begin,
            "current_period_end": _later(begin, price),
        }
        subscription = self._add(
            "subscription",
            "sub",
            status="active",
            customer=session["customer"],
            metadata=session["wish"]["subscription_data"]["metadata"],
            items={"object": "list", "data": [item]},
            start_date=begin,
            billing_cycle_anchor=begin,
            cancel_at=None,
            cancel_at_period_end=False,
            canceled_at=None,
            ended_at=None,
            pause_collection=None,
            schedule=None,
            latest_invoice=None,
        )
        self._tell("customer.subscription.created", {**subscription, "status": "incomplete"})
        self._invoice(subscription, "subscription_create", price["unit_amount"])
        self._tell("customer.subscription.updated", subscription)
        return subscription

    def _invoice(
        self, subscription: Json, reason: str, amount: int, *, succeeds: bool = True, former: str = ""
    ) -> None:
        invoice = self._add(
            "invoice",
            "in",
            status="open",
            billing_reason=reason,
            amount_due=amount,
            amount_paid=0,
            customer=subscription["customer"],
            lines=_lines(amount, subscription["items"]["data"][0]["price"]["id"], former),
            parent={"type": "subscription_details", "subscription_details": {"subscription": subscription["id"]}},
        )
        subscription["latest_invoice"] = invoice["id"]
        if succeeds:
            self._settle_invoice(invoice, subscription)
        else:
            self._tell("invoice.payment_failed", invoice)

    def _settle_invoice(self, invoice: Json, subscription: Json) -> None:
        invoice |= {"status": "paid", "amount_paid": invoice["amount_due"]}
        if not invoice["amount_due"]:
            self._tell("invoice.paid", invoice)
            return
        intent = self._pay_intent(subscription, invoice["amount_due"], {})
        self._add(
            "invoice_payment",
            "inpay",
            invoice=invoice["id"],
            amount_paid=invoice["amount_due"],
            status="paid",
            payment={"type": "payment_intent", "payment_intent": intent["id"]},
        )
        self._tell("invoice.paid", invoice)

    def _pay_intent(self, payer: Json, amount: int, metadata: Json) -> Json:
        intent = self._add("payment_intent", "pi", status="succeeded", customer=payer["customer"], metadata=metadata)
        intent["latest_charge"] = self._charge(amount, intent)["id"]
        return intent

    def _charge(self, amount: int, intent: Json) -> Json:
        return self._add(
            "charge",
            "ch",
            amount=amount,
            amount_refunded=0,
            refunded=False,
            disputed=False,
            payment_intent=intent["id"],
            metadata=intent.get("metadata", {}),
        )

    def _add(self, kind: str, prefix: str, **content: Any) -> Json:
        return self._keep(kind, f"{prefix}_{next(self._numbers)}", **content)

    def _keep(self, kind: str, thing_id: str, **content: Any) -> Json:
        self.things[thing_id] = {"id": thing_id, "object": kind, "created": self._second(), **content}
        return self.things[thing_id]

    def _tell(self, kind: str, thing: Json, **former: Any) -> None:
        """As it is at this moment, whenever it arrives; `former` is what it was before."""
        told = copy.deepcopy({name: value for name, value in thing.items() if name not in ("wish", "line_items")})
        self.events.append(
            {
                "id": f"evt_{next(self._numbers)}",
                "object": "event",
                "type": kind,
                "created": self._second(),
                "api_version": "2026-10-28.endive",
                "data": {"object": told, "previous_attributes": former},
            }
        )

    def _second(self) -> int:
        return int(self.now().timestamp())


def _lines(amount: int, price_id: str, former: str) -> Json:
    """What is left of a former price is paid back, and the new one is paid for the same time."""
    parts = [(-1, former), (amount + 1, price_id)] if former else [(amount, price_id)]
    lines = [
        {"amount": part, "pricing": {"type": "price_details", "price_details": {"price": price}}}
        for part, price in parts
    ]
    return {"object": "list", "data": lines}


def _later(begin: int, price: Json) -> int:
    """A month or a year later, at the same time of the day."""
    at = datetime.fromtimestamp(begin, UTC)
    months = 12 if price["recurring"]["interval"] == "year" else 1
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    day = min(at.day, calendar.monthrange(year, month + 1)[1])
    return int(at.replace(year=year, month=month + 1, day=day).timestamp())
