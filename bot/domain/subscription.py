"""What Stripe says that a member pays for, whole and as of one reading, and the plan that it makes. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.dispute import Dispute
from bot.domain.job import UserId
from bot.domain.plan import Article, Catalogue, Entitlement

SOURCE = "stripe"
MOMENT = timedelta(microseconds=1)


class PayState(StrEnum):
    PENDING = "pending"  # not paid for yet: gives nothing
    PAID = "paid"
    FAILED = "failed"  # a payment is due that did not succeed
    DISPUTED = "disputed"  # a bank asks for the payment back, and that is not settled
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Payment:
    """For a period from its beginning or, with a `former_price_id`, for a raise within it. In the smallest unit of its
    currency; what a bank took back for good is refunded."""

    price_id: str
    at: datetime
    paid: int
    refunded: int = 0
    former_price_id: str = ""


@dataclass(frozen=True, slots=True)
class Subscription:
    """`starts_at` is what its months are counted from. `ends_at` None goes on. `payments` are those of the current
    period, until `paid_until`, oldest first. `locale` is that of whoever bought it, as Discord names it."""

    id: str
    user_id: UserId
    customer_id: str
    price_id: str
    state: PayState
    starts_at: datetime
    ends_at: datetime | None = None
    payments: tuple[Payment, ...] = ()
    paid_until: datetime | None = None
    locale: str = ""

    @property
    def reference(self) -> str:
        return reference_of(self.id)

    @property
    def paid(self) -> int:
        return sum(payment.paid for payment in self.payments)

    @property
    def refunded(self) -> int:
        return sum(payment.refunded for payment in self.payments)

    @property
    def is_refunded(self) -> bool:
        """Whole: what was paid for the current period went back."""
        return 0 < self.paid <= self.refunded


@dataclass(frozen=True, slots=True)
class Order:
    """Something that is paid for once. `id` is that of the checkout session. `disputes` are not part of `refunded`."""

    id: str
    user_id: UserId
    customer_id: str | None
    price_id: str
    quantity: int
    state: PayState
    bought_at: datetime
    paid: int = 0
    refunded: int = 0
    disputes: tuple[Dispute, ...] = ()
    locale: str = ""

    @property
    def reference(self) -> str:
        return reference_of(self.id)


def reference_of(stripe_id: str) -> str:
    return f"{SOURCE}:{stripe_id}"


def id_of(reference: str) -> str:
    return reference.removeprefix(f"{SOURCE}:")


def plan_after(
    known: Entitlement | None, subscription: Subscription, article: Article, now: datetime
) -> Entitlement | None:
    """The plan as it is known from now on; None when there is none. Its `as_of` is later than any before.

    Until it is paid for again, the plan that was paid for last stays, paused. One whose money went back has ended,
    until the next period is paid for.
    """
    if subscription.state is PayState.PENDING:
        return known
    as_of = max(now, known.as_of + MOMENT) if known else now
    owned = known or Entitlement(
        subscription.user_id,
        article.plan,
        SOURCE,
        subscription.starts_at,
        subscription.reference,
        as_of,
        billing=article.billing,
    )
    owned = replace(owned, paid=subscription.paid, refunded=subscription.refunded, paid_until=subscription.paid_until)
    if subscription.state is PayState.ENDED or subscription.is_refunded:
        return replace(owned, ends_at=_end_of(subscription, known, now), as_of=as_of, is_paused=False)
    if subscription.state in (PayState.FAILED, PayState.DISPUTED):
        return replace(owned, ends_at=subscription.ends_at, as_of=as_of, is_paused=True)
    return replace(
        owned,
        plan_name=article.plan,
        starts_at=subscription.starts_at,
        ends_at=subscription.ends_at,
        as_of=as_of,
        billing=article.billing,
        is_paused=False,
    )


def _end_of(subscription: Subscription, known: Entitlement | None, now: datetime) -> datetime:
    """The first end that we heard of, for what was used until then stays used."""
    ends = [now, subscription.ends_at, known.ends_at if known else None]
    return min(end for end in ends if end is not None)


class Change(StrEnum):
    """What a new reading comes to, for the ledger and for the member."""

    NONE = "none"
    BEGUN = "begun"
    RAISED = "raised"  # a higher plan, within the month that it changed in
    CHANGED = "changed"  # another plan, or a month that begins anew
    PAUSED = "paused"
    RESUMED = "resumed"
    ENDING = "ending"  # at the end of what is paid for
    GOES_ON = "goes on"  # it was to end, and does not
    ENDED = "ended"


def change_of(before: Entitlement | None, after: Entitlement, catalogue: Catalogue, now: datetime) -> Change:
    """`ENDED` also for what never began, so that nothing of it is given."""
    is_over = after.ends_at is not None and after.ends_at <= now
    was_over = before is None or (before.ends_at is not None and before.ends_at <= now)
    if is_over:
        return Change.NONE if was_over else Change.ENDED
    if before is None or was_over:
        return Change.PAUSED if after.is_paused else Change.BEGUN
    if (before.plan_name, before.starts_at) != (after.plan_name, after.starts_at):
        return Change.RAISED if _is_raise(before, after, catalogue) else Change.CHANGED
    if before.is_paused != after.is_paused:
        return Change.PAUSED if after.is_paused else Change.RESUMED
    if before.ends_at != after.ends_at:
        return Change.ENDING if after.ends_at else Change.GOES_ON
    return Change.NONE


def _is_raise(before: Entitlement, after: Entitlement, catalogue: Catalogue) -> bool:
    """Where the months begin anew the new plan is paid for whole; where they do not, for the rest of the month."""
    former, new = catalogue.find_plan(before.plan_name), catalogue.find_plan(after.plan_name)
    return before.starts_at == after.starts_at and former is not None and new is not None and former.rank < new.rank
