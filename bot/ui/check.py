"""Looks at the Discord side of an installation without connecting to the gateway: the token and the permissions."""

import discord

from bot.domain.finding import Finding, Health

NEEDED = discord.Permissions(
    view_channel=True,
    send_messages=True,
    send_messages_in_threads=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
    use_external_emojis=True,
)
"""The least that every feature needs. Deleting the bot's own messages needs no permission."""


async def check_discord(token: str) -> list[Finding]:
    """Logs in over HTTP, reads the application and the servers it is on, and goes away again."""
    client = discord.Client(intents=discord.Intents.none())
    try:
        await client.login(token)
        findings = [Finding("token", Health.GOOD, f"Discord knows it as {client.user}.")]
        guilds = [guild async for guild in client.fetch_guilds(limit=200)]
    except discord.LoginFailure:
        return [Finding("token", Health.BAD, "Discord does not accept it. Reset it in the developer portal, page Bot.")]
    except (discord.HTTPException, OSError) as trouble:
        return [Finding("token", Health.BAD, f"Discord could not be asked ({trouble}). Check the network.")]
    finally:
        await client.close()
    if not guilds:
        findings.append(
            Finding("servers", Health.WARNING, f"The bot is on no server yet. Invite it: {invite_url(client)}")
        )
    return findings + [_check_guild(guild) for guild in guilds]


def _check_guild(guild: discord.Guild) -> Finding:
    """Discord sends the bot's own permissions with the list of its guilds."""
    granted = guild.me.guild_permissions if guild.me else discord.Permissions(getattr(guild, "_permissions", 0))
    if granted.administrator or granted.is_superset(NEEDED):
        return Finding(f"server {guild.name}", Health.GOOD, "The bot may do all it needs there.")
    missing = [name.replace("_", " ") for name, wanted in NEEDED if wanted and not getattr(granted, name)]
    return Finding(f"server {guild.name}", Health.BAD, f"The bot lacks: {', '.join(missing)}. Grant them to its role.")


def invite_url(client: discord.Client) -> str:
    """Where a server's owner adds the bot, asking for no more than `NEEDED`."""
    if client.application_id is None:
        return "open the developer portal, page OAuth2"
    return discord.utils.oauth_url(client.application_id, permissions=NEEDED, scopes=("bot", "applications.commands"))
