"""Discord's client as the settings want it, and its way in. Knows nothing of what the client is used for."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import aiohttp
import discord
import yarl

from bot.config import TOKEN_VARIABLE, Config, ReactionSettings
from bot.domain.oversight import Operators
from bot.links import Endpoint
from bot.pages import ANSWERS, PAGES, read_guide
from bot.tasks import BackgroundTasks
from bot.ui.client import Client, ShardedClient
from bot.ui.commands.about import Links
from bot.ui.endpoints import point_discord_at
from bot.ui.reactions import ReactionEmoji
from bot.ui.views.job_actions import Layout


class DiscordUnavailable(Exception):
    """Discord does not let the bot in; the message says what to change."""


@contextlib.asynccontextmanager
async def made_client(config: Config) -> AsyncIterator[Client]:
    """Not connected yet. At the end it is closed."""
    if config.discord.api_url:
        point_discord_at(config.discord.api_url, config.discord.gateway_url)
    client = make_client(config)
    try:
        yield client
    finally:
        await client.close()


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


def trusted_endpoints(config: Config) -> list[Endpoint]:
    """A stand-in for Discord may stand on this machine, and with it the pictures that members upload there."""
    if not config.discord.api_url:
        return []
    address = yarl.URL(config.discord.api_url)
    return [(address.host, address.port)] if address.host and address.port else []


async def connect(client: Client, token: str, loops: BackgroundTasks) -> asyncio.Task[None]:
    """Returns once the gateway is ready. A line that drops later is taken up again by the client itself.

    Raises `DiscordUnavailable`.
    """
    try:
        await client.login(token)
        connection = loops.start(client.connect(), name="gateway")
        await _until_ready(client, connection)
    except discord.LoginFailure as refusal:
        raise DiscordUnavailable(
            f"Discord does not accept the token in {TOKEN_VARIABLE}. Reset it in the developer portal, page Bot."
        ) from refusal
    except (discord.DiscordException, aiohttp.ClientError, OSError) as trouble:
        raise DiscordUnavailable(
            f"Discord does not let the bot in: {trouble}. `make doctor` looks further."
        ) from trouble
    return connection


async def _until_ready(client: Client, connection: asyncio.Task[None]) -> None:
    """Raises what ended the connection, if that came first."""
    ready = asyncio.ensure_future(client.wait_until_ready())
    try:
        await asyncio.wait({connection, ready}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ready.cancel()
    if connection.done():
        await connection
