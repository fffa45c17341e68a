"""Looks at the Discord side of an installation without connecting to the gateway: the token and the permissions."""

import discord

from bot.domain.finding import Finding, Health
from bot.ui.posting import LINE_TROUBLE

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
    """Logs in over HTTP, reads the servers that the bot is on, and goes away again."""
    client = discord.Client(intents=discord.Intents.none())
    try:
        await client.login(token)
        guilds = await client.http.get_guilds(limit=200, with_counts=False)
    except discord.LoginFailure:
        return [Finding("token", Health.BAD, "Discord does not accept it. Reset it in the developer portal, page Bot.")]
    except (discord.HTTPException, *LINE_TROUBLE) as trouble:
        return [Finding("token", Health.BAD, f"Discord could not be asked ({trouble}). Check the network.")]
    finally:
        await client.close()
    findings = [Finding("token", Health.GOOD, f"Discord knows it as {client.user}.")]
    if not guilds:
        findings.append(
            Finding("servers", Health.WARNING, f"The bot is on no server yet. Invite it: {invite_url(client)}")
        )
    return findings + [check_permissions(guild["name"], int(guild["permissions"])) for guild in guilds]


def check_permissions(server: str, granted_bits: int) -> Finding:
    """`granted_bits` is what Discord sends with the list of a bot's servers: its permissions there as a whole."""
    granted = discord.Permissions(granted_bits)
    missing = [name.replace("_", " ") for name, wanted in NEEDED if wanted and not getattr(granted, name)]
    if granted.administrator or not missing:
        return Finding(f"server {server}", Health.GOOD, "The bot may do all it needs there.")
    return Finding(f"server {server}", Health.BAD, f"The bot lacks: {', '.join(missing)}. Grant them to its role.")


def own_install_url(client: discord.Client) -> str:
    """Where members add the bot to their own account, to use it wherever they are."""
    url = discord.utils.oauth_url(client.application_id or 0, scopes=("applications.commands",))
    return f"{url}&integration_type=1"


def invite_url(client: discord.Client) -> str:
    """Where a server's owner adds the bot, asking for no more than `NEEDED`."""
    if client.application_id is None:
        return "open the developer portal, page OAuth2"
    return discord.utils.oauth_url(client.application_id, permissions=NEEDED, scopes=("bot", "applications.commands"))
