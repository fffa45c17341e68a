"""Where a command may be used beside the servers that the bot was added to, as decorators."""

from typing import TypeVar

from discord import app_commands

T = TypeVar("T")


def everywhere(command: T) -> T:
    """Also by those who added the bot to their own account: in any server, and in direct messages with anybody."""
    allowed = app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)(command)
    return app_commands.allowed_installs(guilds=True, users=True)(allowed)


def in_servers(command: T) -> T:
    """Not in direct messages."""
    return app_commands.allowed_contexts(guilds=True, dms=False, private_channels=False)(command)
