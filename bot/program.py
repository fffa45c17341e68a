"""Puts the program together (storage, engine, client, pages, loops) and takes it apart again, in the opposite order."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

import structlog

from bot.config import Config
from bot.db.database import SqlDatabase
from bot.domain.backoff import backoff
from bot.domain.plan import Limits
from bot.gateway import connect, layout_of, made_client, trusted_endpoints
from bot.links import LinkFetcher, open_link_fetcher
from bot.loops import Bell, Workers, open_tasks, start_loops
from bot.offers import catalogue_of
from bot.site import Site, bound_site, served
from bot.storage import open_store, opened_database
from bot.ui.notifier import DiscordNotifier
from bot.usecases.courier import Courier
from bot.usecases.dispatch import Dispatcher, resume_jobs
from bot.usecases.letters import Herald
from bot.usecases.ports import ImageStore
from bot.usecases.studio import Studio
from engine.config import EngineConfig, ModelConfig
from engine.protocol import Engine

log = structlog.get_logger(__name__)


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


@contextlib.asynccontextmanager
async def running_studio(
    config: Config, token: str, engine: Engine, *, pause: Callable[[int], float] = backoff
) -> AsyncIterator[tuple[asyncio.Task[None], ...]]:
    """Everything up and connected; yields the tasks that should never end: when one does, the studio is to be closed.

    `pause` is the studio's. Raises `DatabaseUnavailable`,
    `StoreUnavailable`, `WebUnavailable`, `EngineStartError` or `DiscordUnavailable`.
    """
    async with contextlib.AsyncExitStack() as stack:
        db = await stack.enter_async_context(opened_database(config.database.url))
        store = await open_store(config.images.store)
        stack.push_async_callback(engine.stop)
        await engine.start()
        client = await stack.enter_async_context(made_client(config))
        tasks = await stack.enter_async_context(open_tasks())
        notifier = DiscordNotifier(client, tasks.jobs, layout_of(config))
        fetcher = await stack.enter_async_context(open_link_fetcher(trusted_endpoints(config)))
        site = stack.enter_context(bound_site(config))
        bell = Bell()
        studio = _make_studio(config, db, store, engine, notifier, fetcher, bell, site, pause)
        workers = Workers(
            Dispatcher(studio, tasks.jobs, config.queue.capacity),
            Courier(studio, tasks.deliveries),
            Herald(studio),
        )
        bell.add(*workers.wakes)
        resumed = await resume_jobs(studio=studio)  # before a press of today can be taken for one of yesterday's
        client.open(studio)
        connection = await connect(client, token, tasks.loops)
        loops = start_loops(workers, bell, config.database.url, tasks, studio=studio)
        if site:
            await stack.enter_async_context(served(site, config, studio, client, tasks.loops))
        log.info("studio open", resumed=resumed)
        try:
            yield connection, *loops.watched
        finally:
            await loops.close()


def _make_studio(
    config: Config,
    db: SqlDatabase,
    store: ImageStore,
    engine: Engine,
    notifier: DiscordNotifier,
    links: LinkFetcher,
    bell: Bell,
    site: Site | None,
    pause: Callable[[int], float],
) -> Studio:
    return Studio(
        db=db,
        engine=engine,
        store=store,
        notifier=notifier,
        links=links,
        wake=bell.ring,
        now=lambda: datetime.now(UTC),
        limits=Limits(config.queue.max_running, config.queue.max_waiting, config.queue.max_running_relax),
        page_size=config.gallery.page_size,
        versions=config.versions,
        likes_needed=config.personal.likes_needed,
        catalogue=catalogue_of(config.plans, config.stripe.prices),
        owner=str(uuid.uuid4()),
        region_links=site.office if site else None,
        payment_links=site.pay_office if site else None,
        pause=pause,
    )
