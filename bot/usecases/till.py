"""What the use cases need of a payment service, as a Protocol: bot.payments implements it."""

from typing import Protocol

from bot.domain.errors import StudioError
from bot.domain.job import UserId
from bot.domain.payment_event import PaymentEvent, Subject
from bot.domain.plan import Article
from bot.domain.subscription import Order, Subscription


class TillClosed(StudioError):
    """The payment service does not answer, or refuses us. Worth another try."""

    title = "Please try again later"

    def __init__(self, why: str) -> None:
        super().__init__("The payment service does not answer at the moment. Nothing was paid; please try again later.")
        self.why = why


class ForgedEvent(Exception):
    """It does not come from the payment service, was altered on the way, or is too old."""


class Till(Protocol):
    """The payment service. Raises `TillClosed` when it does not answer."""

    def read_event(self, body: bytes, signature: str) -> PaymentEvent:
        """Raises `ForgedEvent`."""
        ...

    async def find_subject(self, payment_id: str) -> Subject | None:
        """What a payment was for, as far as it is ours."""
        ...

    async def subscription(self, subscription_id: str) -> Subscription | None:
        """As it is now; None when it is not one of our members'."""
        ...

    async def order(self, order_id: str) -> Order | None:
        """As it is now; None when it is not one of our members'."""
        ...

    async def open_checkout(
        self, user_id: UserId, article: Article, customer_id: str | None, key: str, locale: str
    ) -> str:
        """The address of a page on which this member can pay. The same `key` opens one. `locale` is remembered with
        what is bought."""
        ...

    async def open_portal(self, customer_id: str, change: tuple[str, str] | None = None) -> str:
        """The address of the page on which a customer sees to what they have; with a `change`, to change this
        subscription to that price."""
        ...


class PaymentLinks(Protocol):
    """Addresses of ours that lead one member, and nobody else, to where they pay. Nothing is opened before a visit."""

    def buy(self, user_id: UserId, article: Article, locale: str) -> str: ...
    def manage(self, user_id: UserId) -> str: ...
