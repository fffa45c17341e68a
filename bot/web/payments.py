"""The way to where members pay, and the door at which the payment service tells of payments."""

import html

import structlog
from aiohttp import web

from bot.domain.errors import StudioError
from bot.domain.said import Said
from bot.usecases.buying import open_checkout, open_portal
from bot.usecases.payments import take_event
from bot.usecases.studio import Studio
from bot.usecases.till import ForgedEvent, Till, TillClosed
from bot.web.pay_office import PaymentOffice
from bot.words import language_code, speak, spoken

log = structlog.get_logger(__name__)

MAX_EVENT_BYTES = 512 * 1024
BACK = {
    "/paid": Said("Thank you! What you bought is on its way; the bot tells you when it has arrived."),
    "/not-paid": Said("Nothing was bought. `/subscribe` leads back at any time."),
    "/changed": Said("That was all. `/info` in the chat shows what you have."),
}


class NotSold(StudioError):
    title = "No longer sold"

    def __init__(self) -> None:
        super().__init__("This is no longer sold. `/subscribe` shows what is.")


class NoCustomer(StudioError):
    title = "Nothing to manage"

    def __init__(self) -> None:
        super().__init__("You have bought nothing so far. `/subscribe` shows what is sold.")


class PaymentPages:
    def __init__(self, studio: Studio, office: PaymentOffice, till: Till) -> None:
        self._studio = studio
        self._office = office
        self._till = till

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/buy/{token}", self.buy, allow_head=False),  # who looks whether a link works opens nothing
            web.get("/manage/{token}", self.manage, allow_head=False),
            web.post("/stripe", self.hear),
            *(web.get(path, self.come_back) for path in BACK),
        ]

    async def buy(self, request: web.Request) -> web.StreamResponse:
        ticket = self._office.read_buy(request.match_info["token"])
        speak(ticket.locale)
        url = await open_checkout(
            ticket.user_id, ticket.price_id, ticket.key, ticket.locale, self._till, studio=self._studio
        )
        if url is None:
            raise NotSold
        return _go(url)

    async def manage(self, request: web.Request) -> web.StreamResponse:
        ticket = self._office.read_manage(request.match_info["token"])
        url = await open_portal(ticket.user_id, self._till, studio=self._studio)
        if url is None:
            raise NoCustomer
        return _go(url)

    async def come_back(self, request: web.Request) -> web.Response:
        page = (
            f'<!doctype html><html lang="{language_code()}"><title>Easel</title>'
            '<meta name="viewport" content="width=device-width, initial-scale=1">'
            '<link rel="stylesheet" href="/static/region.css">'
            f"<main class=told><p>{html.escape(spoken(BACK[request.path]))}</p></main></html>"
        )
        return web.Response(text=page, content_type="text/html")

    async def hear(self, request: web.Request) -> web.Response:
        """Taken in before it is answered. What is not answered with 200 is told again for days, so trouble of ours
        is no reason to lose a payment."""
        body = await _read_within(request, MAX_EVENT_BYTES)
        try:
            event = self._till.read_event(body, request.headers.get("Stripe-Signature", ""))
        except ForgedEvent as forgery:
            log.warning("forged payment event", why=str(forgery)[:200])
            return web.Response(status=400, text="not signed by Stripe for us, or too old")
        try:
            taken = await take_event(event, self._till, studio=self._studio)
        except TillClosed as trouble:
            log.warning("payment event left for later", payment_event=event.id, why=trouble.why)
            return web.Response(status=503, text="Stripe could not be asked; tell again later")
        log.info("payment event", payment_event=event.id, kind=event.kind, taken=taken)
        return web.Response(text="ok")


async def _read_within(request: web.Request, limit: int) -> bytes:
    """The bytes as they came, for they are what is signed. The announced length may be missing or wrong."""
    body = bytearray()
    async for chunk in request.content.iter_chunked(64 * 1024):
        body += chunk
        if len(body) > limit:
            raise web.HTTPRequestEntityTooLarge(limit, len(body))
    return bytes(body)


def _go(url: str) -> web.Response:
    return web.Response(status=303, headers={"Location": url})
