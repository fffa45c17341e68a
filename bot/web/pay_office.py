"""Signed links that lead one member to where they pay. Nothing but the link remembers it, and nothing is opened before
a visit."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from itsdangerous import BadSignature, SignatureExpired, TimestampSigner, URLSafeTimedSerializer

from bot.domain.errors import StudioError
from bot.domain.job import UserId
from bot.domain.plan import Article

DAY = 24 * 60 * 60
BUY_SECONDS = DAY
"""As long as Stripe keeps a checkout open."""
MANAGE_SECONDS = 7 * DAY
"""For whoever reads of a failed payment some days later."""


class InvalidPayLink(StudioError):
    title = "Invalid link"


@dataclass(frozen=True, slots=True)
class PayTicket:
    """`key` tells two links for the same article apart: each opens one checkout."""

    user_id: UserId
    price_id: str = ""
    key: str = ""
    locale: str = ""


class PaymentOffice:
    """Implements `ports.PaymentLinks`. Links end when the secret changes."""

    def __init__(self, secret: str, address: str, clock: Callable[[], int] = lambda: int(time.time())) -> None:
        class Signer(TimestampSigner):
            def get_timestamp(self) -> int:
                return clock()

        self.address = address.rstrip("/")
        self._serializer = URLSafeTimedSerializer(secret, salt="easel.payments", signer=Signer)

    def buy(self, user_id: UserId, article: Article, locale: str) -> str:
        content = {"u": user_id, "p": article.id, "x": secrets.token_urlsafe(12), "l": locale}
        return f"{self.address}/buy/{self._serializer.dumps(content)}"

    def manage(self, user_id: UserId) -> str:
        return f"{self.address}/manage/{self._serializer.dumps({'u': user_id})}"

    def read_buy(self, token: str) -> PayTicket:
        """Raises `InvalidPayLink` for what is forged, too old, or for something else."""
        content = self._read(token, BUY_SECONDS)
        if "p" not in content:
            raise InvalidPayLink("This link does not lead to anything that is sold. `/subscribe` has new ones.")
        return PayTicket(UserId(content["u"]), content["p"], content["x"], content["l"])

    def read_manage(self, token: str) -> PayTicket:
        """Raises `InvalidPayLink` for what is forged, too old, or for something else."""
        content = self._read(token, MANAGE_SECONDS)
        if "p" in content:
            raise InvalidPayLink("This link leads to a purchase. `/subscribe` has new ones.")
        return PayTicket(UserId(content["u"]))

    def _read(self, token: str, max_age: int) -> dict[str, Any]:
        try:
            content: dict[str, Any] = self._serializer.loads(token, max_age=max_age)
        except SignatureExpired:
            raise InvalidPayLink("This link has ended. `/subscribe` has new ones.") from None
        except BadSignature:
            raise InvalidPayLink("This link is not one of ours. `/subscribe` has new ones.") from None
        return content
