"""Where the application may be used: which commands a place offers to a caller, and by whose leave.

An application is added to a server, to a member's account, or to both. Its own direct messages count as a server that
it was added to.
"""

from dataclasses import dataclass
from enum import IntEnum

from bot.sandbox.channel import Channel, ChannelType
from bot.sandbox.command import Command
from bot.sandbox.wire import Json
from bot.sandbox.world import World

FOLLOW_UPS_OF_GUESTS = 5
"""Answers beyond the first that an interaction takes where the application was not added to the server."""


class Context(IntEnum):
    GUILD = 0
    BOT_DM = 1
    PRIVATE = 2


@dataclass(frozen=True)
class Leave:
    """By whose leave the application acts in a place. `guild_id` is "0" in its own direct messages."""

    context: Context
    guild_id: str | None
    user_id: str | None

    @property
    def is_guest(self) -> bool:
        return self.guild_id is None

    def allows(self, command: Command) -> bool:
        types = command.integration_types
        by_guild = self.guild_id is not None and 0 in types
        by_user = self.user_id is not None and 1 in types
        return self.context in command.contexts and (by_guild or by_user)

    def owners(self, command: Command | None) -> Json:
        """`authorizing_integration_owners`."""
        owners: Json = {} if self.guild_id is None else {"0": self.guild_id}
        if self.user_id is not None and (command is None or 1 in command.integration_types):
            owners["1"] = self.user_id
        return owners


def find_leave(world: World, guild_id: str | None, channel: Channel | None, user_id: str) -> Leave:
    """`channel` None is the server as a whole, or without a server the direct messages with the bot."""
    installed = user_id if user_id in world.installed_user_ids else None
    if guild_id is not None:
        is_member = world.bot.id in world.guilds[guild_id].members
        return Leave(Context.GUILD, guild_id if is_member else None, installed)
    if channel is None or (channel.type is ChannelType.DIRECT and world.bot.id in channel.recipient_ids):
        return Leave(Context.BOT_DM, "0", installed)
    return Leave(Context.PRIVATE, None, installed)
