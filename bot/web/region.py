"""The page on which a member paints the part of a picture that is to be drawn anew."""

import base64
import binascii
import html
import secrets
from collections.abc import Awaitable, Callable
from pathlib import Path
from string import Template

import structlog
from aiohttp import web

from bot.domain.errors import StudioError, UnreadablePicture
from bot.domain.gallery import Picture
from bot.domain.job import Job, PictureRef
from bot.usecases.region_page import close_page, open_page, reopen_page
from bot.usecases.studio import Studio
from bot.usecases.submit_region import submit_region
from bot.web.region_words import page_words, script_words
from bot.web.tickets import Ticket, TicketOffice
from bot.words import language_code, say, speak, spoken
from bot.words.language import preferred_locale

log = structlog.get_logger(__name__)

STATIC = Path(__file__).parent / "static"
PAGE = Template((STATIC / "region.html").read_text(encoding="utf-8"))
MAX_PROMPT = 6_000
SAFETY = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}

Announce = Callable[[Job], Awaitable[None]]
"""Shows a new job in its channel, and lets the work begin."""


class RegionPage:
    def __init__(self, studio: Studio, office: TicketOffice, announce: Announce) -> None:
        self._studio = studio
        self._office = office
        self._announce = announce

    def routes(self) -> list[web.RouteDef | web.StaticDef]:
        return [
            web.get("/region/{token}", self.show),
            web.get("/region/{token}/picture", self.send_picture),
            web.post("/region/{token}", self.submit),
            web.static("/static", STATIC),
        ]

    def _read_ticket(self, request: web.Request) -> Ticket:
        """Its member's language is that of the page from here on. Raises `InvalidTicket`."""
        ticket = self._office.read(request.match_info["token"])
        if ticket.place.locale:
            speak(ticket.place.locale)
        return ticket

    async def show(self, request: web.Request) -> web.Response:
        ticket = self._read_ticket(request)
        picture, prompt = await open_page(_picture_of(ticket), ticket.place.user_id, studio=self._studio)
        page = PAGE.substitute(
            token=html.escape(request.match_info["token"]),
            prompt=html.escape(prompt),
            width=picture.width,
            height=picture.height,
            lang=language_code(),
            words=html.escape(script_words()),
            **{place: html.escape(text) for place, text in page_words().items()},
        )
        return web.Response(text=page, content_type="text/html")

    async def send_picture(self, request: web.Request) -> web.Response:
        ticket = self._read_ticket(request)
        picture, _ = await open_page(_picture_of(ticket), ticket.place.user_id, studio=self._studio)
        return web.Response(body=await self._read(picture), content_type="image/png")

    async def _read(self, picture: Picture) -> bytes:
        return await self._studio.store.get(picture.store_key)

    async def submit(self, request: web.Request) -> web.Response:
        """Each link once: what was sent twice is drawn once."""
        ticket = self._read_ticket(request)
        mask, wording = _read_form(await request.json())
        await close_page(ticket.nonce, ticket.place, studio=self._studio)
        try:
            job = await submit_region(
                ticket.button, mask, ticket.place, ticket.pressed, studio=self._studio, wording=wording
            )
        except StudioError:
            await reopen_page(ticket.nonce, ticket.place.user_id, studio=self._studio)
            raise
        await self._announce(job)
        return web.json_response({"message": say("On its way. You find it in the chat; this page can be closed.")})


def _picture_of(ticket: Ticket) -> PictureRef:
    return PictureRef(ticket.button.job_id, ticket.button.index)


def _read_form(form: object) -> tuple[bytes, str | None]:
    """Raises `UnreadablePicture`."""
    fields = form if isinstance(form, dict) else {}
    try:
        mask = base64.b64decode(str(fields.get("mask", "")).rpartition(",")[2], validate=True)
    except binascii.Error:
        raise UnreadablePicture("The painted part did not arrive. Please send it again.") from None
    wording = str(fields.get("prompt") or "").strip()[:MAX_PROMPT]
    return mask, wording or None


@web.middleware
async def answer_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """The boundary of every request: a sentence for people, an incident id for what nobody expected."""
    speak(preferred_locale(request.headers.get("Accept-Language", "")))
    try:
        response = await handler(request)
    except StudioError as error:
        response = _told(request, 400, error.title, spoken(error.sentence))
    except web.HTTPException as answer:
        answer.headers.update(SAFETY)
        raise
    except ValueError:
        response = _told(
            request, 400, "Invalid request", say("That was not sent by this page. Reload it and try again.")
        )
    except Exception:
        incident = secrets.token_hex(4)
        log.exception("page failed", incident=incident, path=request.path.split("/")[1])
        response = _told(
            request, 500, "Sorry, something went wrong", say("The studio has noted it as {id}.", id=incident)
        )
    response.headers.update(SAFETY)
    return response


def _told(request: web.Request, status: int, title: str, sentence: str) -> web.Response:
    if request.method == "POST":
        return web.json_response({"title": title, "message": sentence}, status=status)
    page = f"<!doctype html><html lang={language_code()}><title>{html.escape(title)}</title>" + (
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        '<link rel="stylesheet" href="/static/region.css">'
        f"<main class=told><h1>{html.escape(title)}</h1><p>{html.escape(sentence)}</p></main></html>"
    )
    return web.Response(text=page, status=status, content_type="text/html")
