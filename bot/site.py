"""Our own pages, where the settings ask for any: the brush, and paying. Their address is known before they are served,
for links are made of it."""

import contextlib
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import partial

import structlog

from bot.config import Config
from bot.domain.job import Job
from bot.tasks import BackgroundTasks
from bot.ui.answering import begin, post_waiting
from bot.ui.client import Client
from bot.usecases.payments import catch_up
from bot.usecases.studio import Studio
from bot.usecases.till import Till, TillClosed
from bot.web.pay_office import PaymentOffice
from bot.web.payments import PaymentPages
from bot.web.region import RegionPage
from bot.web.server import address_of, bind, serving
from bot.web.tickets import TicketOffice

log = structlog.get_logger(__name__)

LOCAL = "local"
"""As a public address: this machine only."""


class WebUnavailable(Exception):
    """Our pages cannot be served where the settings say; the message says what to change."""


@dataclass(frozen=True, slots=True)
class Site:
    """Bound, but not served yet. `pay_office` is None where nothing is sold on it."""

    bound: socket.socket
    office: TicketOffice
    pay_office: PaymentOffice | None


@contextlib.contextmanager
def bound_site(config: Config) -> Iterator[Site | None]:
    """None where the settings name no public address. Raises `WebUnavailable`."""
    if config.stripe.prices and not sells_by_stripe(config):
        log.warning("Stripe is not used: its keys are not in the environment")
    if not config.web.public_url:
        yield None
        return
    with _bind(config) as bound:
        address = address_of(bound) if config.web.public_url == LOCAL else config.web.public_url
        office = TicketOffice(_secret(config), address)
        yield Site(bound, office, PaymentOffice(_secret(config), address) if sells_by_stripe(config) else None)


def _bind(config: Config) -> socket.socket:
    try:
        return bind(config.web.host, config.web.port)
    except OSError as trouble:
        place = f"{config.web.host}:{config.web.port}"
        raise WebUnavailable(
            f"Our pages cannot be served on {place}: {trouble}. Change [web] in the settings."
        ) from trouble


def _secret(config: Config) -> str:
    """Without one of the operator's, links end with this process."""
    return config.web_secret.get_secret_value() if config.web_secret else secrets.token_urlsafe(32)


def sells_by_stripe(config: Config) -> bool:
    return bool(config.stripe.prices and config.stripe_key and config.stripe_webhook_secret)


@contextlib.asynccontextmanager
async def served(
    site: Site, config: Config, studio: Studio, client: Client, loops: BackgroundTasks
) -> AsyncIterator[None]:
    async with contextlib.AsyncExitStack() as stack:
        routes = RegionPage(studio, site.office, partial(_announce, client, studio)).routes()
        if site.pay_office:
            till = await stack.enter_async_context(_opened_till(config, site.pay_office, studio))
            routes += PaymentPages(studio, site.pay_office, till).routes()
            loops.start(_catch_up(till, studio), name="catching up with payments")
        await stack.enter_async_context(serving(site.bound, routes))
        yield


async def _announce(client: Client, studio: Studio, job: Job) -> None:
    await begin(job, await post_waiting(client, job), studio=studio)


@contextlib.asynccontextmanager
async def _opened_till(config: Config, office: PaymentOffice, studio: Studio) -> AsyncIterator[Till]:
    from bot.payments.till import StripeTill, stripe_client  # a quarter of a second that most studios do without

    assert config.stripe_key
    assert config.stripe_webhook_secret
    secret = config.stripe_webhook_secret.get_secret_value()
    async with stripe_client(config.stripe_key.get_secret_value(), config.stripe.api_url) as client:
        yield StripeTill(client, secret, office.address, studio.catalogue, config.stripe.portal)


async def _catch_up(till: Till, studio: Studio) -> None:
    """For what Stripe could not tell us while we were away for longer than it tries."""
    try:
        log.info("payments read", subscriptions=await catch_up(till, studio=studio))
    except TillClosed as trouble:
        log.warning("payments not read", why=trouble.why)
