"""Puts the program together (database, store, engine, client, dispatcher, courier) and takes it apart again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import structlog

from bot.config import Config, ReactionSettings
from bot.db.database import SqlDatabase, migrate, open_database
from bot.domain.plan import Limits
from bot.image_store import open_image_store
from bot.tasks import BackgroundTasks
from bot.ui.client import Client
from bot.ui.endpoints import point_discord_at
from bot.ui.notifier import DiscordNotifier
from bot.ui.reactions import ReactionEmoji
from bot.usecases.deliver import Courier
from bot.usecases.dispatch import Dispatcher, resume_jobs
from bot.usecases.studio import Studio
from engine.config import EngineConfig, ModelConfig
from engine.protocol import Engine

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 10.0
"""Time that jobs have to write down where they stand once the engine has stopped."""


def engine_config(config: Config) -> EngineConfig:
    settings = config.engine
    return EngineConfig(
        models=tuple(ModelConfig(**model.model_dump()) for model in settings.models),
        device=settings.device,
        dtype=settings.dtype,
        max_rows=settings.max_rows,
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


@contextlib.asynccontextmanager
async def running_studio(config: Config, token: str, engine: Engine) -> AsyncIterator[asyncio.Task[None]]:
    """Everything up and connected; yields the task that ends when the connection to Discord does.

    Raises `EngineStartError`, `DatabaseUnavailable` or `discord.LoginFailure`.
    """
    async with contextlib.AsyncExitStack() as stack:
        db = await _open_database(config, stack)
        await engine.start()
        stack.push_async_callback(engine.stop)
        if config.discord.api_url:
            point_discord_at(config.discord.api_url, config.discord.gateway_url)
        client = Client(reaction_emoji(config.discord.reactions), guild_id=config.discord.guild_id)
        stack.push_async_callback(client.close)
        jobs = await stack.enter_async_context(BackgroundTasks())
        studio, loops = _assemble(config, db, engine, client, jobs)
        client.open(studio)
        await client.login(token)
        connection = loops.start(client.connect(), name="gateway")
        await client.wait_until_ready()
        resumed = await resume_jobs(studio=studio)
        log.info("studio open", resumed=resumed)
        try:
            yield connection
        finally:
            await engine.stop()
            await jobs.settle(DRAIN_SECONDS)
            await loops.close()


async def _open_database(config: Config, stack: contextlib.AsyncExitStack) -> SqlDatabase:
    await migrate(config.database.url)
    db = open_database(config.database.url)
    stack.push_async_callback(db.close)
    return db


def _assemble(
    config: Config, db: SqlDatabase, engine: Engine, client: Client, jobs: BackgroundTasks
) -> tuple[Studio, BackgroundTasks]:
    def wake() -> None:
        dispatcher.wake()
        courier.wake()

    studio = Studio(
        db=db,
        engine=engine,
        store=open_image_store(config.images.store),
        notifier=DiscordNotifier(client, jobs),
        wake=wake,
        now=lambda: datetime.now(UTC),
        limits=Limits(config.queue.max_running, config.queue.max_waiting),
        page_size=config.gallery.page_size,
    )
    dispatcher = Dispatcher(studio, jobs, config.queue.capacity)
    courier = Courier(studio, jobs)
    loops = BackgroundTasks()
    loops.start(dispatcher.run(), name="dispatcher")
    loops.start(courier.run(), name="courier")
    return studio, loops
