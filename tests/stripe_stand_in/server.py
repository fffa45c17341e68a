"""The account over real sockets: the handful of addresses that Stripe's library calls, and signed calls of webhooks."""

import contextlib
import hashlib
import hmac
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import stripe
from aiohttp import web

from tests.stripe_stand_in.account import Json, StripeAccount

KEY, SECRET = "sk_test_stand_in", "whsec_stand_in"
NOT_RETRIED = {"Stripe-Should-Retry": "false"}


@dataclass
class StripeStandIn:
    """`is_down` answers nothing but errors; `denied` are paths that the key may not use; `asked` are the calls that
    came, as method and path; `portals` the portal sessions that were opened; `on_read` is called after each reading of
    a subscription or of disputes."""

    account: StripeAccount
    url: str = ""
    is_down: bool = False
    denied: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    portals: list[Json] = field(default_factory=list)
    on_read: Callable[[], Awaitable[None]] | None = None
    _answers: dict[str, Json] = field(default_factory=dict)

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", "/v1/{path:.*}", self._handle)]

    async def _handle(self, request: web.Request) -> web.Response:
        form = await request.text() if request.method == "POST" else request.query_string
        status, answer = await self.respond(request.method, request.path, request.headers, form)
        return web.json_response(answer, status=status, headers=NOT_RETRIED if status >= 400 else None)

    async def respond(self, method: str, path: str, headers: Mapping[str, str], text: str) -> tuple[int, Json]:
        self.asked.append(f"{method} {path}")
        if self.is_down:
            return _error(503, "the stand-in is down")
        if headers.get("Authorization") != f"Bearer {KEY}":
            return _error(401, "Invalid API Key provided")
        if path in self.denied:
            return _error(403, "The provided key does not have the required permissions for this endpoint")
        key = headers.get("Idempotency-Key", "") if method == "POST" else ""
        if key in self._answers:
            return 200, self._answers[key]
        try:
            found = self._answer(method, path, parse_form(text))
        except KeyError as missing:
            return _error(404, f"No such {missing.args[0]}", code="resource_missing", param=missing.args[0])
        if self.on_read and path.startswith(("/v1/subscriptions", "/v1/disputes")):
            await self.on_read()
        if key:
            self._answers[key] = found
        return 200, found

    def _answer(self, method: str, path: str, form: Json) -> Json:
        match method, path.removeprefix("/v1/"):
            case "POST", "checkout/sessions":
                return self._open_session(form)
            case "GET", "checkout/sessions":
                return self._list_sessions(form)
            case "GET", "invoices":
                return self._list_invoices(form)
            case "GET", "invoice_payments":
                return self._list_payments(form)
            case "GET", "disputes":
                return self._list_disputes(form)
            case "GET", "billing_portal/configurations":
                return _list(self.account.list("billing_portal.configuration"))
            case "POST", "billing_portal/configurations":
                return self._add_configuration(form)
            case "POST", "billing_portal/sessions":
                return self._open_portal(form)
            case "GET", thing if thing.startswith(("checkout/sessions/", "subscriptions/", "prices/")):
                return self._expanded(self.account.things[thing.rpartition("/")[2]], form)
            case _:
                raise KeyError(path)

    def _open_session(self, form: Json) -> Json:
        if "customer" in form and form["customer"] not in self.account.things:
            raise KeyError("customer")
        session = self.account.open_session(form)
        session["url"] = f"{self.url}/pay/{session['id']}"
        return session

    def _list_sessions(self, form: Json) -> Json:
        return _list(
            one for one in self.account.list("checkout.session") if one["payment_intent"] == form["payment_intent"]
        )

    def _list_invoices(self, form: Json) -> Json:
        """The newest first."""
        return _list(
            one
            for one in reversed(self.account.list("invoice"))
            if one["parent"]["subscription_details"]["subscription"] == form["subscription"]
            and one["status"] == form["status"]
            and one["created"] >= int(form["created"]["gte"])
        )

    def _list_payments(self, form: Json) -> Json:
        payment = form.get("payment", {}).get("payment_intent")
        found = (
            one
            for one in self.account.list("invoice_payment")
            if form.get("invoice") in (None, one["invoice"]) and payment in (None, one["payment"]["payment_intent"])
        )
        return self._expanded(_list(found), form)

    def _list_disputes(self, form: Json) -> Json:
        found = (
            one for one in self.account.list("dispute") if form.get("payment_intent") in (None, one["payment_intent"])
        )
        return self._expanded(_list(found), form)

    def _add_configuration(self, form: Json) -> Json:
        for product in form["features"]["subscription_update"]["products"]:
            intervals = [self.account.things[price]["recurring"]["interval"] for price in product["prices"]]
            assert len(set(intervals)) == len(intervals), "one price for each interval of a product"
            assert {self.account.things[price]["product"] for price in product["prices"]} == {product["product"]}
        return self.account._add("billing_portal.configuration", "bpc", active=True, **form)

    def _open_portal(self, form: Json) -> Json:
        assert form["configuration"] in self.account.things
        change = form.get("flow_data", {}).get("subscription_update_confirm")
        if change and self.account.things[change["subscription"]]["schedule"]:
            raise KeyError("a change is planned already")
        self.portals.append(form)
        return {
            "id": f"bps_{len(self.portals)}",
            "object": "billing_portal.session",
            "url": f"{self.url}/portal/{form['customer']}",
        }

    def _expanded(self, thing: Json, form: Json) -> Json:
        """A copy, with ids replaced by what they name along each of the paths that were asked for."""
        answer: Json = json.loads(json.dumps(thing))
        for path in form.get("expand", []):
            self._expand(answer, path.split("."))
        return answer

    def _expand(self, thing: Json, path: list[str]) -> None:
        assert len(path) <= 4, "Stripe expands four levels and no more"
        name, *rest = path
        for one in thing["data"] if name == "data" else []:
            self._expand(one, rest)
        if name == "data":
            return
        if isinstance(thing[name], str):
            thing[name] = json.loads(json.dumps(self.account.things[thing[name]]))
        if rest and thing[name]:
            self._expand(thing[name], rest)


class DirectLine(stripe.HTTPClient):  # type: ignore[misc]  # the library's types are not read
    """Stripe's library asks the stand-in without a socket between them."""

    name = "direct"

    def __init__(self, stand_in: StripeStandIn) -> None:
        super().__init__()
        self._stand_in = stand_in

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: str | None = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        address = urlsplit(url)
        text = (post_data or "") if method.upper() == "POST" else address.query
        status, answer = await self._stand_in.respond(method.upper(), address.path, headers, text)
        return json.dumps(answer).encode(), status, NOT_RETRIED if status >= 400 else {}


@contextlib.asynccontextmanager
async def stand_in(now: Callable[[], datetime]) -> AsyncIterator[StripeStandIn]:
    opened = StripeStandIn(StripeAccount(now))
    app = web.Application()
    app.add_routes(opened.routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        opened.url = f"http://{host}:{port}"
        yield opened
    finally:
        await runner.cleanup()


def signed(event: Json, *, secret: str = SECRET, age: int = 0) -> tuple[bytes, str]:
    """The body of a call and its `Stripe-Signature`, made by hand: HMAC-SHA256 of the time, a dot and the body."""
    body, at = json.dumps(event).encode(), int(time.time()) - age
    mark = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return body, f"t={at},v1={mark}"


async def deliver(event: Json, url: str, *, secret: str = SECRET, age: int = 0) -> int:
    """Calls a webhook; the status that it answers with."""
    body, signature = signed(event, secret=secret, age=age)
    async with aiohttp.ClientSession() as session:
        headers = {"Stripe-Signature": signature, "Content-Type": "application/json"}
        async with session.post(url, data=body, headers=headers) as answer:
            return answer.status


def parse_form(text: str) -> Json:
    """`a[b][0][c]=d` as nested dictionaries; those that are numbered become lists."""
    root: Json = {}
    for key, value in parse_qsl(text):
        name, *path = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", key)
        place, steps = root, [name, *path]
        for step in steps[:-1]:
            place = place.setdefault(step, {})
        last = steps[-1] or str(len(place))
        place[last] = value
    return {name: _listed(value) for name, value in root.items()}


def _listed(value: object) -> object:
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(one) for name, one in value.items()}
    return list(inner.values()) if inner and all(name.isdecimal() for name in inner) else inner


def _list(things: Iterable[Json]) -> Json:
    return {"object": "list", "data": list(things), "has_more": False, "url": "/v1/things"}


def _error(status: int, message: str, **more: str) -> tuple[int, Json]:
    error = {"type": "invalid_request_error" if status < 500 else "api_error", "message": message, **more}
    return status, {"error": error}
