"""Stripe behind `ports.Till`: what it is asked, and how its refusals are told. Reads nothing out of the answers."""

import contextlib
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from typing import Any

import aiohttp
import stripe

from bot.domain.job import UserId
from bot.domain.payment_event import PaymentEvent, Subject, SubjectKind
from bot.domain.plan import Article, Catalogue
from bot.domain.subscription import Order, Subscription
from bot.payments import reading
from bot.payments.portal import portal_features, portal_name
from bot.usecases.till import ForgedEvent, TillClosed

TOLERANCE_SECONDS = 300
"""How old what Stripe signed may be."""
SECONDS = aiohttp.ClientTimeout(total=20)
RETRIES = 2
MOST_PRODUCTS = 10
"""That Stripe's portal offers to change to."""


class StripeTill:
    """Implements `ports.Till`. `home` is the address of our pages."""

    def __init__(
        self, client: stripe.StripeClient, webhook_secret: str, home: str, catalogue: Catalogue, portal: str = ""
    ) -> None:
        self._api = client.v1
        self._webhook_secret = webhook_secret
        self._home = home.rstrip("/")
        self._catalogue = catalogue
        self._portal = portal

    def read_event(self, body: bytes, signature: str) -> PaymentEvent:
        try:
            event = stripe.Webhook.construct_event(body, signature, self._webhook_secret, TOLERANCE_SECONDS)
            return reading.read_event(event.to_dict())
        except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError) as forgery:
            raise ForgedEvent(str(forgery)) from None

    async def find_subject(self, payment_id: str) -> Subject | None:
        """A payment is that of a checkout, or of an invoice of a subscription."""
        with _answers():
            sessions = await self._api.checkout.sessions.list_async({"payment_intent": payment_id, "limit": 1})
            if sessions.data:
                return Subject(SubjectKind.ORDER, str(sessions.data[0].id))
            payments = await self._api.invoice_payments.list_async(
                {
                    "payment": {"type": "payment_intent", "payment_intent": payment_id},
                    "expand": ["data.invoice"],
                    "limit": 1,
                }
            )
        return reading.subject_of_invoice(payments.data[0].to_dict()["invoice"]) if payments.data else None

    async def subscription(self, subscription_id: str) -> Subscription | None:
        with _answers():
            found = await _unless_gone(self._api.subscriptions.retrieve_async(subscription_id))
            if found is None or reading.user_of(content := found.to_dict()) is None:
                return None
            invoices = [invoice async for invoice in self._invoices(content)]
            intents = [payment["payment"].get("payment_intent") for _, paid in invoices for payment in paid]
            disputed = [dispute async for dispute in self._disputes(intents)]
        return reading.read_subscription(content, invoices, disputed)

    async def _invoices(
        self, subscription: dict[str, Any]
    ) -> AsyncIterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
        """Those for the current period, of its beginning and of each raise in it, with their payments. Stripe names
        the newest first; of several in one second the order decides."""
        invoices = await self._api.invoices.list_async(
            {
                "subscription": subscription["id"],
                "status": "paid",
                "created": {"gte": reading.period_of(subscription)},
                "limit": 100,
            }
        )
        for invoice in reversed(invoices.data):
            payments = await self._api.invoice_payments.list_async(
                {"invoice": invoice.id, "expand": ["data.payment.payment_intent.latest_charge"]}
            )
            yield invoice.to_dict(), [payment.to_dict() for payment in payments.data]

    async def order(self, order_id: str) -> Order | None:
        expanded = ["line_items", "payment_intent.latest_charge"]
        with _answers():
            session = await _unless_gone(self._api.checkout.sessions.retrieve_async(order_id, {"expand": expanded}))
            if session is None:
                return None
            content = session.to_dict()
            disputed = [dispute async for dispute in self._disputes([content.get("payment_intent")])]
        return reading.read_order(content, disputed)

    async def _disputes(self, intents: Iterable[object]) -> AsyncIterator[dict[str, Any]]:
        for intent in intents:
            if payment_id := reading.disputed_payment_of(intent):
                disputes = await self._api.disputes.list_async({"payment_intent": payment_id, "limit": 100})
                for dispute in disputes.data:
                    yield dispute.to_dict()

    async def open_checkout(
        self, user_id: UserId, article: Article, customer_id: str | None, key: str, locale: str
    ) -> str:
        owner = {reading.OWNER: str(user_id), reading.LOCALE: locale}
        session: dict[str, Any] = {
            "mode": "subscription" if article.plan else "payment",
            "line_items": [{"price": article.id, "quantity": 1}],
            "client_reference_id": str(user_id),
            "metadata": owner,
            "success_url": f"{self._home}/paid",
            "cancel_url": f"{self._home}/not-paid",
        }
        if article.plan:
            session["subscription_data"] = {"metadata": owner}
        else:
            session["payment_intent_data"] = {"metadata": owner}
        with _answers():
            opened = await self._open_session(session, customer_id, f"easel-{key}")
        return str(opened.url)

    async def _open_session(self, session: dict[str, Any], customer_id: str | None, key: str) -> Any:
        """A customer whom an operator has deleted at Stripe begins anew there. Other wishes take other keys."""
        create = self._api.checkout.sessions.create_async
        if customer_id:
            try:
                return await create({**session, "customer": customer_id}, {"idempotency_key": f"{key}-{customer_id}"})
            except stripe.InvalidRequestError as refusal:
                if refusal.param != "customer":
                    raise
        known_after = {"customer_creation": "always"} if session["mode"] == "payment" else {}
        return await create({**session, **known_after}, {"idempotency_key": key})

    async def open_portal(self, customer_id: str, change: tuple[str, str] | None = None) -> str:
        with _answers():
            request: dict[str, Any] = {
                "customer": customer_id,
                "configuration": await self._configuration(),
                "return_url": f"{self._home}/changed",
            }
            flow = {"flow_data": await self._flow(*change)} if change is not None else {}
            try:
                opened = await self._api.billing_portal.sessions.create_async({**request, **flow})
            except stripe.InvalidRequestError:
                if not flow:
                    raise
                # such as while a lower plan is planned: the portal itself shows what can be done
                opened = await self._api.billing_portal.sessions.create_async(request)
        return str(opened.url)

    async def _flow(self, subscription_id: str, price_id: str) -> dict[str, Any]:
        subscription = (await self._api.subscriptions.retrieve_async(subscription_id)).to_dict()
        item = {"id": subscription["items"]["data"][0]["id"], "price": price_id, "quantity": 1}
        return {
            "type": "subscription_update_confirm",
            "subscription_update_confirm": {"subscription": subscription_id, "items": [item]},
        }

    async def _configuration(self) -> str:
        """The operator's, or one of our own: the same one for all processes and all time, as long as our rules and the
        articles stay the same."""
        if self._portal:
            return self._portal
        features = portal_features(await self._products())
        name = portal_name(features)
        known = await self._api.billing_portal.configurations.list_async({"active": True, "limit": 100})
        mine = [one.id for one in known.data if (one.to_dict().get("metadata") or {}).get(reading.PORTAL) == name]
        if not mine:
            created = await self._api.billing_portal.configurations.create_async(
                {"features": features, "metadata": {reading.PORTAL: name}}, {"idempotency_key": f"easel-portal-{name}"}
            )
            mine = [created.id]
        self._portal = str(mine[0])
        return self._portal

    async def _products(self) -> dict[str, list[str]]:
        """The prices of plans by the product that they belong to; of each, Stripe takes one for an interval."""
        products: dict[str, list[str]] = {}
        for article in self._catalogue.price_tags:
            if article.plan and article.is_offered:
                price = (await self._api.prices.retrieve_async(article.id)).to_dict()
                products.setdefault(str(price["product"]), []).append(article.id)
        return dict(list(products.items())[:MOST_PRODUCTS])


async def _unless_gone(question: Coroutine[Any, Any, Any]) -> Any:
    """None when there is no such thing, or not in this mode: keys for tests do not see what is real."""
    try:
        return await question
    except stripe.InvalidRequestError as refusal:
        if refusal.http_status == 404:
            return None
        raise


@contextlib.contextmanager
def _answers() -> Iterator[None]:
    try:
        yield
    except (stripe.StripeError, aiohttp.ClientError, TimeoutError) as trouble:
        raise TillClosed(str(trouble)) from trouble


@contextlib.asynccontextmanager
async def stripe_client(key: str, api_url: str = "") -> AsyncIterator[stripe.StripeClient]:
    """Another `api_url` than the real one is a stand-in's."""
    async with aiohttp.ClientSession(timeout=SECONDS) as session:
        line = stripe.AIOHTTPClient(session=session, timeout=SECONDS)
        addresses = {"base_addresses": {"api": api_url.rstrip("/")}} if api_url else {}
        yield stripe.StripeClient(key, http_client=line, max_network_retries=RETRIES, **addresses)
