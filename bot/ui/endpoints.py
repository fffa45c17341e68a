"""Where discord.py finds Discord: the real service, unless it is pointed at a stand-in before a client starts."""

import discord
import yarl
from discord.gateway import DiscordWebSocket


def point_discord_at(api_url: str, gateway_url: str) -> None:
    """`api_url` is the REST root with its version, such as `http://127.0.0.1:8080/api/v10`; no slash at the end."""
    discord.http.Route.BASE = api_url.rstrip("/")
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway_url)
