"""Signed links: who may paint on which picture, and where the answer goes. Nothing but the link remembers it."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from itsdangerous import BadSignature, SignatureExpired, TimestampSigner, URLSafeTimedSerializer

from bot.domain.buttons import Button, parse_button
from bot.domain.errors import StudioError
from bot.domain.job import MessageRef, UserId
from bot.domain.place import Place

LIFETIME_SECONDS = 60 * 60


class InvalidTicket(StudioError):
    title = "Invalid link"


@dataclass(frozen=True, slots=True)
class Ticket:
    """`nonce` tells two links apart that are for the same picture: each may be used once."""

    button: Button
    place: Place
    pressed: MessageRef
    nonce: str


class TicketOffice:
    """Implements `ports.RegionLinks`. Links end when the secret changes, and after an hour in any case."""

    def __init__(self, secret: str, address: str, clock: Callable[[], int] = lambda: int(time.time())) -> None:
        class Signer(TimestampSigner):
            def get_timestamp(self) -> int:
                return clock()

        self._address = address.rstrip("/")
        self._serializer = URLSafeTimedSerializer(secret, salt="easel.region", signer=Signer)

    def link(self, button: Button, place: Place, pressed: MessageRef) -> str:
        content = {
            "b": button.custom_id,
            "u": place.user_id,
            "n": place.user_name,
            "c": place.channel_id,
            "g": place.guild_id,
            "r": sorted(place.role_ids),
            "l": place.locale,
            "m": pressed.message_id,
            "x": secrets.token_urlsafe(12),
        }
        return f"{self._address}/region/{self._serializer.dumps(content)}"

    def read(self, token: str) -> Ticket:
        """Raises `InvalidTicket` for what is forged or too old."""
        try:
            content = self._serializer.loads(token, max_age=LIFETIME_SECONDS)
        except SignatureExpired:
            raise InvalidTicket("This link has ended. Press Vary (Region) again for a new one.") from None
        except BadSignature:
            raise InvalidTicket("This link is not one of ours. Press Vary (Region) under a picture.") from None
        button = parse_button(content["b"])
        if button is None:
            raise InvalidTicket("This link is from another version. Press Vary (Region) again.")
        place = Place(
            UserId(content["u"]),
            content["n"],
            content["c"],
            content["g"],
            frozenset(content["r"]),
            locale=content.get("l", ""),
        )
        return Ticket(button, place, MessageRef(content["c"], content["m"]), content["x"])
