"""Puts the program together (database, store, engine, client, dispatcher, courier) and takes it apart again."""

import asyncio
import contextlib
import secrets
import socket
import uuid
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import aiohttp
import discord
import structlog
import yarl

from bot.config import TOKEN_VARIABLE, Config, ReactionSettings
from bot.db.database import SqlDatabase, held_alone, migrate, open_database
from bot.db.wakes import Wakes, postgres_url
from bot.domain.errors import StoreFull, StoreUnreachable
from bot.domain.job import Job
from bot.domain.oversight import Operators
from bot.domain.plan import Limits
from bot.image_store import open_image_store
from bot.links import Endpoint, LinkFetcher, open_link_fetcher
from bot.offers import catalogue_of
from bot.pages import ANSWERS, PAGES, read_guide
from bot.tasks import BackgroundTasks
from bot.ui.answering import begin, post_waiting
from bot.ui.client import Client, ShardedClient
from bot.ui.commands.about import Links
from bot.ui.endpoints import point_discord_at
from bot.ui.notifier import DiscordNotifier
from bot.ui.reactions import ReactionEmoji
from bot.ui.views.job_actions import Layout
from bot.usecases.courier import Courier, backoff
from bot.usecases.dispatch import Dispatcher, keep_leases, resume_jobs
from bot.usecases.letters import Herald
from bot.usecases.payments import catch_up
from bot.usecases.ports import ImageStore
from bot.usecases.restart_engine import keep_engine_running
from bot.usecases.studio import Studio
from bot.usecases.tell_news import keep_telling_news
from bot.usecases.till import Till, TillClosed
from bot.web.pay_office import PaymentOffice
from bot.web.payments import PaymentPages
from bot.web.region import RegionPage
from bot.web.server import address_of, bind, serving
from bot.web.tickets import TicketOffice
from engine.config import EngineConfig, ModelConfig
from engine.protocol import Engine

log = structlog.get_logger(__name__)

LOCAL = "local"
"""As a public address: this machine only."""

DRAIN_SECONDS = 10.0
"""Time that jobs have, once the engine has stopped, to write down where they stand; and then what is being sent, to
arrive."""

CLOSING_SECONDS = 20.0
"""Time that is left for everything else: a letter that is being sent, answers, connections."""


def stop_seconds(config: Config) -> float:
    """How long stopping takes at most; who supervises the program should wait longer before killing it."""
    return config.engine.stop_timeout_seconds + 2 * DRAIN_SECONDS + CLOSING_SECONDS


def engine_config(config: Config) -> EngineConfig:
    settings = config.engine
    return EngineConfig(
        models=tuple(ModelConfig(**model.model_dump()) for model in settings.models),
        device=settings.device,
        dtype=settings.dtype,
        max_rows=settings.max_rows,
        threads=settings.threads,
        max_pixels=settings.max_pixels,
        upscaler=settings.upscaler,
        upscale_model=settings.upscale_model,
        video_model=settings.video_model,
        describe_model=settings.describe_model,
        style_features=settings.style_features,
        compile=settings.compile,
        memory_mib=settings.memory_mib,
        stop_timeout_seconds=settings.stop_timeout_seconds,
        cache_dir=settings.cache,
    )


def reaction_emoji(settings: ReactionSettings) -> ReactionEmoji:
    return ReactionEmoji(
        dm=settings.direct_message,
        discard=settings.discard,
        upscale=settings.upscale,
        vary=settings.vary,
        again=settings.reroll,
    )


def layout_of(config: Config) -> Layout:
    return Layout(config.midjourney.version)


def make_client(config: Config) -> Client:
    shards = config.discord.shards
    kind = Client if shards == 1 else ShardedClient
    client = kind(
        reaction_emoji(config.discord.reactions),
        guild_id=config.discord.guild_id,
        shard_count=shards if shards > 1 else None,
        layout=layout_of(config),
        links=Links(community=config.links.community, account=config.links.account),
        pages=read_guide(PAGES),
        answers=read_guide(ANSWERS),
        operators=Operators(frozenset(config.admin.members), frozenset(config.admin.guilds)),
    )
    if isinstance(client, ShardedClient):
        client.shard_ids = list(config.discord.shard_ids) or None  # None: all
    return client


class StoreUnavailable(Exception):
    """Pictures cannot be kept where the settings say; the message says what to change."""


class WebUnavailable(Exception):
    """Our pages cannot be served where the settings say; the message says what to change."""


class DiscordUnavailable(Exception):
    """Discord does not let the bot in; the message says what to change."""


@contextlib.asynccontextmanager
async def running_studio(
    config: Config, token: str, engine: Engine, *, pause: Callable[[int], float] = backoff
) -> AsyncIterator[tuple[asyncio.Task[None], ...]]:
    """Everything up and connected; yields the tasks that should never end: when one does, the studio is to be closed.

    `pause` gives the seconds before the n-th new try of a delivery. Raises `DatabaseUnavailable`,
    `StoreUnavailable`, `WebUnavailable`, `EngineStartError` or `DiscordUnavailable`.
    """
    async with contextlib.AsyncExitStack() as stack:
        db = await _open_database(config, stack)
        store = await _open_store(config)
        stack.push_async_callback(engine.stop)
        await engine.start()
        if config.discord.api_url:
            point_discord_at(config.discord.api_url, config.discord.gateway_url)
        client = make_client(config)
        stack.push_async_callback(client.close)
        jobs = await stack.enter_async_context(BackgroundTasks())
        deliveries = await stack.enter_async_context(BackgroundTasks())
        loops = await stack.enter_async_context(BackgroundTasks())
        wakes: list[Callable[[], None]] = []
        notifier = DiscordNotifier(client, jobs, layout_of(config))
        fetcher = await stack.enter_async_context(open_link_fetcher(_trusted(config)))
        site = _bind_site(config, stack)
        office = _open_office(config, site) if site else None
        pay_office = _open_pay_office(config, site) if site and sells_by_stripe(config) else None
        studio = replace(
            _make_studio(config, db, store, engine, notifier, fetcher, wakes),
            region_links=office,
            payment_links=pay_office,
        )
        stopped = asyncio.Event()
        dispatcher = Dispatcher(studio, jobs, config.queue.capacity)
        courier = Courier(studio, deliveries, pause)
        herald = Herald(studio, pause)
        wakes += [dispatcher.wake, courier.wake, herald.wake]
        resumed = await resume_jobs(studio=studio)  # before a press of today can be taken for one of yesterday's
        client.open(studio)
        connection = await _connect(client, token, loops)
        dispatching = loops.start(dispatcher.run(), name="dispatcher")
        delivering = loops.start(courier.run(), name="courier")
        telling = loops.start(herald.run(), name="herald")
        holding = loops.start(keep_leases(stopped, studio=studio), name="leases")
        watched = [connection, dispatching, delivering, telling, holding]
        if shared_url := postgres_url(config.database.url):
            wakes_of_others = Wakes(shared_url, [dispatcher.wake, courier.wake, herald.wake])
            wakes.append(wakes_of_others.tell)
            watched.append(loops.start(wakes_of_others.listen(), name="listening"))
            watched.append(loops.start(wakes_of_others.send(), name="telling"))
        wakes.append(studio.notices.wake)
        watched.append(loops.start(keep_telling_news(studio=studio), name="news of the line"))
        keeping = loops.start(keep_engine_running(engine, dispatcher), name="engine")
        if site and office:
            routes = RegionPage(studio, office, partial(_announce, client, studio)).routes()
            if pay_office:
                till = await _open_till(config, pay_office, studio, stack)
                routes += PaymentPages(studio, pay_office, till).routes()
                loops.start(_catch_up(till, studio), name="catching up with payments")
            await stack.enter_async_context(serving(site, routes))
        log.info("studio open", resumed=resumed)
        try:
            yield *watched, keeping
        finally:
            keeping.cancel()  # from now on the engine ends because it is told to
            dispatcher.close()
            await asyncio.wait({dispatching, keeping})
            await engine.stop()
            await jobs.settle(DRAIN_SECONDS)  # what was being drawn is put back
            courier.close()
            herald.close()
            await asyncio.wait({delivering, telling}, timeout=DRAIN_SECONDS)
            courier.hurry()
            await deliveries.settle(DRAIN_SECONDS)  # what has ended is shown
            stopped.set()
            await asyncio.wait({holding})
            await asyncio.wait({loops.start(_release(studio), name="release")})  # what is left is free at once


def _bind_site(config: Config, stack: contextlib.AsyncExitStack) -> socket.socket | None:
    if config.stripe.prices and not sells_by_stripe(config):
        log.warning("Stripe is not used: its keys are not in the environment")
    if not config.web.public_url:
        return None
    try:
        return stack.enter_context(bind(config.web.host, config.web.port))
    except OSError as trouble:
        place = f"{config.web.host}:{config.web.port}"
        raise WebUnavailable(
            f"Our pages cannot be served on {place}: {trouble}. Change [web] in the settings."
        ) from trouble


def _open_office(config: Config, site: socket.socket) -> TicketOffice:
    return TicketOffice(_web_secret(config), _home(config, site))


def _web_secret(config: Config) -> str:
    """Without one of the operator's, links end with this process."""
    return config.web_secret.get_secret_value() if config.web_secret else secrets.token_urlsafe(32)


def _home(config: Config, site: socket.socket) -> str:
    return address_of(site) if config.web.public_url == LOCAL else config.web.public_url


def sells_by_stripe(config: Config) -> bool:
    return bool(config.stripe.prices and config.stripe_key and config.stripe_webhook_secret)


def _open_pay_office(config: Config, site: socket.socket) -> PaymentOffice:
    return PaymentOffice(_web_secret(config), _home(config, site))


async def _open_till(config: Config, office: PaymentOffice, studio: Studio, stack: contextlib.AsyncExitStack) -> Till:
    from bot.payments.till import StripeTill, stripe_client  # a quarter of a second that most studios do without

    assert config.stripe_key
    assert config.stripe_webhook_secret
    client = await stack.enter_async_context(stripe_client(config.stripe_key.get_secret_value(), config.stripe.api_url))
    secret = config.stripe_webhook_secret.get_secret_value()
    return StripeTill(client, secret, office.address, studio.catalogue, config.stripe.portal)


async def _catch_up(till: Till, studio: Studio) -> None:
    """For what Stripe could not tell us while we were away for longer than it tries."""
    try:
        log.info("payments read", subscriptions=await catch_up(till, studio=studio))
    except TillClosed as trouble:
        log.warning("payments not read", why=trouble.why)


async def _announce(client: discord.Client, studio: Studio, job: Job) -> None:
    await begin(job, await post_waiting(client, job), studio=studio)


async def _release(studio: Studio) -> None:
    async with studio.db.transaction() as tx:
        await tx.jobs.release(studio.owner)


async def _connect(client: Client, token: str, loops: BackgroundTasks) -> asyncio.Task[None]:
    """Returns once the gateway is ready. A line that drops later is taken up again by the client itself."""
    try:
        await client.login(token)
        connection = loops.start(client.connect(), name="gateway")
        ready = asyncio.ensure_future(client.wait_until_ready())
        try:
            await asyncio.wait({connection, ready}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            ready.cancel()
        if connection.done():
            await connection
    except discord.LoginFailure as refusal:
        raise DiscordUnavailable(
            f"Discord does not accept the token in {TOKEN_VARIABLE}. Reset it in the developer portal, page Bot."
        ) from refusal
    except (discord.DiscordException, aiohttp.ClientError, OSError) as trouble:
        raise DiscordUnavailable(
            f"Discord does not let the bot in: {trouble}. `make doctor` looks further."
        ) from trouble
    return connection


def _trusted(config: Config) -> list[Endpoint]:
    """A stand-in for Discord may stand on this machine, and with it the pictures that members upload there."""
    if not config.discord.api_url:
        return []
    address = yarl.URL(config.discord.api_url)
    return [(address.host, address.port)] if address.host and address.port else []


async def _open_database(config: Config, stack: contextlib.AsyncExitStack) -> SqlDatabase:
    stack.enter_context(held_alone(config.database.url))  # first, so that nobody alters tables that are in use
    await migrate(config.database.url)
    db = open_database(config.database.url)
    stack.push_async_callback(db.close)
    return db


async def _open_store(config: Config) -> ImageStore:
    """One that is full is opened: what it has can still be looked at, and members are told of the rest."""
    place = config.images.store
    try:
        store = open_image_store(place)
    except (OSError, ValueError) as trouble:
        raise StoreUnavailable(f"The image store `{place}` cannot be used: {trouble}") from trouble
    try:
        await store.check()
    except StoreUnreachable as trouble:
        raise StoreUnavailable(f"The image store cannot be used: {trouble.why}.") from trouble
    except StoreFull:
        log.critical("image store full", store=place)
    return store


def _make_studio(
    config: Config,
    db: SqlDatabase,
    store: ImageStore,
    engine: Engine,
    notifier: DiscordNotifier,
    links: LinkFetcher,
    wakes: list[Callable[[], None]],
) -> Studio:
    def wake() -> None:
        for wake_one in wakes:
            wake_one()

    return Studio(
        db=db,
        engine=engine,
        store=store,
        notifier=notifier,
        links=links,
        wake=wake,
        now=lambda: datetime.now(UTC),
        limits=Limits(config.queue.max_running, config.queue.max_waiting, config.queue.max_running_relax),
        page_size=config.gallery.page_size,
        versions=config.versions,
        likes_needed=config.personal.likes_needed,
        catalogue=catalogue_of(config.plans, config.stripe.prices),
        owner=str(uuid.uuid4()),
    )
